//! Krippendorff's alpha of two judges: do they prefer the same one of two responses?
//!
//! Nominal alpha, `1 - D_o / D_e` (Krippendorff, "Content Analysis", 2018, chapter 12), of the
//! three values "the first", "the second" and "neither", over every two responses to an instruction
//! that both have scored. Preferences are comparable where scores are on different scales.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use tpo_types::Judgment;

/// Two judges of a panel and how far they agree.
#[derive(Debug, Clone, PartialEq)]
pub struct InterJudgeAgreement {
    /// The name of one.
    pub one: String,
    /// The name of the other.
    pub other: String,
    /// Their preferences, counted.
    pub tally: Tally,
}

/// How far two judges of a panel agree, as reports and run.db hold it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterJudgeMetrics {
    /// The name of one.
    pub one: String,
    /// The name of the other.
    pub other: String,
    /// Comparisons of two responses that both made.
    pub comparisons: usize,
    /// Krippendorff's alpha over them: 1 is perfect agreement, 0 is chance; none if undefined.
    pub alpha: Option<f64>,
}

impl InterJudgeAgreement {
    pub(super) fn metrics(&self) -> InterJudgeMetrics {
        InterJudgeMetrics {
            one: self.one.clone(),
            other: self.other.clone(),
            comparisons: self.tally.comparisons(),
            alpha: self.tally.alpha(),
        }
    }
}

/// The preferences of two judges, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// How often either gave each value.
    counts: [usize; 3],
    /// How often they gave different values.
    disagreements: usize,
}

impl Tally {
    /// Counts two judges' judgments of the responses to one instruction.
    pub fn add(&mut self, one: &[Judgment], other: &[Judgment]) {
        let responses = one.len().min(other.len());
        for m in 0..responses {
            for n in m + 1..responses {
                let (Some(a), Some(b)) = (value(&one[m], &one[n]), value(&other[m], &other[n]))
                else {
                    continue;
                };
                self.counts[a] += 1;
                self.counts[b] += 1;
                self.disagreements += usize::from(a != b);
            }
        }
    }

    /// Adds the counts of another tally.
    pub fn merge(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.disagreements += other.disagreements;
    }

    /// Comparisons that both made.
    pub fn comparisons(&self) -> usize {
        self.counts.iter().sum::<usize>() / 2
    }

    /// 1 is perfect agreement, 0 is chance; none without comparisons or if all values are the same.
    pub fn alpha(&self) -> Option<f64> {
        let values = self.counts.iter().sum::<usize>() as f64;
        let observed = self.disagreements as f64 / self.comparisons() as f64;
        let alike: f64 = self
            .counts
            .iter()
            .map(|&count| count as f64 * (count as f64 - 1.0))
            .sum();
        let expected = 1.0 - alike / (values * (values - 1.0));
        (values > 0.0 && expected > 0.0).then(|| 1.0 - observed / expected)
    }
}

fn value(first: &Judgment, second: &Judgment) -> Option<usize> {
    let (Judgment::Scored(first), Judgment::Scored(second)) = (first, second) else {
        return None;
    };
    Some(match first.score.compare(second.score) {
        Ordering::Greater => 0,
        Ordering::Less => 1,
        Ordering::Equal => 2,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_types::{Score, Scored};

    use super::*;

    fn scores(values: &[f64]) -> Vec<Judgment> {
        let scored = |value: &f64| {
            let score = Score::new(*value).expect("finite");
            Judgment::Scored(Scored {
                score,
                rationale: None,
                aspects: BTreeMap::new(),
            })
        };
        values.iter().map(scored).collect()
    }

    fn tally(one: &[&[f64]], other: &[&[f64]]) -> Tally {
        let mut tally = Tally::default();
        for (one, other) in one.iter().zip(other) {
            let mut part = Tally::default();
            part.add(&scores(one), &scores(other));
            tally.merge(part);
        }
        tally
    }

    #[test]
    fn alpha_is_one_for_the_same_order_and_low_for_the_opposite() {
        let up: &[&[f64]] = &[&[1.0, 2.0, 3.0], &[2.0, 1.0]];
        assert_eq!(
            tally(up, &[&[10.0, 20.0, 90.0], &[0.5, 0.1]]).alpha(),
            Some(1.0)
        );
        let opposite = tally(up, &[&[3.0, 2.0, 1.0], &[1.0, 2.0]]);
        assert_eq!(opposite.comparisons(), 4);
        // Four comparisons, all disagreeing; each value four times of eight: 1 - 1 / (1 - 2 * 4 * 3
        // / (8 * 7)).
        let expected = 1.0 - 1.0 / (1.0 - 24.0 / 56.0);
        assert!((opposite.alpha().expect("an alpha") - expected).abs() < 1e-12);
        assert_eq!(Tally::default().alpha(), None);
    }
}
