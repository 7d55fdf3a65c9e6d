//! How responses get their scores: from a judge of single responses, a pairwise one, or a panel.
//!
//! A judge is known as a trait only. Knows nothing of runs: `tpo judge` scores with the same code.

use std::cmp::Ordering;

use tpo_types::{Failure, Instruction, Judge, Judgment, PairwiseJudge, Preference, Verdict};

use crate::duels;
use crate::panel::Panel;

/// Who scores.
pub enum Scoring {
    /// The judge gives each a score.
    Pointwise(Box<dyn Judge>),
    /// The judge compares two at a time; preferences become scores by [`crate::bradley_terry`].
    Pairwise(Box<dyn PairwiseJudge>),
    /// Several of these, mixed or by category.
    Panel(Panel),
}

/// Instructions and the responses to each.
pub type Asked<'a> = [(&'a Instruction, Vec<&'a str>)];

/// What was said of responses.
#[derive(Debug, Default)]
pub struct Judged {
    /// Per instruction one judgment per response.
    pub judgments: Vec<Vec<Judgment>>,
    /// The comparisons behind them, where there were any.
    pub duels: Vec<Duel>,
}

/// One comparison.
#[derive(Debug, Clone)]
pub struct Duel {
    /// Which of the instructions that were asked about.
    pub group: usize,
    /// The response shown first.
    pub first: usize,
    /// The response shown second.
    pub second: usize,
    /// What the judge said.
    pub verdict: Verdict,
}

impl Scoring {
    /// Has every response judged.
    pub fn judge(&self, asked: &Asked<'_>) -> Result<Judged, Failure> {
        match self {
            Self::Pointwise(judge) => Ok(Judged { judgments: judge.score(asked)?, duels: Vec::new() }),
            Self::Pairwise(judge) => duels::judge(&**judge, asked),
            Self::Panel(panel) => panel.judge(asked),
        }
    }
}

impl Judged {
    /// Which of an instruction's two responses has the higher score; none where one has no score.
    pub(crate) fn preferred(&self, group: usize) -> Option<Preference> {
        let [Judgment::Scored(first), Judgment::Scored(second)] = self.judgments[group].as_slice() else { return None };
        Some(match first.score.get().total_cmp(&second.score.get()) {
            Ordering::Greater => Preference::First,
            Ordering::Less => Preference::Second,
            Ordering::Equal => Preference::Tie,
        })
    }
}
