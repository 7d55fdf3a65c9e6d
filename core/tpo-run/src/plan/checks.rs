//! Checks of settings against each other, and of the two data sets.

use std::collections::HashMap;

use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind, Instruction, bounds};

use crate::config::RunConfig;

/// Checks every number against its range, and refuses settings that would have no effect.
pub(super) fn check_config(config: &RunConfig) -> Result<(), Failure> {
    bounds::check(config, "")?;
    check_name(&config.name)?;
    config.train.check()?;
    config.judge.check()?;
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

/// Refuses validation instructions that are also trained on.
pub(super) fn check_disjoint(
    train: &[Instruction],
    validation: &[Instruction],
) -> Result<(), Failure> {
    let by_id: HashMap<&str, &Instruction> =
        train.iter().map(|row| (row.id.as_str(), row)).collect();
    let by_text: HashMap<&str, &Instruction> =
        train.iter().map(|row| (last_text(row), row)).collect();
    for row in validation {
        let same_text = by_text
            .get(last_text(row))
            .filter(|other| other.messages == row.messages);
        if let Some(other) = by_id.get(row.id.as_str()).or(same_text) {
            let (id, other) = (&row.id, &other.id);
            return Err(Failure::new(
                FailureKind::Input,
                format!("validation instruction `{id}` is also trained on (as `{other}`)"),
            )
            .hint(
                "remove it from one of the two files: a score on training instructions says \
                nothing about new ones",
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
