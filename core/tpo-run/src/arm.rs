//! Variants of a run that differ in the thought prompt only.
//!
//! The baseline of the paper is such a variant: the same model, instructions, judge and training
//! without a thought prompt. Every arm is a run of its own in `arms/NAME` of the run directory, so
//! it resumes by itself; the seed is the same, so it has the same instructions in each iteration.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde_json::Map;
use tpo_types::{Failure, FailureKind};

use crate::config::{RunConfig, ThoughtConfig};

/// A variant of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arm {
    /// Without a thought prompt: the bare instruction, and the whole completion is the response.
    Direct,
    /// With another thought template: a plugin, or a TOML file with the keys of `[thought]`.
    Thought(String),
}

impl Arm {
    /// The name of its directory, and of its rows in tables.
    pub fn name(&self) -> String {
        match self {
            Self::Direct => "direct".to_owned(),
            Self::Thought(source) => {
                let stem = Path::new(source).file_stem();
                let stem = stem.map_or(source.into(), |stem| stem.to_string_lossy());
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                let plain = |c: char| if is_plain(c) { c } else { '-' };
                stem.chars().map(plain).collect()
            }
        }
    }

    /// Replaces the thought prompt of a configuration, and with it the parser.
    pub fn apply(&self, config: &mut RunConfig) -> Result<(), Failure> {
        config.parser = None;
        config.thought = self.thought(&config.thought)?;
        Ok(())
    }

    /// The thought prompt of the arm. A plugin keeps the budget of `thought`.
    pub fn thought(&self, thought: &ThoughtConfig) -> Result<ThoughtConfig, Failure> {
        match self {
            Self::Direct => Ok(ThoughtConfig::direct()),
            Self::Thought(source) if is_toml(source) => read(source),
            Self::Thought(source) => Ok(ThoughtConfig {
                plugin: source.clone(),
                config: Map::new(),
                ..thought.clone()
            }),
        }
    }
}

impl FromStr for Arm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "direct" => Ok(Self::Direct),
            Some(("thought", source)) if !source.is_empty() => {
                let arm = Self::Thought(source.to_owned());
                let name = arm.name();
                // The name is that of a directory: `..` is the run's own.
                if name.starts_with('.') {
                    return Err(format!(
                        "the arm would be called `{name}`: give the template a file name that does \
                         not start with a dot"
                    ));
                }
                Ok(arm)
            }
            _ => Err("write `direct`, or `thought=` and a thought template".into()),
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn is_toml(source: &str) -> bool {
    Path::new(source)
        .extension()
        .is_some_and(|extension| extension == "toml")
}

/// A file with the keys of `[thought]`. Paths in it are relative to it.
fn read(source: &str) -> Result<ThoughtConfig, Failure> {
    let text = std::fs::read_to_string(source).map_err(|error| {
        Failure::new(
            FailureKind::Usage,
            format!("cannot read the arm `{source}`"),
        )
        .because(error)
    })?;
    let mut thought: ThoughtConfig = toml::from_str(&text).map_err(|error| {
        Failure::new(
            FailureKind::Usage,
            format!("`{source}` is not a `[thought]` table"),
        )
        .because(error)
        .hint("write the keys of `[thought]`, without the table's name: `plugin`, `config`, ...")
    })?;
    let base = Path::new(source).parent().unwrap_or(Path::new(""));
    thought.plugin = tpo_host::resolve_relative(&thought.plugin, base);
    Ok(thought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arm_is_named_after_its_template() {
        let name = |text: &str| text.parse::<Arm>().map(|arm| arm.name());
        assert_eq!(name("direct").as_deref(), Ok("direct"));
        assert_eq!(
            name("thought=plans/short plan.wasm").as_deref(),
            Ok("short-plan")
        );
        assert!(name("thought=").is_err());
        for dots in ["...toml", "..toml", "arms/.hidden.toml", ".."] {
            assert!(name(&format!("thought={dots}")).is_err(), "{dots}");
        }
        assert!(name("other").is_err());
    }
}
