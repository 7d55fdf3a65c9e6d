//! What is evaluated: a model with a thought prompt, or recorded responses.

use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind, Instruction};

use super::config::{EvaluatedModel, EvaluationSampling, NamedThought, OWN_THOUGHT};
use super::recorded::RecordedResponses;
use crate::config::{RunConfig, SamplingConfig, ThoughtConfig};
use crate::directory::RunDirectory;
use crate::model_version::ModelVersion;
use crate::store::{Store, from_json};

/// A model with a thought prompt, or recorded responses.
#[derive(Debug)]
pub struct Subject {
    /// Its name in results: the model's, and the thought prompt's if it answers with several.
    pub name: String,
    /// Where its responses come from.
    pub answers: Answers,
}

/// Where responses come from.
#[derive(Debug)]
pub enum Answers {
    /// A model that runs here.
    Sampled(SampledAnswers),
    /// A file.
    Recorded(RecordedResponses),
}

impl Subject {
    /// The budget of its thoughts; none without a limit, and of recorded responses.
    pub(super) fn thought_budget(&self) -> Option<usize> {
        match &self.answers {
            Answers::Sampled(sampled) => sampled.thought.max_tokens,
            Answers::Recorded(_) => None,
        }
    }
}

/// A model that runs here, and the thought prompt that it answers with.
#[derive(Debug)]
pub struct SampledAnswers {
    /// A built-in name, a path, or `hf:org/name@revision`.
    pub source: String,
    /// The thought prompt.
    pub thought: NamedThought,
    /// The digest of the model that its run trained, if it is one of a run.
    pub trained_from: Option<String>,
}

/// Instructions that a run has used, and for what.
#[derive(Debug)]
pub(super) struct UsedInstructions {
    /// What it used them for, for example "trained on".
    pub purpose: &'static str,
    /// The directory of the run.
    pub run: PathBuf,
    /// The instructions.
    pub instructions: Vec<Instruction>,
}

/// The subjects of a model, and what its run has seen.
pub(super) struct ResolvedModel {
    pub subjects: Vec<Subject>,
    pub used: Vec<UsedInstructions>,
    pub notes: Vec<String>,
}

/// A run's best model with its own thought prompt.
pub(super) struct BestOfRun {
    source: String,
    /// The thought prompt that it was trained with.
    pub own: NamedThought,
    sampling: SamplingConfig,
    used: Vec<UsedInstructions>,
    /// The digest of the model that was trained.
    trained_from: Option<String>,
    note: Option<String>,
}

impl ResolvedModel {
    /// Finds what a model of the configuration stands for. `thoughts` are those of the
    /// configuration.
    pub(super) fn of(
        model: &EvaluatedModel,
        thoughts: &[NamedThought],
        sampling: &EvaluationSampling,
    ) -> Result<Self, Failure> {
        match (&model.source, &model.responses) {
            (Some(source), None) => Self::of_source(model, source, thoughts, sampling),
            (None, Some(path)) => Self::of_responses(model, path),
            _ => Err(Failure::new(
                FailureKind::Usage,
                "each `[[model]]` needs either `source` or `responses`",
            )
            .hint("`source` names a model that runs here, `responses` a file of responses")),
        }
    }

    fn of_responses(model: &EvaluatedModel, path: &Path) -> Result<Self, Failure> {
        if !model.thoughts.is_empty() {
            return Err(Failure::new(
                FailureKind::Usage,
                format!(
                    "`thoughts` has no effect on the recorded responses of `{}`",
                    path.display()
                ),
            )
            .hint("remove the key"));
        }
        let name = match &model.name {
            Some(name) => name.clone(),
            None => last_part(&path.with_extension("").display().to_string()),
        };
        Ok(Self {
            subjects: vec![Subject {
                name,
                answers: Answers::Recorded(RecordedResponses::read(path)?),
            }],
            used: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn of_source(
        model: &EvaluatedModel,
        source: &str,
        thoughts: &[NamedThought],
        sampling: &EvaluationSampling,
    ) -> Result<Self, Failure> {
        let name = model.name.clone().unwrap_or_else(|| last_part(source));
        let run = BestOfRun::at(source)?;
        let chosen = chosen_thoughts(&name, model, run.as_ref().map(|run| &run.own), thoughts)?;
        let several = chosen.len() > 1;
        let path = run.as_ref().map_or(source, |run| &run.source).to_owned();
        let subjects = chosen.into_iter().map(|thought| Subject {
            name: if several {
                format!("{name}+{}", thought.name)
            } else {
                name.clone()
            },
            answers: Answers::Sampled(SampledAnswers {
                source: path.clone(),
                thought,
                trained_from: run.as_ref().and_then(|run| run.trained_from.clone()),
            }),
        });
        let subjects = subjects.collect();
        let Some(run) = run else {
            return Ok(Self {
                subjects,
                used: Vec::new(),
                notes: Vec::new(),
            });
        };
        let other_sampling = sampling.difference_from(&run.sampling).map(|difference| {
            format!("the run `{source}` was sampled otherwise than it is evaluated: {difference}")
        });
        Ok(Self {
            subjects,
            used: run.used,
            notes: run.note.into_iter().chain(other_sampling).collect(),
        })
    }
}

/// The thought prompts that a model answers with.
fn chosen_thoughts(
    name: &str,
    model: &EvaluatedModel,
    own: Option<&NamedThought>,
    thoughts: &[NamedThought],
) -> Result<Vec<NamedThought>, Failure> {
    if model.thoughts.is_empty() {
        return Ok(match own {
            Some(own) => vec![own.clone()],
            None if thoughts.is_empty() => {
                let default = ThoughtConfig::default();
                let name = default.plugin.clone();
                vec![NamedThought::new(&name, default, None)]
            }
            None => thoughts.to_vec(),
        });
    }
    let find = |wanted: &String| {
        if wanted == OWN_THOUGHT {
            return own.cloned().ok_or_else(|| {
                Failure::new(
                    FailureKind::Usage,
                    format!("`{name}` is not a run, so it has no thought prompt of its own"),
                )
                .hint("name one of the `[[thought]]` prompts instead of `own`")
            });
        }
        let found = thoughts.iter().find(|thought| thought.name == *wanted);
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = thoughts.iter().map(|one| one.name.as_str()).collect();
            Failure::new(
                FailureKind::Usage,
                format!("`{name}` wants the thought prompt `{wanted}`, and there is none"),
            )
            .hint(format!("there are: {}", names.join(", ")))
        })
    };
    model.thoughts.iter().map(find).collect()
}

impl BestOfRun {
    /// The best model of the run in that directory, if it is one.
    pub(super) fn at(source: &str) -> Result<Option<Self>, Failure> {
        let run = RunDirectory::at(source);
        if run.store().is_file() {
            Self::read(&run).map(Some)
        } else {
            Ok(None)
        }
    }

    fn read(run: &RunDirectory) -> Result<Self, Failure> {
        let missing = |what: &str| {
            Failure::new(
                FailureKind::Input,
                format!("the run `{}` has no {what} yet", run.root().display()),
            )
        };
        let store = Store::open_read_only(&run.store())?;
        let config = store
            .value("config")?
            .ok_or_else(|| missing("configuration"))?;
        let config: RunConfig = from_json("the configuration", &config)?;
        let best = run.checkpoints().join("best");
        let (source, note) = if best.exists() {
            (best.display().to_string(), None)
        } else {
            let base = store.value("base_model")?.ok_or_else(|| missing("model"))?;
            let note = format!(
                "no model of the run `{}` is better than its base model, so its base model is \
                 evaluated",
                run.root().display()
            );
            (base, Some(note))
        };
        let mut used = Vec::new();
        let is_trained = note.is_none();
        if is_trained {
            used.push(UsedInstructions {
                purpose: "trained on",
                run: run.root().to_owned(),
                instructions: store.instructions("train")?,
            });
        }
        if let Some(first) = store.validation_sets()?.first().filter(|_| is_trained) {
            used.push(UsedInstructions {
                purpose: "chosen with",
                run: run.root().to_owned(),
                instructions: store.instructions(first)?,
            });
        }
        Ok(Self {
            source,
            trained_from: store.model_identities()?.remove(&ModelVersion::BASE),
            own: NamedThought::new(OWN_THOUGHT, config.thought, config.parser),
            sampling: config.sampling,
            used,
            note,
        })
    }
}

/// The name of a model: the last part of its source, without a revision.
pub(super) fn last_part(source: &str) -> String {
    let source = source.trim_end_matches(['/', '\\']);
    let last = source.rsplit(['/', '\\']).next().unwrap_or(source);
    let last = last.split('@').next().unwrap_or(last);
    let last = last.strip_suffix(".gguf").unwrap_or(last);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    last.chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_the_last_part_of_its_source() {
        for (source, name) in [
            ("smollm2-135m", "smollm2-135m"),
            ("hf:org/Some-Model@main", "Some-Model"),
            ("runs/x/arms/direct/", "direct"),
            ("models/tiny q8.gguf", "tiny-q8"),
        ] {
            assert_eq!(last_part(source), name);
        }
    }

    #[test]
    fn a_thought_prompt_that_does_not_exist_is_refused() {
        let model = EvaluatedModel {
            thoughts: vec!["own".into()],
            ..EvaluatedModel::default()
        };
        chosen_thoughts("m", &model, None, &[]).expect_err("it is not a run");
        let model = EvaluatedModel {
            thoughts: vec!["short".into()],
            ..EvaluatedModel::default()
        };
        chosen_thoughts("m", &model, None, &[]).expect_err("there is none");
    }
}
