//! A run that is compared: what its store says of it, and which of its models is meant.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tpo_lm::token_units::TokenUnits;
use tpo_types::{Failure, FailureKind, Instruction};

use super::inputs::RunInputs;
use super::judge_identity::judge_identity;
use super::named::{NamedModel, RunName};
use crate::config::{Leaves, canonical};
use crate::directory::RunDirectory;
use crate::metrics::{IterationMetrics, Measurement, best_of, is_kept};
use crate::model_version::ModelVersion;
use crate::store::{AnswersById, Store};

/// A validation set as a run recorded it.
#[derive(Debug)]
pub struct RecordedSet {
    /// Its name.
    pub name: String,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
    /// What the scores of its judge depend on.
    pub(super) judge: Leaves,
}

/// A run and the model of it that is compared.
#[derive(Debug)]
pub struct ComparedRun {
    /// What it is called in tables.
    pub label: String,
    /// Where it is.
    pub directory: RunDirectory,
    /// The model that is compared.
    pub model: ModelVersion,
    /// Whether the run's first set chose the model.
    pub is_chosen: bool,
    /// The validation sets, the one that chooses first.
    pub sets: Vec<RecordedSet>,
    pub(super) inputs: RunInputs,
    iterations: Vec<IterationMetrics>,
    measurements: Vec<Measurement>,
    identities: BTreeMap<ModelVersion, String>,
    store: Store,
}

impl ComparedRun {
    /// Opens a run for reading, also while it is running, and finds the model that is meant.
    pub fn open(name: &RunName, label: String) -> Result<Self, Failure> {
        let directory = name.directory.clone();
        let store = Store::open_read_only(&directory.store())?;
        let Some(inputs) = RunInputs::read(&store)? else {
            return Err(nothing_measured(&directory));
        };
        let names = store.validation_sets()?;
        let sets = names.into_iter().map(|name| {
            Ok(RecordedSet {
                instructions: store.instructions(&name)?,
                judge: judge_identity(&inputs, &name),
                name,
            })
        });
        let sets = sets.collect::<Result<_, Failure>>()?;
        let mut run = Self {
            label,
            model: ModelVersion::BASE,
            is_chosen: name.model == NamedModel::Best,
            sets,
            inputs,
            iterations: store.iterations()?,
            measurements: store.measurements()?,
            identities: store.model_identities()?,
            directory,
            store,
        };
        run.model = run.find(name.model)?;
        Ok(run)
    }

    /// The version of a model that was named.
    fn find(&self, model: NamedModel) -> Result<ModelVersion, Failure> {
        let first = self.sets.first().map(|set| set.name.as_str());
        let kept = first.map_or_else(Vec::new, |set| self.kept(set));
        let best = best_of(kept).ok_or_else(|| nothing_measured(&self.directory))?;
        match model {
            NamedModel::Best => Ok(best.model),
            NamedModel::Base => Ok(ModelVersion::BASE),
            NamedModel::Iteration(number) => {
                let mut iterations = self.iterations.iter();
                let found = iterations.find(|one| one.iteration == number);
                Ok(found.ok_or_else(|| self.has_no_iteration(number))?.kept)
            }
        }
    }

    fn has_no_iteration(&self, number: usize) -> Failure {
        let root = self.directory.root().display();
        let names = self.iterations.iter().map(|one| one.iteration.to_string());
        let names: Vec<String> = std::iter::once("base".to_owned()).chain(names).collect();
        Failure::new(
            FailureKind::Usage,
            format!("`{root}` has no finished iteration {number}"),
        )
        .hint(format!("it has `@{}`", names.join("`, `@")))
    }

    /// The measurements on a set of the models that the run kept; the base model is first.
    pub fn kept(&self, set: &str) -> Vec<&Measurement> {
        let measured = self.measurements.iter();
        measured
            .filter(|one| one.set == set && is_kept(one, &self.iterations))
            .collect()
    }

    /// Models that were measured on a set.
    pub fn measured_models(&self, set: &str) -> usize {
        let measured = self.measurements.iter();
        measured.filter(|one| one.set == set).count()
    }

    /// The measurement of the compared model on a set, if there is one.
    pub fn measurement(&self, set: &str) -> Option<&Measurement> {
        let mut measured = self.measurements.iter();
        measured.find(|one| one.set == set && one.model == self.model)
    }

    /// Finished iterations of those that the configuration wants, if some are missing: the best
    /// model may change.
    pub fn unfinished(&self) -> Option<String> {
        let wanted = self.inputs.config["iterations"].as_u64()? as usize;
        let finished = self.iterations.len();
        (finished < wanted).then(|| format!("{finished} of {wanted} iterations are finished"))
    }

    /// The digest of the files of the compared model.
    pub fn identity(&self) -> Option<&str> {
        self.identity_of(self.model)
    }

    /// What a token of the run's models is; none of a run of an earlier version of tpo.
    pub fn token_units(&self) -> Option<&TokenUnits> {
        self.inputs.token_units.as_ref()
    }

    /// The digest of the files of the model that the run started from.
    pub fn base_identity(&self) -> Option<&str> {
        self.identity_of(ModelVersion::BASE)
    }

    fn identity_of(&self, model: ModelVersion) -> Option<&str> {
        self.identities.get(&model).map(String::as_str)
    }

    /// Whether it is the same run directory as another's, however the two are named.
    pub fn is_same_run(&self, other: &Self) -> bool {
        canonical(self.directory.root()) == canonical(other.directory.root())
    }

    /// What a model answered to the instructions of a set.
    pub fn answers(&self, set: &str, model: ModelVersion) -> Result<AnswersById, Failure> {
        self.store.answers(set, model)
    }

    /// The training instructions.
    pub fn train(&self) -> Result<Vec<Instruction>, Failure> {
        self.store.instructions("train")
    }

    /// The files of the compared model, as far as they are still there.
    pub fn checkpoint(&self) -> Result<Option<PathBuf>, Failure> {
        let path = if self.model.is_base() {
            self.store.value("base_model")?.map(PathBuf::from)
        } else {
            Some(self.directory.checkpoint(self.model.iteration))
        };
        Ok(path.filter(|path| path.exists()))
    }

    /// Completions per instruction of a validation set.
    pub fn num_samples(&self, set: &str) -> usize {
        let number = self.inputs.set(set)["num_samples"].as_u64();
        number.unwrap_or(1) as usize
    }
}

fn nothing_measured(directory: &RunDirectory) -> Failure {
    let root = directory.root().display();
    Failure::new(
        FailureKind::Input,
        format!("no model of the run at `{root}` has been measured yet"),
    )
    .hint("a run measures its base model first: start it, or wait until it has done so")
}
