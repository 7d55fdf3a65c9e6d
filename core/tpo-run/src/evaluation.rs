//! An evaluation: models with thought prompts, on sets, under judges.
//!
//! It uses the stages of a run. Responses are stored completion by completion and judgments outcome
//! by outcome, each under a digest of everything it depends on: the same command resumes, a changed
//! judge samples nothing, and an added model or set leaves the others alone.

mod answers;
mod config;
mod directory;
mod files;
mod judging;
mod known;
mod opened;
mod plan;
mod recorded;
mod results;
mod subject;

use tpo_types::Failure;

use self::answers::answered;
use self::judging::judged;
use crate::context::Judging;
use crate::progress::Observer;
use crate::store::{Store, to_json};

pub use self::config::{
    EvaluatedModel, EvaluatedSet, EvaluationConfig, EvaluationSampling, NamedThought,
};
pub use self::directory::EvaluationDirectory;
pub use self::opened::OpenedEvaluation;
pub use self::plan::{EvaluationPlan, PlannedSet};
pub use self::recorded::RecordedResponses;
pub use self::results::{
    ArenaResult, CategoryResult, ComparisonResult, EvaluationResults, Figure, JudgedSet,
    NotControlled, PairwiseResult, ResultUnit, SubjectInfo, SubjectResult,
};
pub use self::subject::{Answers, SampledAnswers, Subject};

/// What the parts of an evaluation work with.
struct Evaluation<'a> {
    plan: &'a EvaluationPlan,
    opened: &'a OpenedEvaluation,
    store: Store,
    observer: Observer<'a>,
}

/// Evaluates a plan, resuming wherever an earlier start stopped. Writes the results into the
/// evaluation's directory and returns them.
pub fn evaluate(
    plan: &EvaluationPlan,
    opened: &OpenedEvaluation,
    observer: Observer<'_>,
) -> Result<EvaluationResults, Failure> {
    let _lock = plan.directory.lock()?;
    let evaluation = Evaluation {
        plan,
        opened,
        store: Store::open(&plan.directory.store())?,
        observer,
    };
    evaluation.record_inputs()?;
    plan.directory.remove_files()?;
    let mut results = EvaluationResults::of(&evaluation);
    for set in &plan.sets {
        let mut answered = answered(&evaluation, set)?;
        for judge in &set.judges {
            let judged = judged(&evaluation, judge, &mut answered)?;
            let opened = &opened.judges[judge];
            results
                .sets
                .push(JudgedSet::of(set, judge, opened, &answered, &judged));
            files::write(
                &evaluation,
                set,
                judge,
                &answered,
                &judged,
                results.sets.last(),
            )?;
        }
    }
    results.write(&plan.directory.results())?;
    Ok(results)
}

impl Evaluation<'_> {
    fn judging(&self) -> Judging<'_> {
        Judging {
            models: &self.opened.judge_models,
            observer: self.observer,
        }
    }

    /// Records what is evaluated.
    fn record_inputs(&self) -> Result<(), Failure> {
        self.store
            .set_value("config", &to_json(&self.plan.config))?;
        self.store
            .set_value("tpo_version", env!("CARGO_PKG_VERSION"))?;
        for set in &self.plan.sets {
            self.store.put_instructions(&set.name, &set.instructions)?;
        }
        Ok(())
    }
}
