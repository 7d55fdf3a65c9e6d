//! Reads a [`RunConfig`] from a file and the command line, with errors that point at the key.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::DeTable;
use tpo_judge::standalone::StandaloneJudgeConfig;
use tpo_types::{Failure, FailureKind};

use super::RunConfig;
use super::keys;
use super::overrides::{Override, apply};

/// A configuration, and notes for the user.
#[derive(Debug)]
pub struct ReadConfig {
    /// The configuration.
    pub config: RunConfig,
    /// Settings of the file that the command line made ineffective, one sentence each.
    pub notes: Vec<String>,
}

impl RunConfig {
    /// The JSON Schema of a configuration file.
    pub fn schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads a configuration file and applies the overrides.
    pub fn read(path: &Path, overrides: &[Override]) -> Result<ReadConfig, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Usage,
                format!("cannot read the configuration `{}`", path.display()),
            )
            .because(error)
            .hint("create one with `tpo init`")
        })?;
        Self::parse(&text, &path.display().to_string(), overrides)
    }

    /// Parses the text of a configuration; messages call the file `name`.
    pub fn parse(text: &str, name: &str, overrides: &[Override]) -> Result<ReadConfig, Failure> {
        let (config, notes) = parse(text, name, overrides)?;
        Ok(ReadConfig { config, notes })
    }
}

/// Reads the judge from a run's configuration file, or uses the default one without a file, and
/// applies the overrides. Paths in the file are relative to it.
pub fn read_standalone_judge(
    path: Option<&Path>,
    overrides: &[Override],
) -> Result<StandaloneJudgeConfig, Failure> {
    let config = match path {
        None => parse("", "the command line", overrides)?.0,
        Some(path) => {
            let run = RunConfig::read(path, overrides)?.config;
            let mut config = StandaloneJudgeConfig {
                judge: run.judge,
                models: run.models,
                limits: run.limits,
            };
            config.resolve_relative(path.parent().unwrap_or(Path::new("")));
            config
        }
    };
    config.judge.check("judge")?;
    Ok(config)
}

fn parse<T: DeserializeOwned + JsonSchema>(
    text: &str,
    name: &str,
    overrides: &[Override],
) -> Result<(T, Vec<String>), Failure> {
    let schema = schemars::schema_for!(T).to_value();
    let syntax = |error| syntax_error(text, name, &error);
    let document = DeTable::parse(text).map_err(syntax)?;
    if let Some(unknown) = keys::first_unknown(document.get_ref(), &schema) {
        let at = position(text, unknown.offset);
        return Err(unknown_key(
            &format!("{name}:{at}: unknown key `{}`", unknown.path),
            &unknown.nearest,
        ));
    }
    let mut table: toml::Table = toml::from_str(text).map_err(syntax)?;
    let mut notes = Vec::new();
    for given in overrides {
        keys::check_path(&given.path, &schema).map_err(|nearest| {
            unknown_key(&format!("--set {}: unknown key", given.path), &nearest)
        })?;
        notes.extend(apply(&mut table, given)?);
    }
    let config = serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
        let path = error.path().to_string();
        let at = offset_of(document.get_ref(), &path)
            .map_or_else(String::new, |at| format!("{}:", position(text, at)));
        let reason = error.into_inner().message().to_owned();
        let what = if path == "." {
            reason
        } else {
            format!("`{path}`: {reason}")
        };
        Failure::new(FailureKind::Usage, format!("{name}:{at} {what}"))
            .hint("`tpo schema` describes every key")
    })?;
    Ok((config, notes))
}

fn syntax_error(text: &str, name: &str, error: &toml::de::Error) -> Failure {
    let at = position(text, error.span().map_or(0, |span| span.start));
    Failure::new(
        FailureKind::Usage,
        format!("{name}:{at}: {}", error.message()),
    )
}

fn unknown_key(what: &str, nearest: &[String]) -> Failure {
    Failure::new(FailureKind::Usage, what).hint(if nearest.is_empty() {
        "`tpo schema` lists every key".to_owned()
    } else {
        format!("did you mean `{}`?", nearest.join("` or `"))
    })
}

/// Line and column of a byte offset, from 1.
fn position(text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    format!("{line}:{column}")
}

/// Byte offset of the value of a dotted path.
fn offset_of(document: &DeTable<'_>, path: &str) -> Option<usize> {
    let mut here = document;
    let mut offset = None;
    for part in path.split('.') {
        let (_, value) = here.iter().find(|(key, _)| key.get_ref() == part)?;
        offset = Some(value.span().start);
        match value.get_ref() {
            toml::de::DeValue::Table(table) => here = table,
            _ => break,
        }
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "name = \"x\"\nvalidation = [{ data = \"v.jsonl\" }]\n[data]\ntrain = \"t.jsonl\"\n";

    fn refusal(text: &str, overrides: &[Override]) -> (String, String) {
        let failure =
            RunConfig::parse(text, "tpo.toml", overrides).expect_err("a bad configuration");
        (
            failure.to_string(),
            failure.nearest_hint().unwrap_or_default().to_owned(),
        )
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
        let text = format!("{GOOD}[sampling]\ntemprature = 1.0\n");
        let (what, hint) = refusal(&text, &[]);
        assert_eq!(what, "tpo.toml:6:1: unknown key `sampling.temprature`");
        assert_eq!(hint, "did you mean `sampling.temperature`?");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_place() {
        let text = format!("{GOOD}[sampling]\ntemperature = \"hot\"\n");
        let (what, _) = refusal(&text, &[]);
        assert_eq!(
            what,
            "tpo.toml:6:15: `sampling.temperature`: invalid type: string \"hot\", expected f64"
        );
    }

    #[test]
    fn a_typo_in_an_override_is_refused_too() {
        let given = Override::parse("train.betta=0.2").expect("well-formed");
        let (what, hint) = refusal(GOOD, &[given]);
        assert_eq!(what, "--set train.betta: unknown key");
        assert_eq!(hint, "did you mean `train.beta`?");
    }

    #[test]
    fn a_key_of_a_table_that_is_not_written_keeps_the_defaults_of_the_others() {
        let given = Override::parse("selector.config.rho=0.3").expect("well-formed");
        let read = RunConfig::parse(GOOD, "tpo.toml", &[given]).expect("good");
        assert_eq!(read.config.selector.plugin, "best-worst");
        assert_eq!(read.config.selector.config["rho"], 0.3);
    }

    #[test]
    fn a_plugin_of_the_command_line_does_not_inherit_the_configuration_of_another() {
        let text = format!("{GOOD}[judge]\nplugin = \"rules\"\nconfig = {{ min_words = 3 }}\n");
        let read = RunConfig::parse(
            &text,
            "tpo.toml",
            &[Override::text("judge.plugin", "mine.wasm")],
        )
        .expect("good");
        assert_eq!(read.config.judge.plugin, "mine.wasm");
        assert!(read.config.judge.config.is_empty());
        assert_eq!(
            read.notes,
            ["`judge.config` belongs to another plugin and is not used with \"mine.wasm\""]
        );
        let same = RunConfig::parse(
            &text,
            "tpo.toml",
            &[Override::text("judge.plugin", "rules")],
        )
        .expect("good");
        assert_eq!(same.config.judge.config.len(), 1);
        assert!(same.notes.is_empty());
    }

    /// Every way to leave out, double, swap or mistype one letter of a key.
    fn typos(key: &str) -> Vec<String> {
        let mut typos = Vec::new();
        for at in 0..key.len() {
            let (before, after) = (&key[..at], &key[at + 1..]);
            typos.push(format!("{before}{after}"));
            typos.push(format!("{before}{}{}", &key[at..=at], &key[at..]));
            typos.push(format!("{before}q{after}"));
            if let Some(next) = after.chars().next() {
                typos.push(format!("{before}{next}{}{}", &key[at..=at], &after[1..]));
            }
        }
        typos
    }

    #[test]
    fn every_one_letter_typo_of_every_key_is_refused_with_the_right_suggestion() {
        let schema = RunConfig::schema();
        let paths = keys::all_paths(&schema);
        for path in &paths {
            let (prefix, key) = path
                .rsplit_once('.')
                .map_or(("", path.as_str()), |(prefix, key)| (prefix, key));
            for typo in typos(key) {
                let typed = if prefix.is_empty() {
                    typo
                } else {
                    format!("{prefix}.{typo}")
                };
                if paths.contains(&typed) {
                    continue;
                }
                let suggested = keys::check_path(&typed, &schema).expect_err("a typo is not a key");
                assert!(suggested.contains(path), "`{typed}` suggests {suggested:?}");
            }
        }
    }
}
