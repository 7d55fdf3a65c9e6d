//! Files for other programs, rewritten from the store: `pairs.jsonl` and `metrics.jsonl`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tpo_types::{Failure, FailureKind, Message};

use crate::store::{Store, StoredPair};

/// Writes every pair of the run in the conversational `prompt`/`chosen`/`rejected` form that TRL's
/// DPO trainer loads.
pub(crate) fn write_pairs(store: &Store, path: &Path) -> Result<(), Failure> {
    write_lines(path, store.pairs()?.iter().map(pair_row))
}

fn pair_row(pair: &StoredPair) -> Value {
    json!({
        "prompt": pair.prompt.messages,
        "chosen": [Message::assistant(&pair.chosen.text)],
        "rejected": [Message::assistant(&pair.rejected.text)],
        "instruction_id": pair.instruction.id,
        "slice": pair.slice,
        "score_chosen": pair.chosen.score,
        "score_rejected": pair.rejected.score,
    })
}

/// Writes the metrics of every optimizer step under TRL's names.
pub(crate) fn write_metrics(store: &Store, path: &Path) -> Result<(), Failure> {
    let rows = store.steps()?.into_iter().map(|step| {
        let mut row = Map::from_iter([("iteration".to_owned(), Value::from(step.iteration))]);
        if let Ok(Value::Object(fields)) = serde_json::to_value(&step.metrics) {
            row.extend(fields);
        }
        Value::Object(row)
    });
    write_lines(path, rows)
}

/// Replaces the file in one step, so that a reader never sees half of it.
fn write_lines(path: &Path, rows: impl Iterator<Item = Value>) -> Result<(), Failure> {
    let text: String = rows.map(|row| format!("{row}\n")).collect();
    let fresh = path.with_extension("new");
    fs::write(&fresh, text)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write `{}`", path.display()),
            )
            .because(error)
            .hint("check free space; everything is still in run.db")
        })
}
