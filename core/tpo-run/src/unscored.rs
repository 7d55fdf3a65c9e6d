//! Stops a run whose judge has no word on most responses.
//!
//! A server that is down, a model that does not keep to the format: every single case is a value,
//! `Unscored`, and goes by. Many in a row would cost hours and train on the few that are left.
//! Knows judgments only.

use std::collections::{BTreeMap, VecDeque};

use tpo_types::{Failure, FailureKind, Judgment};

/// Judgments that are looked back on.
const WINDOW: usize = 200;
/// Fewer say nothing.
const ENOUGH: usize = 50;

/// Looks at the last judgments.
pub(crate) struct Guard {
    /// The largest share of unscored ones that is borne.
    share: f64,
    /// Of the last judgments, why each has no score.
    last: VecDeque<Option<String>>,
    /// The parts that the last judgments came in.
    parts: VecDeque<Part>,
}

/// Judgments that came together.
struct Part {
    judgments: usize,
    /// The names of the models' replies behind them.
    replies: Vec<String>,
}

impl Guard {
    pub(crate) fn of(share: f64) -> Self {
        Self {
            share,
            last: VecDeque::new(),
            parts: VecDeque::new(),
        }
    }

    /// Looks at judgments that came together, with the names of the models' replies behind them.
    pub(crate) fn see<'a>(
        &mut self,
        judgments: impl Iterator<Item = &'a Judgment>,
        replies: Vec<String>,
    ) {
        let before = self.last.len();
        self.last.extend(judgments.map(|judgment| match judgment {
            Judgment::Scored(_) => None,
            Judgment::Unscored(reason) => Some(reason.clone()),
        }));
        self.parts.push_back(Part {
            judgments: self.last.len() - before,
            replies,
        });
        self.last.drain(..self.last.len().saturating_sub(WINDOW));
        let mut judgments: usize = self.parts.iter().map(|part| part.judgments).sum();
        while let Some(first) = self
            .parts
            .pop_front_if(|first| judgments - first.judgments >= self.last.len())
        {
            judgments -= first.judgments;
        }
    }

    /// The names of the models' replies behind the last judgments.
    pub(crate) fn replies(&self) -> Vec<String> {
        self.parts
            .iter()
            .flat_map(|part| part.replies.iter().cloned())
            .collect()
    }

    /// An error where too many are unscored.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let unscored = self.last.iter().flatten();
        let count = unscored.clone().count();
        if self.last.len() < ENOUGH || count as f64 <= self.share * self.last.len() as f64 {
            return Ok(());
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in unscored {
            *reasons.entry(reason).or_default() += 1;
        }
        let mut what = format!(
            "the judge left {count} of the last {} responses unscored",
            self.last.len()
        );
        for (reason, count) in reasons {
            what.push_str(&format!("\n  {count:>6} {reason}"));
        }
        Err(Failure::new(FailureKind::Plugin, what).hint(
            "see the judge's README for what it needs; the same command goes on from here and \
                asks its models about these \
             anew, and `judge.max_unscored` says how many are too many",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(guard: &mut Guard, judgments: usize, unscored: usize) {
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
        guard.see(
            judgments.iter(),
            vec![format!("{} judgments", judgments.len())],
        );
    }

    #[test]
    fn the_replies_behind_the_last_judgments_are_known() {
        let mut guard = Guard::of(0.5);
        for judgments in [90, 20, 150, 49] {
            see(&mut guard, judgments, 0);
        }
        // The last 200 began in the second part, and in its last one.
        assert_eq!(
            guard.replies(),
            ["20 judgments", "150 judgments", "49 judgments"]
        );
        see(&mut guard, 1, 0);
        assert_eq!(
            guard.replies(),
            ["150 judgments", "49 judgments", "1 judgments"]
        );
    }

    #[test]
    fn too_many_of_the_last_are_an_error_and_a_few_are_not() {
        let mut guard = Guard::of(0.5);
        see(&mut guard, 49, 49);
        assert!(guard.check().is_ok(), "too few to say");
        see(&mut guard, 51, 1);
        assert!(guard.check().is_ok(), "exactly half");
        see(&mut guard, 100, 51);
        let told = guard.check().expect_err("too many").to_string();
        assert!(
            told.starts_with(
                "the judge left 101 of the last 200 responses unscored\n     101 no verdict"
            ),
            "{told}"
        );
        see(&mut guard, 200, 0);
        assert!(guard.check().is_ok(), "long ago");
        let mut borne = Guard::of(1.0);
        see(&mut borne, 200, 200);
        assert!(borne.check().is_ok());
    }
}
