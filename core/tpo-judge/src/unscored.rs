//! The guard against a judge that cannot score most responses.
//!
//! A server that is down or a model that does not keep to the format makes every response
//! unscored. Each is counted and no error by itself; many in a row would cost hours, and the model
//! would be trained on the few that are left.

use std::collections::{BTreeMap, VecDeque};

use tpo_types::{Failure, FailureKind, Judgment, ReplyMark};

/// The last judgments that count.
const WINDOW: usize = 200;
/// Fewer judgments are too few to stop for.
const ENOUGH: usize = 50;

/// Watches the last judgments.
pub(crate) struct Guard {
    /// The largest fraction of unscored judgments that is tolerated.
    max_unscored: f64,
    /// Of the last judgments, why each has no score.
    last: VecDeque<Option<String>>,
    /// The batches that the last judgments came in.
    batches: VecDeque<JudgedBatch>,
}

/// Judgments of one batch.
struct JudgedBatch {
    judgments: usize,
    /// Taken before the judge was asked; none if it has no models.
    mark: Option<ReplyMark>,
}

impl Guard {
    pub(crate) fn new(max_unscored: f64) -> Self {
        Self {
            max_unscored,
            last: VecDeque::new(),
            batches: VecDeque::new(),
        }
    }

    /// Records the judgments of a batch; `mark` was taken before the judge was asked for them.
    pub(crate) fn record<'a>(
        &mut self,
        judgments: impl Iterator<Item = &'a Judgment>,
        mark: Option<ReplyMark>,
    ) {
        let before = self.last.len();
        self.last.extend(judgments.map(|judgment| match judgment {
            Judgment::Scored(_) => None,
            Judgment::Unscored(reason) => Some(reason.clone()),
        }));
        self.batches.push_back(JudgedBatch {
            judgments: self.last.len() - before,
            mark,
        });
        self.last.drain(..self.last.len().saturating_sub(WINDOW));
        let mut judgments: usize = self.batches.iter().map(|batch| batch.judgments).sum();
        while let Some(first) = self
            .batches
            .pop_front_if(|first| judgments - first.judgments >= self.last.len())
        {
            judgments -= first.judgments;
        }
    }

    /// The mark of the first batch of the window.
    pub(crate) fn first_mark(&self) -> Option<&ReplyMark> {
        self.batches.front()?.mark.as_ref()
    }

    /// An error if too many are unscored.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let unscored: Vec<&str> = self.last.iter().flatten().map(String::as_str).collect();
        let (count, all) = (unscored.len(), self.last.len());
        if all < ENOUGH || count as f64 <= self.max_unscored * all as f64 {
            return Ok(());
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in unscored {
            *reasons.entry(reason).or_default() += 1;
        }
        let mut what = format!("the judge left {count} of the last {all} responses unscored");
        for (reason, count) in reasons {
            what.push_str(&format!("\n  {count:>6} {reason}"));
        }
        Err(Failure::new(FailureKind::Plugin, what).hint(
            "see the judge's README for what it needs; run the same command again to resume, and \
             its models are asked again about these responses; `judge.max_unscored` sets how many \
             are too many",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(guard: &mut Guard, judgments: usize, unscored: usize, mark: Option<ReplyMark>) {
        let score = tpo_types::Score::new(1.0).expect("finite");
        let scored = tpo_types::Scored {
            score,
            rationale: None,
            aspects: BTreeMap::new(),
        };
        let judgment = |index| {
            if index < unscored {
                Judgment::Unscored("no verdict".into())
            } else {
                Judgment::Scored(scored.clone())
            }
        };
        let judgments: Vec<Judgment> = (0..judgments).map(judgment).collect();
        guard.record(judgments.iter(), mark);
    }

    #[test]
    fn the_marks_of_the_last_judgments_are_held() {
        let mut guard = Guard::new(0.5);
        let held: Vec<_> = [90, 20, 150, 49]
            .into_iter()
            .map(|judgments| {
                let mark = ReplyMark::default();
                let held = mark.downgrade();
                record(&mut guard, judgments, 0, Some(mark));
                held
            })
            .collect();
        let is_held = || {
            held.iter()
                .map(|mark| mark.strong_count() > 0)
                .collect::<Vec<_>>()
        };
        // The last 200 begin in the second batch, and in its last judgment.
        assert_eq!(is_held(), [false, true, true, true]);
        assert!(guard.first_mark().is_some_and(|mark| mark.is(&held[1])));
        record(&mut guard, 1, 0, Some(ReplyMark::default()));
        assert_eq!(is_held(), [false, false, true, true]);
        assert!(guard.first_mark().is_some_and(|mark| mark.is(&held[2])));
    }

    #[test]
    fn too_many_of_the_last_are_an_error_and_a_few_are_not() {
        let mut guard = Guard::new(0.5);
        record(&mut guard, 49, 49, None);
        assert!(guard.check().is_ok(), "too few to say");
        record(&mut guard, 51, 1, None);
        assert!(guard.check().is_ok(), "exactly half");
        record(&mut guard, 100, 51, None);
        let told = guard.check().expect_err("too many").to_string();
        assert!(
            told.starts_with(
                "the judge left 101 of the last 200 responses unscored\n     101 no verdict"
            ),
            "{told}"
        );
        record(&mut guard, 200, 0, None);
        assert!(guard.check().is_ok(), "long ago");
        let mut tolerant = Guard::new(1.0);
        record(&mut tolerant, 200, 200, None);
        assert!(tolerant.check().is_ok());
    }
}
