//! From a configuration to a checked evaluation.

use std::collections::HashSet;
use std::path::PathBuf;

use tpo_judge::JudgeConfig;
use tpo_lm::precision::Precision;
use tpo_types::{Failure, FailureKind, Instruction, Message, MessageRole, SamplingParams, bounds};

use super::config::{EvaluatedSet, EvaluationConfig, NamedThought, OWN_THOUGHT};
use super::directory::EvaluationDirectory;
use super::known::KnownSet;
use super::subject::{Answers, BestOfRun, ResolvedModel, Subject, last_part};
use crate::dataset;
use crate::plan::needs::Lacking;
use crate::plan::overlap;

/// The fewest instructions with which a sign-flip test can reach 5 %: `2 / 2^6 < 0.05`.
const SMALLEST: usize = 6;

/// A checked evaluation.
#[derive(Debug)]
pub struct EvaluationPlan {
    /// The configuration it was made from, with the judges of known sets.
    pub config: EvaluationConfig,
    /// Where it is written.
    pub directory: EvaluationDirectory,
    /// What is evaluated. The first is the one that the others are compared with.
    pub subjects: Vec<Subject>,
    /// What it is evaluated on.
    pub sets: Vec<PlannedSet>,
    /// The number format of sampling.
    pub precision: Precision,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

/// A set of instructions and its judges.
#[derive(Debug)]
pub struct PlannedSet {
    /// Its name.
    pub name: String,
    /// Its instructions, with the suffix.
    pub instructions: Vec<Instruction>,
    /// Completions per instruction.
    pub num_samples: usize,
    /// How often a completion that does not parse is sampled again.
    pub resample: usize,
    /// The names of its judges.
    pub judges: Vec<String>,
}

impl EvaluationPlan {
    /// Checks a configuration whose paths are resolved, and reads its instructions.
    pub fn new(
        mut config: EvaluationConfig,
        directory: EvaluationDirectory,
    ) -> Result<Self, Failure> {
        bounds::check(&config, "")?;
        check_names(&config)?;
        directory.check()?;
        for (alias, binding) in &config.models {
            binding.check(alias)?;
        }
        let mut notes = Vec::new();
        let (mut subjects, mut used) = (Vec::new(), Vec::new());
        let thoughts = default_thoughts(&config)?;
        for model in &config.model {
            let resolved = ResolvedModel::of(model, &thoughts, &config.sampling)?;
            subjects.extend(resolved.subjects);
            used.extend(resolved.used);
            notes.extend(resolved.notes);
        }
        check_thoughts(&config, &subjects)?;
        put_baseline_first(&mut subjects, config.baseline.as_deref())?;
        let mut sets = Vec::new();
        // The judges that known sets bring are for these sets only.
        let given: Vec<String> = config.judges.keys().cloned().collect();
        for set in config.set.clone() {
            let set = PlannedSet::read(&set, &given, &mut config)?;
            for judge in set.judges.iter().filter_map(|name| config.judges.get(name)) {
                if let Some(lacking) = Lacking::of(&set.name, &set.instructions, judge) {
                    return Err(lacking.refusal());
                }
            }
            sets.push(set);
        }
        notes.extend(check_recorded(&subjects, &sets)?);
        for judge in &config.judges {
            judge.1.check(&format!("judges.{}", judge.0))?;
            if !sets.iter().any(|set| set.judges.contains(judge.0)) {
                let what = format!("no set has the judge `{}`", judge.0);
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint("name it in `judges` of a `[[set]]`, or remove it"));
            }
        }
        for set in &sets {
            notes.extend(set.note());
            notes.extend(overlap::note_on_repeated(&set.name, &set.instructions));
            for used in &used {
                let shared = overlap::shared(&used.instructions, &set.instructions);
                if shared > 0 {
                    notes.push(format!(
                        "{shared} of {} instructions of `{}` are the same, or nearly, as ones that \
                         the run `{}` was {}: its scores there are too high",
                        set.instructions.len(),
                        set.name,
                        used.run.display(),
                        used.purpose
                    ));
                }
            }
        }
        for (at, set) in sets.iter().enumerate() {
            let known = |set: &PlannedSet| KnownSet::named(&set.name).is_some();
            for other in &sets[at + 1..] {
                let shared = overlap::shared(&set.instructions, &other.instructions);
                // Known sets share on purpose: one is another with a suffix.
                if shared > 0 && !(known(set) && known(other)) {
                    notes.push(format!(
                        "{shared} of {} instructions of `{}` are the same, or nearly, as ones of \
                         `{}`: their results are not independent",
                        other.instructions.len(),
                        other.name,
                        set.name
                    ));
                }
            }
        }
        Ok(Self {
            precision: config.engine.precision.resolve()?,
            config,
            directory,
            subjects,
            sets,
            notes,
        })
    }

    /// How often a completion of a set is sampled again. At temperature 0 it would be the same.
    pub(super) fn resample(&self, set: &PlannedSet) -> usize {
        if self.config.sampling.temperature > 0.0 {
            set.resample
        } else {
            0
        }
    }

    /// How completions are sampled with a thought budget.
    pub(super) fn params(&self, max_thought_tokens: Option<usize>) -> SamplingParams {
        let sampling = &self.config.sampling;
        SamplingParams {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            top_k: sampling.top_k,
            max_new_tokens: sampling.max_new_tokens,
            max_thought_tokens,
        }
    }
}

/// The thought prompts of the configuration. Without any, models that are not runs answer with that
/// of the first run, so that they differ in training only.
fn default_thoughts(config: &EvaluationConfig) -> Result<Vec<NamedThought>, Failure> {
    if !config.thought.is_empty() {
        return Ok(config.thought.clone());
    }
    let sources = config.model.iter().filter_map(|one| one.source.as_deref());
    for source in sources {
        if let Some(run) = BestOfRun::at(source)? {
            return Ok(vec![NamedThought {
                name: format!("of-{}", last_part(source)),
                ..run.own
            }]);
        }
    }
    Ok(Vec::new())
}

/// Checks that there is something to evaluate, and that names are plain and each given once.
fn check_names(config: &EvaluationConfig) -> Result<(), Failure> {
    if config.model.is_empty() {
        return Err(
            Failure::new(FailureKind::Usage, "there is no model to evaluate")
                .hint("add `--model SOURCE`, or `[[model]]` with `source` to a configuration file"),
        );
    }
    if config.set.is_empty() {
        return Err(
            Failure::new(FailureKind::Usage, "there is no set to evaluate on")
                .hint("add `--data FILE` or `--data gsm8k`, or `[[set]]` to a configuration file"),
        );
    }
    plain("name", &config.name)?;
    unique("set", config.set.iter().map(|set| set.name.as_str()))?;
    unique(
        "thought",
        config.thought.iter().map(|one| one.name.as_str()),
    )?;
    unique("judges", config.judges.keys().map(String::as_str))?;
    if config.thought.iter().any(|one| one.name == OWN_THOUGHT) {
        let what = format!("a thought prompt cannot be called `{OWN_THOUGHT}`");
        return Err(Failure::new(FailureKind::Usage, what)
            .hint("`own` is the one that a run was trained with"));
    }
    Ok(())
}

/// Checks the names of the subjects, that every thought prompt is used, and that its budget leaves
/// room for a response.
fn check_thoughts(config: &EvaluationConfig, subjects: &[Subject]) -> Result<(), Failure> {
    unique_subjects(subjects)?;
    let sampled = || {
        subjects
            .iter()
            .filter_map(|subject| match &subject.answers {
                Answers::Sampled(sampled) => Some(sampled),
                Answers::Recorded(_) => None,
            })
    };
    for thought in &config.thought {
        if !sampled().any(|one| one.thought.name == thought.name) {
            let what = format!(
                "no model answers with the thought prompt `{}`",
                thought.name
            );
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("name it in `thoughts` of a `[[model]]`, or remove it"));
        }
    }
    let limit = config.sampling.max_new_tokens;
    for sampled in sampled() {
        let thought = &sampled.thought;
        if let Some(tokens) = thought.max_tokens.filter(|tokens| *tokens >= limit) {
            let what = format!(
                "the thought prompt `{}` of `{}` may take {tokens} tokens and leaves nothing of \
                 `sampling.max_new_tokens` ({limit}) for the response",
                thought.name, sampled.source
            );
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("raise `sampling.max_new_tokens`, or lower the budget"));
        }
    }
    Ok(())
}

/// Checks that recorded responses answer sets as a whole. A file that answers another set is left
/// out of this one, which is noted; one that answers none is refused.
fn check_recorded(subjects: &[Subject], sets: &[PlannedSet]) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let Answers::Recorded(recorded) = &subject.answers else {
            continue;
        };
        let mut answers_any = false;
        for set in sets {
            if set.is_answered_by(subject)? {
                answers_any = true;
            } else if index == 0 && subjects.len() > 1 {
                let what = format!(
                    "`{}`, which the others are compared with, has no responses to `{}`",
                    subject.name, set.name
                );
                return Err(Failure::new(FailureKind::Input, what)
                    .hint("name another `baseline`, or evaluate that set on its own"));
            } else {
                notes.push(format!(
                    "`{}` has no responses to `{}` and is left out there",
                    subject.name, set.name
                ));
            }
        }
        if !answers_any {
            let what = format!(
                "`{}` answers none of the sets: no row has the id or the text of one of their \
                 instructions",
                recorded.path().display()
            );
            return Err(Failure::new(FailureKind::Input, what)
                .hint("give its rows the `id` or the `prompt` of the instructions"));
        }
    }
    Ok(notes)
}

fn unique_subjects(subjects: &[Subject]) -> Result<(), Failure> {
    let mut names = HashSet::new();
    for Subject { name, .. } in subjects {
        let parts = name.split('+');
        parts
            .into_iter()
            .try_for_each(|part| plain("model.name", part))?;
        if !names.insert(name) {
            let what = format!("two models have the name `{name}`");
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("give each its own name: `--model NAME=SOURCE`, or `name` in `[[model]]`"));
        }
    }
    Ok(())
}

fn unique<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for name in names {
        plain(&format!("{key}.name"), name)?;
        if !seen.insert(name) {
            let what = format!("`{key}` has the name `{name}` twice");
            return Err(Failure::new(FailureKind::Usage, what).hint("give each its own name"));
        }
    }
    Ok(())
}

/// Refuses a name that is not plain: names are parts of paths.
fn plain(key: &str, name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && name.chars().all(is_plain);
    if is_name {
        return Ok(());
    }
    let name = tpo_types::text::sanitize(name, 100);
    Err(
        Failure::new(FailureKind::Usage, format!("`{key}` is `{name}`")).hint(
            "a name has at most 64 letters, digits, `.`, `-` and `_`, and does not start with a dot",
        ),
    )
}

fn put_baseline_first(subjects: &mut [Subject], baseline: Option<&str>) -> Result<(), Failure> {
    let Some(baseline) = baseline else {
        return Ok(());
    };
    let names: Vec<&str> = subjects.iter().map(|one| one.name.as_str()).collect();
    let Some(at) = names.iter().position(|name| *name == baseline) else {
        let what = format!("the baseline `{baseline}` is none of the models");
        return Err(Failure::new(FailureKind::Usage, what)
            .hint(format!("the models are: {}", names.join(", "))));
    };
    subjects[..=at].rotate_right(1);
    Ok(())
}

impl PlannedSet {
    /// Whether a subject answers it: recorded responses may be to other sets only.
    pub fn is_answered_by(&self, subject: &Subject) -> Result<bool, Failure> {
        match &subject.answers {
            Answers::Sampled(_) => Ok(true),
            Answers::Recorded(recorded) => {
                recorded.answers(&self.name, &self.instructions, self.num_samples)
            }
        }
    }

    /// Reads the instructions of a set. Adds the judge of a known set to the configuration.
    fn read(
        set: &EvaluatedSet,
        given: &[String],
        config: &mut EvaluationConfig,
    ) -> Result<Self, Failure> {
        let known = KnownSet::named(&set.name);
        let path = match (&set.data, known) {
            (Some(path), _) => path.clone(),
            (None, Some(known)) => known.find_in(&sets_directory(config)?)?,
            (None, None) => {
                let what = format!(
                    "the set `{}` has no `data`, and is not a known set",
                    set.name
                );
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint(format!("known sets are {}", KnownSet::names())));
            }
        };
        let mut instructions = dataset::read_published(&path, &|fields| {
            known.map_or(Ok(()), |known| known.convert(fields))
        })?;
        instructions.truncate(set.limit.unwrap_or(usize::MAX));
        let known_suffix = known.and_then(|known| known.suffix);
        if let Some(suffix) = set.suffix.as_deref().or(known_suffix) {
            for instruction in &mut instructions {
                append(instruction, suffix);
            }
        }
        Ok(Self {
            name: set.name.clone(),
            instructions,
            num_samples: set.num_samples,
            resample: set.resample,
            judges: judges_of(set, known, given, config)?,
        })
    }

    /// A note on a set that is too small to say anything.
    fn note(&self) -> Option<String> {
        let n = self.instructions.len();
        (n < SMALLEST).then(|| {
            format!(
                "the set `{}` has {n} instructions: with fewer than {SMALLEST} no difference \
                 between two models can be significant",
                self.name
            )
        })
    }
}

/// The names of the judges of a set. Those of known sets are added to the configuration.
fn judges_of(
    set: &EvaluatedSet,
    known: Option<&KnownSet>,
    given: &[String],
    config: &mut EvaluationConfig,
) -> Result<Vec<String>, Failure> {
    if !set.judges.is_empty() {
        for name in &set.judges {
            if !config.judges.contains_key(name) {
                let names: Vec<&str> = config.judges.keys().map(String::as_str).collect();
                let what = format!("the set `{}` wants the judge `{name}`", set.name);
                return Err(Failure::new(FailureKind::Usage, what).hint(format!(
                    "add `[judges.{name}]` with `plugin`; there are: {}",
                    names.join(", ")
                )));
            }
        }
        return Ok(set.judges.clone());
    }
    if let Some(known) = known {
        let judge = JudgeConfig {
            plugin: known.judge.to_owned(),
            ..JudgeConfig::default()
        };
        let name = known.judge.to_owned();
        config.judges.entry(name.clone()).or_insert(judge);
        return Ok(vec![name]);
    }
    if given.is_empty() {
        let what = format!("the set `{}` has no judge", set.name);
        return Err(Failure::new(FailureKind::Usage, what)
            .hint("add `--judge PLUGIN`, or `[judges.NAME]` to the configuration file"));
    }
    Ok(given.to_vec())
}

fn sets_directory(config: &EvaluationConfig) -> Result<PathBuf, Failure> {
    match &config.sets_directory {
        Some(directory) => Ok(directory.clone()),
        None => Ok(tpo_lm::paths::data_dir()?.join("sets")),
    }
}

/// Appends a text to the last message, which is the user's.
fn append(instruction: &mut Instruction, suffix: &str) {
    if let Some(Message {
        role: MessageRole::User,
        content,
    }) = instruction.messages.last_mut()
    {
        *content = format!("{} {suffix}", content.trim_end());
    }
}
