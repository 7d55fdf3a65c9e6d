//! The results of an evaluation. Everything is computed from outcomes per instruction, paired by
//! instruction.

mod estimates;
pub(super) mod pairwise;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use tpo_eval::Scale;
use tpo_judge::{JudgeMetrics, ScoreScale};
use tpo_types::{Failure, FailureKind, Instruction};

use super::Evaluation;
use super::answers::Answered;
use super::config::EvaluationSampling;
use super::plan::PlannedSet;
use super::subject::Answers;
use crate::metrics::{
    JudgedSubject, Measurement, Outcomes, PairedRow, PairedRows, SampleMetrics, SampleOutcome,
    ScoredInstruction, Unit, common_floor,
};
use crate::pipeline::RunJudge;
use crate::store::to_json;

use self::estimates::by_category;
pub use self::estimates::{CategoryResult, ComparisonResult, Figure};
pub use self::pairwise::{ArenaResult, NotControlled, PairwiseResult};

/// Version of the JSON; it changes when the meaning of a field does.
const SCHEMA_VERSION: u32 = 1;

/// The results of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct EvaluationResults {
    /// Version of this format.
    pub schema_version: u32,
    /// Version of the program.
    pub tpo_version: &'static str,
    /// The evaluation's name.
    pub name: String,
    /// The random seed.
    pub seed: u64,
    /// How completions were sampled.
    pub sampling: EvaluationSampling,
    /// What was evaluated; the first is what the others are compared with.
    pub subjects: Vec<SubjectInfo>,
    /// What the user should know before believing the numbers, one sentence each.
    pub notes: Vec<String>,
    /// One per set and judge.
    pub sets: Vec<JudgedSet>,
}

/// What was evaluated.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectInfo {
    /// Its name.
    pub name: String,
    /// The model, or the file of responses.
    pub source: String,
    /// Digest of the model's files; none for recorded responses.
    pub model_sha256: Option<String>,
    /// The thought prompt; none for recorded responses.
    pub thought: Option<String>,
}

/// A set under a judge.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedSet {
    /// The name of the set.
    pub set: String,
    /// The name of the judge.
    pub judge: String,
    /// Its instructions.
    pub instructions: usize,
    /// Completions per instruction.
    pub num_samples: usize,
    /// What the judge's outcomes are.
    pub unit: ResultUnit,
    /// One per subject that answered the set.
    pub subjects: Vec<SubjectResult>,
}

/// What a judge's outcomes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultUnit {
    /// Right or wrong, by a judge that knows the answer. A malformed completion is wrong.
    Accuracy,
    /// Scores. A malformed completion counts as the lowest score of any response, where that is
    /// sound: see [`SubjectResult::mean`].
    Score,
    /// Wins against the first subject. A malformed completion loses against any response.
    WinRate,
}

/// A subject on a set under a judge.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectResult {
    /// The name of the subject.
    pub subject: String,
    /// The slice of its answers in `eval.db`.
    pub slice: String,
    /// Whether its responses were sampled here, so that their tokens are known.
    pub sampled_here: bool,
    /// What became of its completions.
    pub sampled: SampleMetrics,
    /// How consistent the judges were.
    pub judge: JudgeMetrics,
    /// Mean length of its responses in characters.
    pub response_chars_mean: Option<f64>,
    /// Completions that the judge failed on. They count neither as right nor as wrong.
    pub unscored: usize,
    /// The accuracy or the mean score over the instructions; none for a judge that compares.
    ///
    /// Where a completion is malformed, there is a mean score only if the first subject answered
    /// everything and scores differ: the lowest of all subjects then stands for what is malformed.
    pub mean: Option<Figure>,
    /// How it compares with the first subject, paired by instruction; none for the first.
    pub against_first: Option<ComparisonResult>,
    /// More on a judge that compares; none for the first subject and for other judges.
    pub pairwise: Option<PairwiseResult>,
    /// The same by category of the instructions, and by complexity where they have one.
    pub categories: Vec<CategoryResult>,
}

impl EvaluationResults {
    /// Results without any set yet.
    pub(super) fn of(evaluation: &Evaluation<'_>) -> Self {
        let plan = evaluation.plan;
        let subjects = plan.subjects.iter().zip(&evaluation.opened.models);
        let info = subjects.map(|(subject, model)| match &subject.answers {
            Answers::Recorded(recorded) => SubjectInfo {
                name: subject.name.clone(),
                source: recorded.path().display().to_string(),
                model_sha256: None,
                thought: None,
            },
            Answers::Sampled(sampled) => SubjectInfo {
                name: subject.name.clone(),
                source: sampled.source.clone(),
                model_sha256: model.as_ref().map(|model| model.identity.clone()),
                thought: Some(sampled.thought.name.clone()),
            },
        });
        Self {
            schema_version: SCHEMA_VERSION,
            tpo_version: env!("CARGO_PKG_VERSION"),
            name: plan.config.name.clone(),
            seed: plan.config.seed,
            sampling: plan.config.sampling.clone(),
            subjects: info.collect(),
            notes: [plan.notes.clone(), evaluation.opened.notes.clone()].concat(),
            sets: Vec::new(),
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).unwrap_or_else(|_| to_json(self));
        std::fs::write(path, text + "\n").map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write the results `{}`", path.display()),
            )
            .because(error)
        })
    }
}

impl JudgedSet {
    /// Computes the results of a set under a judge from its outcomes.
    pub(super) fn of(
        set: &PlannedSet,
        judge: &str,
        opened: &RunJudge,
        answered: &[Answered<'_>],
        judged: &[JudgedSubject],
    ) -> Self {
        let measurements: Vec<&Measurement<String>> =
            judged.iter().map(|one| &one.measurement).collect();
        let unit = unit_of(opened, &measurements);
        let floor = match unit {
            ResultUnit::Accuracy | ResultUnit::WinRate => Some(0.0),
            ResultUnit::Score => measurements
                .first()
                .and_then(|first| common_floor(first, measurements.iter().copied())),
        };
        let scale = match unit {
            ResultUnit::Accuracy | ResultUnit::WinRate => Scale::UNIT,
            ResultUnit::Score => measurements
                .first()
                .map_or(Scale::Continuous, |first| first.scale_of_scores()),
        };
        let scored = ScoredSet {
            unit,
            floor,
            scale,
            instructions: &set.instructions,
        };
        let mut subjects: Vec<SubjectResult> = answered
            .iter()
            .zip(judged)
            .map(|(answered, one)| scored.subject(answered, one, answered_first(answered, judged)))
            .collect();
        for (index, subject) in subjects.iter_mut().enumerate().skip(1) {
            subject.pairwise = pairwise::of(
                &answered[0],
                &answered[index],
                &judged[index],
                pairwise::vote_rule(opened),
            );
        }
        adjust(&mut subjects);
        Self {
            set: set.name.clone(),
            judge: judge.to_owned(),
            instructions: set.instructions.len(),
            num_samples: set.num_samples,
            unit,
            subjects,
        }
    }
}

/// The first subject's measurement, unless this is the first subject.
fn answered_first<'a>(
    answered: &Answered<'_>,
    judged: &'a [JudgedSubject],
) -> Option<&'a Measurement<String>> {
    let first = &judged.first()?.measurement;
    (first.model != answered.subject.name).then_some(first)
}

/// Judges of this project that compare with a known answer: 1 is right and 0 is wrong.
const KNOW_THE_ANSWER: [&str; 3] = ["choice", "exact", "math"];
/// What the outcomes of a set are, by its judge.
fn unit_of(judge: &RunJudge, measurements: &[&Measurement<String>]) -> ResultUnit {
    if judge.scoring.scale() == ScoreScale::WithinGroup {
        return ResultUnit::WinRate;
    }
    let knows = judge.plugins.len() == 1
        && KNOW_THE_ANSWER.contains(&judge.plugins[0].plugin.name.as_str());
    let mut samples = measurements.iter().copied().filter_map(scores_of).flatten();
    let is_binary = samples.all(|row| {
        row.samples.iter().all(|sample| match sample {
            SampleOutcome::Scored(score) => [0.0, 1.0].contains(score),
            SampleOutcome::Malformed | SampleOutcome::Unscored => true,
        })
    });
    if knows && is_binary {
        ResultUnit::Accuracy
    } else {
        ResultUnit::Score
    }
}

fn scores_of(measurement: &Measurement<String>) -> Option<&[ScoredInstruction]> {
    match &measurement.outcomes {
        Outcomes::Scores(rows) => Some(rows),
        Outcomes::Comparisons(_) => None,
    }
}

/// Corrects the p-values for the number of subjects that are compared with the first (Holm).
fn adjust(subjects: &mut [SubjectResult]) {
    let compared = || subjects.iter().filter_map(|one| one.against_first.as_ref());
    let p_values: Vec<f64> = compared().map(|one| one.p_value).collect();
    let adjusted = tpo_eval::multiple::holm(&p_values).unwrap_or_default();
    let compared = subjects
        .iter_mut()
        .filter_map(|one| one.against_first.as_mut());
    for (comparison, adjusted) in compared.zip(adjusted) {
        comparison.adjust(adjusted, p_values.len());
    }
}

/// How the outcomes of a set are read.
struct ScoredSet<'a> {
    unit: ResultUnit,
    /// The score of a malformed completion, where there is a sound one.
    floor: Option<f64>,
    /// What values a mean score or accuracy can have.
    scale: Scale,
    instructions: &'a [Instruction],
}

impl ScoredSet<'_> {
    fn subject(
        &self,
        answered: &Answered<'_>,
        judged: &JudgedSubject,
        first: Option<&Measurement<String>>,
    ) -> SubjectResult {
        let measurement = &judged.measurement;
        let has_mean = measurement.mean_score(self.floor).is_some();
        let scores = if has_mean {
            measurement.scores(self.floor)
        } else {
            BTreeMap::new()
        };
        let values: Vec<f64> = scores.values().copied().collect();
        let differences = first.map(|first| self.differences(measurement, first));
        SubjectResult {
            subject: answered.subject.name.clone(),
            slice: answered.pass.slice.to_string(),
            sampled_here: matches!(answered.subject.answers, Answers::Sampled(_)),
            sampled: measurement.sampled.clone(),
            judge: measurement.judge.clone(),
            response_chars_mean: mean_chars(answered),
            unscored: unscored(judged),
            mean: Figure::of(&values, self.scale),
            against_first: differences
                .as_ref()
                .and_then(|rows| ComparisonResult::of(&rows.values(), rows.unit, rows.scale)),
            pairwise: None,
            categories: by_category(self.instructions, &scores, self.scale, differences.as_ref()),
        }
    }

    fn differences(&self, own: &Measurement<String>, first: &Measurement<String>) -> Differences {
        if self.unit == ResultUnit::Accuracy {
            let others = first.scores(self.floor);
            let own = own.scores(self.floor).into_iter();
            let rows = own.filter_map(|(id, own)| {
                Some(PairedRow {
                    id: id.to_owned(),
                    difference: own - others.get(id)?,
                })
            });
            return Differences {
                unit: ResultUnit::Accuracy,
                scale: Scale::UNIT.of_differences(),
                rows: rows.collect(),
            };
        }
        let paired = own.compared_with(first, self.floor);
        // Without a pair nothing is computed in any unit.
        let paired = paired.unwrap_or_else(|| PairedRows::of_wins(Vec::new()));
        Differences {
            unit: match paired.unit {
                Unit::Score => ResultUnit::Score,
                Unit::WinRate | Unit::WinRateGap => ResultUnit::WinRate,
            },
            scale: paired.scale,
            rows: paired.rows,
        }
    }
}

/// Differences from the first subject, one per instruction with an outcome of both.
struct Differences {
    unit: ResultUnit,
    scale: Scale,
    rows: Vec<PairedRow>,
}

impl Differences {
    fn values(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.difference).collect()
    }

    fn by_id(&self) -> BTreeMap<&str, f64> {
        let rows = self.rows.iter();
        rows.map(|row| (row.id.as_str(), row.difference)).collect()
    }
}

fn unscored(judged: &JudgedSubject) -> usize {
    match &judged.measurement.outcomes {
        Outcomes::Scores(rows) => {
            let samples = rows.iter().flat_map(|row| &row.samples);
            samples
                .filter(|sample| **sample == SampleOutcome::Unscored)
                .count()
        }
        Outcomes::Comparisons(_) => {
            let samples = judged.comparisons.iter();
            samples.filter(|sample| sample.win.is_none()).count()
        }
    }
}

fn mean_chars(answered: &Answered<'_>) -> Option<f64> {
    let candidates = answered.groups.iter().flat_map(|group| &group.candidates);
    let lengths =
        candidates.filter_map(|candidate| Some(candidate.parts()?.response.chars().count() as f64));
    crate::metrics::mean(lengths)
}
