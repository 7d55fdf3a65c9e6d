//! How one model compares with another, in words.

use serde_json::{Value, json};
use tpo_eval::paired::{Conclusion, PairedComparison, compare};
use tpo_run::metrics::{Measurement, PairedRows, Unit};

use super::remark::Remark;
use crate::text::percent;

/// The paired comparison of a model with another.
pub(super) struct Change {
    unit: Unit,
    comparison: PairedComparison,
}

/// The verdict on a model that is better.
pub(super) const IMPROVED: &str = "improved";
/// The verdict on a model that is worse.
pub(super) const WORSE: &str = "got worse";

/// A difference, or a win rate that is given as its distance from one half.
pub(super) fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Score => format!("{value:+.4}"),
        Unit::WinRate => percent(value + 0.5),
        Unit::WinRateGap => format!("{:+.1} points", value * 100.0),
    }
}

impl Change {
    /// From `before` to `after`, malformed completions at `floor`; none where nothing can be
    /// compared.
    pub(super) fn between(
        before: &Measurement,
        after: &Measurement,
        floor: Option<f64>,
    ) -> Option<Self> {
        Self::of(&after.compared_with(before, floor)?)
    }

    /// From `before` to `after`, a model of another run; none where nothing can be compared.
    pub(super) fn between_runs(before: &Measurement, after: &Measurement) -> Option<Self> {
        Self::of(&after.compared_with_other_run(before)?)
    }

    /// The comparison that paired rows give; none without any.
    pub(super) fn of(rows: &PairedRows) -> Option<Self> {
        Some(Self {
            unit: rows.unit,
            comparison: compare(&rows.differences(), 0.0, rows.scale).ok()?,
        })
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// What a column of such means is called.
    pub(super) fn column(&self) -> &'static str {
        match self.unit {
            Unit::Score | Unit::WinRateGap => "difference",
            Unit::WinRate => "win rate",
        }
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
        shown(self.unit, value)
    }

    /// What the comparison allows to say. `adjusted_p` is the p-value, corrected for the number of
    /// models that were compared.
    pub(super) fn verdict(&self, adjusted_p: f64) -> &'static str {
        let is_sure = adjusted_p <= tpo_eval::paired::LEVEL;
        match self.comparison.verdict {
            Conclusion::Improved if is_sure => IMPROVED,
            Conclusion::Worse if is_sure => WORSE,
            _ => NO_DIFFERENCE,
        }
    }

    /// Whether the models are equal on several instructions, and different on none.
    fn is_tied(&self) -> bool {
        let estimate = &self.comparison.estimate;
        let moves = estimate.standard_error.is_some() || estimate.mean.abs() > f64::EPSILON;
        estimate.units > 1 && !moves
    }

    /// Everything, for programs. `adjusted_p` was corrected for so many comparisons.
    pub(super) fn json(&self, adjusted_p: Option<f64>, comparisons: usize) -> Value {
        let estimate = &self.comparison.estimate;
        let interval = estimate.interval.as_ref().ok();
        // The rows of wins are differences from one half.
        let null = if self.unit == Unit::WinRate { 0.5 } else { 0.0 };
        json!({
            "unit": match self.unit {
                Unit::Score => "score_difference",
                Unit::WinRate => "win_rate",
                Unit::WinRateGap => "win_rate_difference",
            },
            "mean": estimate.mean + null,
            "standard_error": estimate.standard_error,
            "ci_low": interval.map(|interval| interval.low + null),
            "ci_high": interval.map(|interval| interval.high + null),
            "instructions": estimate.units,
            "p_value": self.p_value(),
            "adjusted_p_value": adjusted_p,
            "verdict": adjusted_p.map(|p| self.verdict(p)),
            "smallest_detectable": self.comparison.smallest_detectable_among(comparisons),
        })
    }

    /// The verdict, and the numbers that it rests on. `remark` says how `adjusted_p` was corrected.
    pub(super) fn sentence(&self, adjusted_p: f64, remark: &Remark) -> String {
        let estimate = &self.comparison.estimate;
        let what = match self.unit {
            Unit::Score => "score",
            Unit::WinRate => "win rate",
            Unit::WinRateGap => "difference of win rates",
        };
        let interval = self.interval().map_or_else(
            || "no CI".to_owned(),
            |interval| format!("95% CI {interval}"),
        );
        let verdict = self.verdict(adjusted_p);
        let units = match estimate.units {
            1 => "1 instruction".to_owned(),
            units => format!("{units} instructions"),
        };
        let mut text = format!(
            "{verdict}{}: {what} {}, {interval}, {units}",
            remark.text,
            self.mean()
        );
        if verdict == NO_DIFFERENCE {
            let detectable = self
                .comparison
                .smallest_detectable_among(remark.comparisons);
            text += &match detectable {
                Some(effect) => format!("; detectable from {}", self.value(effect)),
                None if self.is_tied() => "; equal on every instruction".to_owned(),
                None if self.comparison.is_decidable_among(remark.comparisons) => {
                    "; too few to detect a difference reliably".to_owned()
                }
                None if estimate.units >= SMALLEST => {
                    "; too few of them differ to detect any difference".to_owned()
                }
                None => "; too few to detect any difference".to_owned(),
            };
        }
        text
    }
}

/// The fewest instructions with which a sign-flip test can reach 5 %: `2 / 2^6 < 0.05`.
pub(super) const SMALLEST: usize = 6;

/// The verdict of a comparison that shows nothing.
const NO_DIFFERENCE: &str = "no difference detected";
