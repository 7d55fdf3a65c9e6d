//! How one model compares with another, in words.

use tpo_eval::Scale;
use tpo_eval::paired::{Conclusion, PairedComparison, compare};
use tpo_run::metrics::{Measurement, Unit};

use crate::text::percent;

/// The paired comparison of a model with another.
pub(super) struct Change {
    unit: Unit,
    comparison: PairedComparison,
}

/// A win rate that differs from one half by at most one half.
const WINS: Scale = Scale::Bounded {
    lowest: -0.5,
    highest: 0.5,
};

impl Change {
    /// From `before` to `after`; none where nothing can be compared.
    pub(super) fn between(before: &Measurement, after: &Measurement) -> Option<Self> {
        let rows = after.compared_with(before)?;
        let scale = match rows.unit {
            Unit::Score => Scale::Continuous,
            Unit::WinRate => WINS,
        };
        Some(Self {
            unit: rows.unit,
            comparison: compare(&rows.differences(), 0.0, scale).ok()?,
        })
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// Two-sided p of the sign-flip test.
    pub(super) fn p_value(&self) -> f64 {
        self.comparison.sign_flip.p_value
    }

    /// The mean difference, or the win rate.
    pub(super) fn mean(&self) -> String {
        self.value(self.comparison.estimate.mean)
    }

    /// The confidence interval of the mean; none where there are too few instructions for one.
    pub(super) fn interval(&self) -> Option<String> {
        let interval = self.comparison.estimate.interval.as_ref().ok()?;
        Some(format!(
            "{} to {}",
            self.value(interval.low),
            self.value(interval.high)
        ))
    }

    fn value(&self, value: f64) -> String {
        match self.unit {
            Unit::Score => format!("{value:+.4}"),
            Unit::WinRate => percent(value + 0.5),
        }
    }

    /// What the comparison allows to say. `adjusted_p` is the p-value, corrected for the number of
    /// models that were compared.
    pub(super) fn verdict(&self, adjusted_p: f64) -> &'static str {
        let is_sure = adjusted_p <= tpo_eval::paired::LEVEL;
        match self.comparison.verdict {
            Conclusion::Improved if is_sure => "improved",
            Conclusion::Worse if is_sure => "got worse",
            _ => "no difference detected",
        }
    }

    /// The numbers behind the verdict.
    pub(super) fn numbers(&self) -> String {
        let estimate = &self.comparison.estimate;
        let what = match self.unit {
            Unit::Score => "score",
            Unit::WinRate => "win rate",
        };
        let interval = self.interval().map_or_else(
            || "no CI".to_owned(),
            |interval| format!("95% CI {interval}"),
        );
        let mut text = format!(
            "{what} {}, {interval}, {} instructions",
            self.mean(),
            estimate.units
        );
        if self.comparison.verdict == Conclusion::NoDifferenceDetected {
            let effect = self.comparison.smallest_detectable;
            text += &match effect {
                Some(effect) => format!("; detectable from {}", self.value(effect)),
                None => "; too few to detect any difference".to_owned(),
            };
        }
        text
    }
}
