//! The one door from a configuration to a run: behind it nothing is checked again.

use std::collections::HashMap;
use std::path::Path;

use tpo_types::{Checkpoint, Failure, FailureKind, Instruction, SamplingParams, bounds};

use crate::config::{RunConfig, SamplingConfig};
use crate::dataset;
use crate::directory::RunDirectory;
use crate::slice;

/// A checked run.
#[derive(Debug)]
pub struct RunPlan {
    /// The configuration it was made from.
    pub config: RunConfig,
    /// Where it is written.
    pub directory: RunDirectory,
    /// The model it starts from.
    pub base: Checkpoint,
    /// Training instructions, slice after slice.
    pub train: Vec<Instruction>,
    /// Validation instructions.
    pub validation: Vec<Instruction>,
    /// Training instructions per iteration.
    pub slice_size: usize,
    /// How completions are sampled.
    pub params: SamplingParams,
    /// Another run, from which is taken what would be made the same.
    pub from: Option<RunDirectory>,
}

impl RunPlan {
    /// Checks a configuration whose paths are relative to `base`, and fetches the model if need be;
    /// `talk` hears what is fetched.
    pub fn new(
        mut config: RunConfig,
        base: &Path,
        directory: RunDirectory,
        talk: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        bounds::check(&config, "")?;
        check_effect(&config)?;
        config.train.check()?;
        resolve_paths(&mut config, base);
        let train = dataset::read(&config.data.train)?;
        let validation = dataset::read(&config.data.validation)?;
        check_disjoint(&train, &validation)?;
        let slice_size = slice::size_of(
            train.len(),
            config.iterations,
            config.data.instructions_per_iteration,
        )?;
        let model = tpo_lm::fetch::resolve(&config.model.source, talk)?;
        let params = params_of(&config.sampling, config.thought.max_tokens);
        Ok(Self {
            config,
            directory,
            base: Checkpoint::at(model),
            train,
            validation,
            slice_size,
            params,
            from: None,
        })
    }

    /// Names the run from which is taken what would be made the same.
    pub fn go_on_from(&mut self, from: Option<&Path>) -> Result<(), Failure> {
        let Some(from) = from else { return Ok(()) };
        let same = |path: &Path| path.canonicalize().ok();
        if same(from).is_some_and(|from| same(self.directory.root()) == Some(from)) {
            let what = format!("`--from {}` names the run's own directory", from.display());
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("the same command without `--from` resumes a run"));
        }
        self.from = Some(RunDirectory::at(from));
        Ok(())
    }

    /// The training instructions of an iteration, from 1.
    pub fn instructions_of(&self, iteration: usize) -> &[Instruction] {
        slice::of_iteration(&self.train, iteration, self.slice_size)
    }
}

fn params_of(sampling: &SamplingConfig, max_thought_tokens: Option<usize>) -> SamplingParams {
    SamplingParams {
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        max_new_tokens: sampling.max_new_tokens,
        max_thought_tokens,
    }
}

/// Paths in the file are relative to the file; from here on they stand by themselves.
fn resolve_paths(config: &mut RunConfig, base: &Path) {
    config.data.train = base.join(&config.data.train);
    config.data.validation = base.join(&config.data.validation);
    config.model.source = tpo_lm::paths::resolve_relative(&config.model.source, base);
    config.judge.resolve_relative(base);
    config
        .models
        .values_mut()
        .for_each(|binding| binding.resolve_relative(base));
    let plugins = [&mut config.thought.plugin, &mut config.selector.plugin];
    for plugin in plugins
        .into_iter()
        .chain(config.parser.as_mut().map(|parser| &mut parser.plugin))
    {
        *plugin = tpo_host::resolve_relative(plugin, base);
    }
}

/// A setting that would change nothing is an error.
fn check_effect(config: &RunConfig) -> Result<(), Failure> {
    let sampling = &config.sampling;
    let refuse = |what: &str, hint: &str| Err(Failure::new(FailureKind::Usage, what).hint(hint));
    if sampling.temperature == 0.0 {
        return refuse(
            "`sampling.temperature` is 0: all completions of an instruction would be the same and \
                make no pair",
            "the paper samples at 0.8",
        );
    }
    config.judge.check()?;
    match config.thought.max_tokens {
        Some(tokens) if tokens >= sampling.max_new_tokens => refuse(
            &format!(
                "`thought.max_tokens` is {tokens} and leaves nothing of `sampling.max_new_tokens` \
                    ({}) for the response",
                sampling.max_new_tokens
            ),
            "raise `sampling.max_new_tokens` or lower `thought.max_tokens`",
        ),
        _ => Ok(()),
    }
}

fn check_disjoint(train: &[Instruction], validation: &[Instruction]) -> Result<(), Failure> {
    let ids: HashMap<&str, &Instruction> = train.iter().map(|row| (row.id.as_str(), row)).collect();
    let texts: HashMap<&str, &Instruction> =
        train.iter().map(|row| (last_text(row), row)).collect();
    for row in validation {
        let same_text = texts
            .get(last_text(row))
            .filter(|other| other.messages == row.messages);
        if let Some(other) = ids.get(row.id.as_str()).or(same_text) {
            return Err(Failure::new(
                FailureKind::Input,
                format!(
                    "validation instruction `{}` is also trained on (as \
                    `{}`)",
                    row.id, other.id
                ),
            )
            .hint(
                "remove it from one of the two files: what is trained on says nothing about new \
                instructions",
            ));
        }
    }
    Ok(())
}

fn last_text(row: &Instruction) -> &str {
    row.messages
        .last()
        .map_or("", |message| message.content.as_str())
}
