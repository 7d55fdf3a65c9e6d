//! What a run's model answered on a set, and what it says and costs on some of the instructions.

use std::collections::BTreeSet;

use tpo_run::ModelVersion;
use tpo_run::comparison::{ComparedRun, TokenUse};
use tpo_run::metrics::{Measurement, Outcomes};
use tpo_run::store::AnswersById;
use tpo_types::Failure;

use crate::text::{percent, score};

/// What a model answered to the instructions of a set.
pub(super) struct SetAnswers {
    answers: AnswersById,
    num_samples: usize,
}

impl SetAnswers {
    /// The answers of one of the models of a run.
    pub(super) fn of(run: &ComparedRun, set: &str, model: ModelVersion) -> Result<Self, Failure> {
        Ok(Self {
            answers: run.answers(set, model)?,
            num_samples: run.num_samples(set),
        })
    }

    /// The tokens of the answers to some instructions.
    pub(super) fn tokens(&self, ids: &BTreeSet<String>) -> TokenUse {
        TokenUse::of(&self.answers, ids, self.num_samples)
    }

    /// Responses to some instructions, at most as many as were asked for.
    pub(super) fn responses(&self, ids: &BTreeSet<String>) -> usize {
        let answers = self.answers.iter().filter(|(id, _)| ids.contains(*id));
        answers
            .map(|(_, one)| one.parsed().min(self.num_samples))
            .sum()
    }
}

/// What a judge says of a model on some instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ModelFigure {
    /// The mean score; none if nothing is scored.
    Score(Option<f64>),
    /// The win rate against the base model of its run; none for the base model itself.
    WinRate(Option<f64>),
}

impl ModelFigure {
    /// The figure of a model on some instructions, malformed completions at `floor`.
    pub(super) fn of(
        measurement: &Measurement,
        ids: &BTreeSet<String>,
        floor: Option<f64>,
    ) -> Self {
        let measurement = measurement.of_instructions(ids);
        match measurement.outcomes {
            Outcomes::Scores(_) => Self::Score(measurement.mean_score(floor)),
            Outcomes::Comparisons(_) => Self::WinRate(measurement.win_rate(&ModelVersion::BASE)),
        }
    }

    /// What a column of these is called.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Score(_) => "score",
            Self::WinRate(_) => "win rate",
        }
    }

    /// The name of the column in JSON.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Score(_) => "score",
            Self::WinRate(_) => "win_rate",
        }
    }

    pub(super) fn value(self) -> Option<f64> {
        match self {
            Self::Score(value) | Self::WinRate(value) => value,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Score(value) => score(value),
            Self::WinRate(None) => "-".to_owned(),
            Self::WinRate(Some(rate)) => percent(rate),
        }
    }
}
