//! Comparisons that a pairwise judge made, and how consistent it was.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tpo_types::{Preference, Verdict};

/// One comparison and its verdict.
#[derive(Debug, Clone)]
pub struct ComparisonOutcome {
    /// The group whose responses were compared.
    pub group: usize,
    /// The response shown first.
    pub first: usize,
    /// The response shown second.
    pub second: usize,
    /// The judge's verdict.
    pub verdict: Verdict,
}

/// How consistent a pairwise judge was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonMetrics {
    /// Comparisons in all.
    pub count: usize,
    /// Comparisons that an adaptive tournament skipped.
    #[serde(default)]
    pub skipped: usize,
    /// Comparisons without a verdict.
    pub unscored: usize,
    /// Ties, as a fraction of the comparisons with a verdict.
    pub tie_rate: f64,
    /// How often the response shown first is preferred, over the preferences; ties are none. 0.5 is
    /// no position bias, and also stands where there is no preference.
    pub prefers_first: f64,
    /// Of two responses with a verdict in both orders, the fraction where the orders disagree.
    pub inconsistent_rate: f64,
}

impl ComparisonMetrics {
    /// Counts comparisons; `skipped` were not made.
    pub fn of(comparisons: &[ComparisonOutcome], skipped: usize) -> Self {
        let [mut unscored, mut ties, mut first, mut second] = [0; 4];
        for comparison in comparisons {
            match comparison.verdict.preference {
                Preference::Unscored(_) => unscored += 1,
                Preference::Tie => ties += 1,
                Preference::First => first += 1,
                Preference::Second => second += 1,
            }
        }
        Self {
            count: comparisons.len(),
            skipped,
            unscored,
            tie_rate: fraction(ties, comparisons.len() - unscored),
            prefers_first: if first + second == 0 {
                0.5
            } else {
                fraction(first, first + second)
            },
            inconsistent_rate: inconsistent_rate(comparisons),
        }
    }
}

fn inconsistent_rate(comparisons: &[ComparisonOutcome]) -> f64 {
    let preferences: HashMap<(usize, usize, usize), &Preference> = comparisons
        .iter()
        .map(|comparison| {
            let ComparisonOutcome {
                group,
                first,
                second,
                verdict,
            } = comparison;
            ((*group, *first, *second), &verdict.preference)
        })
        .collect();
    let is_unscored = |preference: &Preference| matches!(preference, Preference::Unscored(_));
    let (mut both_orders, mut inconsistent) = (0, 0);
    for ((group, first, second), preference) in &preferences {
        if first < second
            && let Some(other) = preferences.get(&(*group, *second, *first))
            && !is_unscored(preference)
            && !is_unscored(other)
        {
            both_orders += 1;
            inconsistent += usize::from(reversed(other) != **preference);
        }
    }
    fraction(inconsistent, both_orders)
}

/// `part / of`, 0 if both are 0.
fn fraction(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// The same preference for the responses shown in the other order.
pub(crate) fn reversed(preference: &Preference) -> Preference {
    match preference {
        Preference::First => Preference::Second,
        Preference::Second => Preference::First,
        other => other.clone(),
    }
}
