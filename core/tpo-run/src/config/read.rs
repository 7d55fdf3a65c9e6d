//! Reads a [`RunConfig`] from a file and the command line, with errors that point at the key.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use toml::de::DeTable;
use tpo_judge::standalone::StandaloneJudgeConfig;
use tpo_types::schema::{
    KeyPath, PathPart, UnknownKey, check_path, first_unknown, line_and_column, plain_types,
    value_offset,
};
use tpo_types::{Failure, FailureKind};

use super::RunConfig;
use super::overrides::{Override, apply};

/// A configuration, and notes for the user.
#[derive(Debug)]
pub struct ReadConfig<T = RunConfig> {
    /// The configuration.
    pub config: T,
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
        parse(text, name, overrides)
    }
}

/// Reads the judge from a run's configuration file, or uses the default one without a file, and
/// applies the overrides. Paths in the file are relative to it.
pub fn read_standalone_judge(
    path: Option<&Path>,
    overrides: &[Override],
) -> Result<StandaloneJudgeConfig, Failure> {
    let config = match path {
        None => parse("", "the command line", overrides)?.config,
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

/// Parses the text of a configuration; messages call the file `name`.
pub(crate) fn parse<T: DeserializeOwned + JsonSchema>(
    text: &str,
    name: &str,
    overrides: &[Override],
) -> Result<ReadConfig<T>, Failure> {
    let schema = schemars::schema_for!(T).to_value();
    let syntax = |error| syntax_error(text, name, &error);
    let document = DeTable::parse(text).map_err(syntax)?;
    if let Some(unknown) = first_unknown(document.get_ref(), &schema) {
        let at = line_and_column(text, unknown.span().start);
        let unknown = unknown.into_inner();
        let what = format!("{name}:{at}: unknown key `{}`", unknown.path);
        return Err(unknown_key(&what, &unknown));
    }
    let mut value = toml::Value::Table(toml::from_str(text).map_err(syntax)?);
    let (mut notes, mut paths) = (Vec::new(), Vec::new());
    for given in overrides {
        let path: KeyPath = given.path.parse()?;
        check_path(&path, &schema)
            .map_err(|unknown| unknown_key(&format!("--set {path}: unknown key"), &unknown))?;
        notes.extend(apply(&mut value, &path, &given.value)?);
        paths.push(path);
    }
    let config = serde_path_to_error::deserialize(value).map_err(|error| {
        let path: KeyPath = error.path().iter().filter_map(part).collect();
        let place = if let Some(set) = paths.iter().rfind(|set| set.contains(&path)) {
            format!("--set {set}:")
        } else {
            let offset = value_offset(document.get_ref(), &path);
            let at = offset.map(|offset| format!("{}:", line_and_column(text, offset)));
            format!("{name}:{}", at.unwrap_or_default())
        };
        let reason = plain_types(error.into_inner().message());
        let what = if path == KeyPath::default() {
            reason
        } else {
            format!("`{path}`: {reason}")
        };
        Failure::new(FailureKind::Usage, format!("{place} {what}"))
            .hint("`tpo schema` describes every key")
    })?;
    Ok(ReadConfig { config, notes })
}

fn part(segment: &Segment) -> Option<PathPart> {
    match segment {
        Segment::Map { key } | Segment::Enum { variant: key } => Some(PathPart::Key(key.clone())),
        Segment::Seq { index } => Some(PathPart::Index(*index)),
        Segment::Unknown => None,
    }
}

fn syntax_error(text: &str, name: &str, error: &toml::de::Error) -> Failure {
    let at = line_and_column(text, error.span().map_or(0, |span| span.start));
    Failure::new(
        FailureKind::Usage,
        format!("{name}:{at}: {}", error.message()),
    )
}

fn unknown_key(what: &str, unknown: &UnknownKey) -> Failure {
    let hint = unknown.suggestion();
    Failure::new(FailureKind::Usage, what)
        .hint(hint.unwrap_or_else(|| "`tpo schema` lists every key".to_owned()))
}

#[cfg(test)]
mod tests {
    use tpo_types::schema::known_paths;

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
            "tpo.toml:6:15: `sampling.temperature`: invalid type: string \"hot\", expected a number"
        );
    }

    const PANEL: &str = "[judge]\nplugin = \"panel\"\n[[judge.panel]]\nplugin = \"rules\"\n\
                         [[judge.panel]]\nplugin = \"length\"\n";

    #[test]
    fn keys_and_values_of_a_panel_are_named_with_their_place() {
        let text = format!("{GOOD}{PANEL}wieght = 2\n");
        let (what, hint) = refusal(&text, &[]);
        assert_eq!(what, "tpo.toml:11:1: unknown key `judge.panel[1].wieght`");
        assert_eq!(hint, "did you mean `judge.panel[1].weight`?");

        let text = format!("{GOOD}{PANEL}weight = \"much\"\n");
        let (what, _) = refusal(&text, &[]);
        assert_eq!(
            what,
            "tpo.toml:11:10: `judge.panel[1].weight`: invalid type: string \"much\", expected a number"
        );
    }

    #[test]
    fn an_override_reaches_into_a_panel() {
        let set = |given: &str| Override::parse(given).expect("well-formed");
        let text = format!("{GOOD}{PANEL}config = {{ words = [1, 2] }}\n");
        let given = [
            set("judge.panel[1].config.words[0]=7"),
            set("judge.panel[0].weight=2"),
        ];
        let judge = RunConfig::parse(&text, "tpo.toml", &given)
            .expect("good")
            .config
            .judge;
        assert_eq!(judge.panel[0].weight.to_string(), "2");
        assert_eq!(judge.panel[1].config["words"].to_string(), "[7,2]");

        let other = [set("judge.panel[1].plugin=mine.wasm")];
        let read = RunConfig::parse(&text, "tpo.toml", &other).expect("good");
        assert_eq!(
            read.notes,
            [
                "`judge.panel[1].config` belongs to another plugin and is not used with \"mine.wasm\""
            ]
        );
    }

    #[test]
    fn an_override_outside_an_array_is_refused() {
        let text = format!("{GOOD}{PANEL}");
        for (given, refused) in [
            (
                "judge.panel[2].weight=2",
                "--set judge.panel[2].weight: `judge.panel` has 2 items, and the first is [0]",
            ),
            (
                "judge.panel.weight=2",
                "--set judge.panel.weight: unknown key",
            ),
            ("judge.plugin[0]=2", "--set judge.plugin[0]: unknown key"),
            (
                "judge.config.words[0]=1",
                "--set judge.config.words[0]: `judge.config.words` has 0 items, and the first is [0]",
            ),
            (
                "judge.panel[one].weight=2",
                "`judge.panel[one].weight` is not the path of a key",
            ),
        ] {
            let (what, _) = refusal(&text, &[Override::parse(given).expect("well-formed")]);
            assert_eq!(what, refused);
        }
    }

    #[test]
    fn a_wrong_type_in_an_override_is_not_looked_for_in_the_file() {
        let text = format!("{GOOD}[sampling]\ntemperature = 1.0\n");
        let given = Override::parse("sampling.temperature=hot").expect("well-formed");
        let (what, _) = refusal(&text, &[given]);
        assert_eq!(
            what,
            "--set sampling.temperature: `sampling.temperature`: invalid type: string \"hot\", \
             expected a number"
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
        let paths = known_paths(&schema);
        for path in &paths {
            let Some((PathPart::Key(key), parents)) = path.parts().split_last() else {
                panic!("`{path}` is not a key");
            };
            let table: KeyPath = parents.iter().cloned().collect();
            for typo in typos(key) {
                let typed = table.key(&typo);
                if paths.contains(&typed) {
                    continue;
                }
                let unknown = check_path(&typed, &schema).expect_err("a typo is not a key");
                let suggested = &unknown.nearest;
                assert!(suggested.contains(path), "`{typed}` suggests {suggested:?}");
            }
        }
    }
}
