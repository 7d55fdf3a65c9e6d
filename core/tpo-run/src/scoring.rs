//! How responses get their scores: from a judge of single responses, a pairwise one, or a panel.
//!
//! A judge is known as a trait only. Knows nothing of runs: `tpo judge` scores with the same code.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use tpo_types::{Failure, Judge, Judgment, PairwiseJudge, Preference, ResponseGroup, Verdict};

use crate::alpha::Tally;
use crate::duels::{self, DuelFigures};
use crate::panel::Panel;
use crate::tournament::Tournament;

/// Who scores.
pub enum Scoring {
    /// The judge gives each a score.
    Pointwise(Box<dyn Judge>),
    /// The judge compares two at a time; preferences become scores by [`crate::bradley_terry`].
    Pairwise(Box<dyn PairwiseJudge>, Tournament),
    /// Several of these, mixed or by category.
    Panel(Panel),
}

/// Instructions and the responses to each.
pub type Asked<'a> = [ResponseGroup<'a>];

/// What was said of responses.
#[derive(Debug, Default)]
pub struct Judged {
    /// Per instruction one judgment per response.
    pub judgments: Vec<Vec<Judgment>>,
    /// The comparisons behind them, where there were any.
    pub duels: Vec<Duel>,
    /// Comparisons that were not needed.
    pub saved: usize,
    /// Every two judges of a panel.
    pub agreement: Vec<Agreement>,
}

/// Two judges of a panel and how far they agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The name of one.
    pub one: String,
    /// The name of the other.
    pub other: String,
    /// What both said.
    pub tally: Tally,
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

/// What its words say of a judge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgeFigures {
    /// How far a pairwise judge agrees with itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duels: Option<DuelFigures>,
    /// How far every two judges of a panel agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<AgreementFigures>,
}

/// How far two judges of a panel agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreementFigures {
    /// The name of one.
    pub one: String,
    /// The name of the other.
    pub other: String,
    /// Comparisons of two responses that both made.
    pub comparisons: usize,
    /// Krippendorff's alpha over them: 1 is agreement, 0 what chance gives.
    pub alpha: Option<f64>,
}

impl Scoring {
    /// Has every response judged.
    pub fn judge(&self, asked: &Asked<'_>) -> Result<Judged, Failure> {
        match self {
            Self::Pointwise(judge) => Ok(Judged {
                judgments: judge.score(asked)?,
                ..Judged::default()
            }),
            Self::Pairwise(judge, tournament) => duels::judge(&**judge, *tournament, asked),
            Self::Panel(panel) => panel.judge(asked),
        }
    }
}

impl Judged {
    /// Appends what was said of the instructions after these.
    pub(crate) fn append(&mut self, later: Self) {
        let behind = self.judgments.len();
        self.judgments.extend(later.judgments);
        self.saved += later.saved;
        self.duels.extend(later.duels.into_iter().map(|duel| Duel {
            group: duel.group + behind,
            ..duel
        }));
        if self.agreement.is_empty() {
            self.agreement = later.agreement;
        } else {
            for (agreement, later) in self.agreement.iter_mut().zip(later.agreement) {
                agreement.tally.merge(later.tally);
            }
        }
    }

    /// What all this says of the judge.
    pub fn figures(&self) -> JudgeFigures {
        let agreement = self.agreement.iter().map(|two| AgreementFigures {
            one: two.one.clone(),
            other: two.other.clone(),
            comparisons: two.tally.comparisons(),
            alpha: two.tally.alpha(),
        });
        JudgeFigures {
            duels: (!self.duels.is_empty()).then(|| DuelFigures::of(&self.duels, self.saved)),
            agreement: agreement.collect(),
        }
    }

    /// Which of an instruction's two responses has the higher score; none where one has no score.
    pub(crate) fn preferred(&self, group: usize) -> Option<Preference> {
        let [Judgment::Scored(first), Judgment::Scored(second)] = self.judgments[group].as_slice()
        else {
            return None;
        };
        Some(match first.score.get().total_cmp(&second.score.get()) {
            Ordering::Greater => Preference::First,
            Ordering::Less => Preference::Second,
            Ordering::Equal => Preference::Tie,
        })
    }
}
