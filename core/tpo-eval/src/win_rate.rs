//! Win rates of comparisons that were made in both orders.

use std::collections::BTreeMap;

use crate::estimate::{Estimate, of_units};
use crate::multiple::benjamini_hochberg;
use crate::paired::{PairedComparison, compare};
use crate::refusal::Refusal;
use crate::scale::Scale;
use crate::units::singles;

/// One instruction's comparison with the baseline, in both orders. Preferences are the probability
/// that the response shown first wins: 1 and 0 for plain verdicts, 0.5 for a tie, none where no
/// verdict could be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BothOrders {
    /// Our response shown first.
    pub ours_first: Option<f64>,
    /// The baseline's response shown first.
    pub baseline_first: Option<f64>,
}

impl BothOrders {
    /// `y = (y1 + 1 - y2) / 2`: a contradiction is one half. None unless both orders were read,
    /// since one alone has the bias of its position.
    pub fn outcome(&self) -> Option<f64> {
        Some(f64::midpoint(self.ours_first?, 1.0 - self.baseline_first?))
    }

    /// The rule of the TPO paper: 1 if our response wins in both orders, 0 if it loses in both,
    /// else one half, also where a verdict could not be read.
    pub fn by_the_fifty_rule(&self) -> f64 {
        match self.outcome() {
            Some(_) if self.wins() == [true, true] => 1.0,
            Some(_) if self.losses() == [true, true] => 0.0,
            _ => 0.5,
        }
    }

    fn wins(&self) -> [bool; 2] {
        [
            self.ours_first.is_some_and(|first| first > 0.5),
            self.baseline_first.is_some_and(|first| first < 0.5),
        ]
    }

    fn losses(&self) -> [bool; 2] {
        [
            self.ours_first.is_some_and(|first| first < 0.5),
            self.baseline_first.is_some_and(|first| first > 0.5),
        ]
    }
}

/// A model's win rate against a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct WinRate {
    /// Mean of [`BothOrders::outcome`] compared with one half, over instructions that were read in
    /// both orders; refused if there are none.
    pub outcome: Result<PairedComparison, Refusal>,
    /// Mean of [`BothOrders::by_the_fifty_rule`] compared with one half, over all instructions.
    pub fifty_rule: PairedComparison,
    /// Share of all instructions on which the same model wins in both orders.
    pub consistent: f64,
    /// Mean preference for the response shown first over all verdicts that were read; one half is
    /// no position bias. None without verdicts.
    pub first_position: Option<f64>,
    /// Share of all verdicts that could not be read.
    pub unreadable: f64,
    /// Instructions.
    pub n: usize,
}

/// Win rate over instructions. Refuses an empty list and preferences outside [0, 1].
pub fn win_rate(rows: &[BothOrders]) -> Result<WinRate, Refusal> {
    let verdicts: Vec<f64> = rows
        .iter()
        .flat_map(|row| [row.ours_first, row.baseline_first])
        .flatten()
        .collect();
    Scale::UNIT.check(&verdicts)?;
    let n = rows.len();
    let rule: Vec<f64> = rows.iter().map(BothOrders::by_the_fifty_rule).collect();
    let outcomes: Vec<f64> = rows.iter().filter_map(BothOrders::outcome).collect();
    let fifty_rule = compare(&rule, 0.5, Scale::UNIT)?;
    let consistent = rule.iter().filter(|outcome| **outcome != 0.5).count();
    let read = verdicts.len();
    Ok(WinRate {
        outcome: compare(&outcomes, 0.5, Scale::UNIT),
        fifty_rule,
        consistent: consistent as f64 / n as f64,
        first_position: (read > 0).then(|| verdicts.iter().sum::<f64>() / read as f64),
        unreadable: (2 * n - read) as f64 / (2 * n) as f64,
        n,
    })
}

/// One category's win rate.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryRate {
    /// Name of the category.
    pub category: String,
    /// Mean outcome of its instructions with an interval that is not adjusted.
    pub estimate: Estimate,
    /// Sign-flip p against one half.
    pub p_value: f64,
    /// The p adjusted over categories by Benjamini and Hochberg.
    pub adjusted_p: f64,
}

/// An outcome in [0, 1] with its category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoryOutcome<'a> {
    /// Name of the category.
    pub category: &'a str,
    /// The outcome: a win is 1, a loss 0.
    pub outcome: f64,
}

/// Win rates by category, by name. Refuses outcomes outside [0, 1].
pub fn by_category(outcomes: &[CategoryOutcome]) -> Result<Vec<CategoryRate>, Refusal> {
    let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for row in outcomes {
        groups.entry(row.category).or_default().push(row.outcome);
    }
    let mut rates = Vec::new();
    for (category, values) in groups {
        rates.push(CategoryRate {
            category: category.to_owned(),
            estimate: of_units(&singles(&values, Scale::UNIT)?, Scale::UNIT),
            p_value: compare(&values, 0.5, Scale::UNIT)?.sign_flip.p_value,
            adjusted_p: 1.0,
        });
    }
    let p_values: Vec<f64> = rates.iter().map(|rate| rate.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values)?;
    for (rate, adjusted) in rates.iter_mut().zip(adjusted) {
        rate.adjusted_p = adjusted;
    }
    Ok(rates)
}
