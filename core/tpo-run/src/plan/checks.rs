//! Checks of settings against each other.

use std::collections::HashSet;

use tpo_train::Keep;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind, bounds};

use crate::config::{Boundary, Every, RunConfig, ValidationConfig};

/// Checks every number against its range, and refuses settings that would have no effect.
pub(super) fn check_config(config: &RunConfig) -> Result<(), Failure> {
    bounds::check(config, "")?;
    check_name(&config.name)?;
    config.train.check()?;
    config.judge.check("judge")?;
    check_validation(config)?;
    for (alias, binding) in &config.models {
        binding.check(alias)?;
    }
    check_sampling(config)
}

/// Refuses a name that is not that of a directory in `runs`.
fn check_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if name.chars().all(is_plain) && !name.starts_with('.') && !name.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Usage,
        format!(
            "`name` is `{}`, which is not the name of a directory",
            sanitize(name, 100)
        ),
    )
    .hint("use letters, digits, `-`, `_` and `.`"))
}

fn check_sampling(config: &RunConfig) -> Result<(), Failure> {
    let sampling = &config.sampling;
    if sampling.temperature == 0.0 {
        return Err(Failure::new(
            FailureKind::Usage,
            "`sampling.temperature` is 0: all completions of an instruction would be the same and \
            make no pair",
        )
        .hint("the paper samples at 0.8"));
    }
    match config.thought.max_tokens {
        Some(tokens) if tokens >= sampling.max_new_tokens => {
            let what = format!(
                "`thought.max_tokens` is {tokens} and leaves nothing of `sampling.max_new_tokens` \
                ({}) for the response",
                sampling.max_new_tokens
            );
            Err(Failure::new(FailureKind::Usage, what)
                .hint("raise `sampling.max_new_tokens` or lower `thought.max_tokens`"))
        }
        _ => Ok(()),
    }
}

/// Checks the names and judges of the validation sets, and that a patience has an effect.
fn check_validation(config: &RunConfig) -> Result<(), Failure> {
    let mut names = HashSet::new();
    for (index, set) in config.validation.iter().enumerate() {
        check_set_name(set)?;
        if !names.insert(set.name.as_str()) {
            let what = format!("two validation sets have the name `{}`", set.name);
            return Err(Failure::new(FailureKind::Usage, what).hint("give each set its own `name`"));
        }
        if let Some(judge) = &set.judge {
            judge.check(&format!("validation[{index}].judge"))?;
        }
    }
    let Some(first) = config.validation.first() else {
        return Err(
            Failure::new(FailureKind::Usage, "there is no validation set").hint(
                "add `[[validation]]` with `data`: without one, nobody knows whether a model got \
                better",
            ),
        );
    };
    let at_the_end_only = first.every == Some(Every::Boundary(Boundary::Iteration))
        || (first.every.is_none() && config.train.num_train_epochs == 1);
    if config.train.patience.is_some() && (at_the_end_only || config.train.keep == Keep::Last) {
        return Err(Failure::new(
            FailureKind::Usage,
            "`train.patience` has no effect: an iteration is measured only at its end, or its \
            last model is kept in any case",
        )
        .hint("set `train.keep = \"best\"` and more than one epoch, or remove `train.patience`"));
    }
    Ok(())
}

fn check_set_name(set: &ValidationConfig) -> Result<(), Failure> {
    let name = &set.name;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(is_plain) {
        return Ok(());
    }
    let what = format!("`{name}` cannot be the name of a validation set");
    Err(Failure::new(FailureKind::Usage, what).hint("use at most 64 letters, digits, `-` and `_`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_directory() {
        for name in ["a", "quickstart", "run 1", "my-run_2.1", "Änderung"] {
            check_name(name).expect(name);
        }
        for name in [
            "", " ", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\u{1b}",
        ] {
            check_name(name).expect_err(name);
        }
    }
}
