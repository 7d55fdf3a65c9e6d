//! Why two runs are not compared, and other values, in words.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use tpo_run::comparison::{ComparedRun, NotCompared};
use tpo_run::config::SettingRow;
use tpo_types::text::sanitize;

use crate::report::models::model_name;

/// The most bytes of a value that a table shows.
const MAX_VALUE: usize = 60;
/// The digits of a digest that a table shows.
const DIGITS: usize = 12;

/// Why two runs are not compared, and what to do about it.
pub(super) fn reason(why: &NotCompared) -> String {
    match why {
        NotCompared::NoSharedInstruction {
            both_have_the_name,
            same_text,
        } => {
            let what = if *both_have_the_name {
                "the two sets of this name have no instruction in common"
            } else {
                "the other run has no set with any of these instructions"
            };
            match same_text {
                0 => format!("{what}; measure both runs on one file"),
                _ => format!(
                    "{what}; {same_text} have the same text with another `id`, `reference` or \
                     other field: measure both runs on one file"
                ),
            }
        }
        NotCompared::NotMeasured { run, model } => format!(
            "{run}, {} is not measured on it; start the run again to finish its measurements",
            model_name(*model)
        ),
        NotCompared::OtherJudge(rows) => format!(
            "the judges differ ({}), and scores of two judges have nothing in common; score both \
             with one judge: `--judge`",
            differences(rows)
        ),
        NotCompared::OtherBase => "this set's judge only compares, the two models have not met, \
            and their runs started from different base models; let a judge compare them: `--judge`"
            .to_owned(),
    }
}

/// What sentences call the model of a run. A model that was named has its name in the label.
pub(super) fn name_of(run: &ComparedRun) -> String {
    if run.is_chosen {
        format!("{}, {}", run.label, model_name(run.model))
    } else {
        run.label.clone()
    }
}

/// Values that differ between two runs, in one line.
pub(super) fn differences(rows: &[SettingRow]) -> String {
    let one = |row: &SettingRow| format!("{}: {}", row.key, values(row).join(" and "));
    rows.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The values of a row: `-` where the key is not set, paths without what they have in common.
pub(super) fn values(row: &SettingRow) -> Vec<String> {
    let path = |value: &Value| {
        let path = Path::new(value.as_str()?);
        path.is_absolute().then(|| path.to_owned())
    };
    let paths: Vec<PathBuf> = row.values.iter().flatten().filter_map(path).collect();
    let common = common_directories(&paths);
    let shown = row.values.iter().map(|value| match value {
        None => "-".to_owned(),
        Some(value) => match path(value) {
            Some(path) => end_of(&path, common),
            None => sanitize(&plain(value), MAX_VALUE),
        },
    });
    shown.collect()
}

/// How many components all paths begin with. A file and its directory stay.
fn common_directories(paths: &[PathBuf]) -> usize {
    let paths: Vec<Vec<Component<'_>>> = paths
        .iter()
        .map(|path| path.components().collect())
        .collect();
    let shortest = paths.iter().map(Vec::len).min().unwrap_or(0);
    let is_common = |at: &usize| paths.iter().all(|path| path[*at] == paths[0][*at]);
    let common = (0..shortest.saturating_sub(2)).take_while(is_common);
    common.count()
}

/// A path without its first `skipped` components, and without more of them if it is long.
fn end_of(path: &Path, skipped: usize) -> String {
    let components: Vec<Component<'_>> = path.components().collect();
    let from = |first: usize| components[first..].iter().collect::<PathBuf>();
    let is_short = |first: &usize| from(*first).as_os_str().len() <= MAX_VALUE;
    let last = components.len().saturating_sub(1);
    // The root alone is not worth an ellipsis.
    let first = if skipped > 1 { skipped } else { 0 };
    let first = (first..last).find(is_short).unwrap_or(last);
    let shown = if first == 0 {
        path.to_owned()
    } else {
        Path::new("…").join(from(first))
    };
    shown.display().to_string()
}

/// A value as the user would write it, digests cut short.
fn plain(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    match text.split_once("sha256:") {
        Some((before, digest)) => {
            let digits: String = digest.chars().take(DIGITS).collect();
            format!("{before}sha256 {digits}")
        }
        None => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_short_enough_for_a_table() {
        let row = |values: &[Value]| SettingRow {
            key: "k".into(),
            values: values.iter().cloned().map(Some).collect(),
        };
        let shown = |given: &[Value]| values(&row(given));
        assert_eq!(
            shown(&[json!("/w/a/data/t.jsonl"), json!("/w/b/data/t.jsonl")]),
            ["…/a/data/t.jsonl", "…/b/data/t.jsonl"]
        );
        assert_eq!(
            shown(&[json!("/w/a/m.wasm"), json!("rules")]),
            ["…/a/m.wasm", "rules"]
        );
        let long = format!("/{}/data/t.jsonl", "x".repeat(60));
        assert_eq!(
            shown(&[json!(long), json!("/w/t.jsonl")]),
            ["…/data/t.jsonl", "/w/t.jsonl"]
        );
        let digest = format!("rules sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(
            shown(&[json!(digest), json!(0.5)]),
            ["rules sha256 0123456789ab", "0.5"]
        );
        let unset = SettingRow {
            key: "k".into(),
            values: vec![None, Some(json!([1, "a"]))],
        };
        assert_eq!(values(&unset), ["-", "[1,\"a\"]"]);
    }
}
