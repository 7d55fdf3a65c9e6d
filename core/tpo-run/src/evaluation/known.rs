//! Sets that are known by name: where their instructions are, what is appended to them, and which
//! judge grades the responses. Their files are read as their authors published them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tpo_types::{Failure, FailureKind, RowFields, RowProblem};

/// A set that is known by name.
#[derive(Debug)]
pub(super) struct KnownSet {
    /// Its name.
    pub name: &'static str,
    /// Names that its file may have in the directory of sets.
    files: &'static [&'static str],
    /// Where it is published.
    source: &'static str,
    /// What is appended to every instruction.
    pub suffix: Option<&'static str>,
    /// The built-in judge.
    pub judge: &'static str,
    /// Turns a row as it was published into one of ours.
    convert: fn(&mut RowFields) -> Result<(), RowProblem>,
}

/// The known sets.
const KNOWN: [KnownSet; 6] = [
    KnownSet {
        name: "gsm8k",
        files: &["gsm8k.jsonl", "gsm8k_test.jsonl"],
        source: "`grade_school_math/data/test.jsonl` of github.com/openai/grade-school-math",
        suffix: None,
        judge: "math",
        convert: gsm8k,
    },
    KnownSet {
        name: "gsm8k-answer-only",
        files: &["gsm8k.jsonl", "gsm8k_test.jsonl"],
        source: "`grade_school_math/data/test.jsonl` of github.com/openai/grade-school-math",
        suffix: Some("Output only the number answer."),
        judge: "math",
        convert: gsm8k,
    },
    KnownSet {
        name: "svamp",
        files: &["svamp.jsonl"],
        source: "`SVAMP.json` of github.com/arkilpatel/SVAMP",
        suffix: None,
        judge: "math",
        convert: svamp,
    },
    KnownSet {
        name: "ifeval",
        files: &["ifeval.jsonl", "input_data.jsonl"],
        source: "`instruction_following_eval/data/input_data.jsonl` of \
                 github.com/google-research/google-research",
        suffix: None,
        judge: "rules",
        convert: ifeval,
    },
    KnownSet {
        name: "alpaca-eval",
        files: &["alpaca_eval.json", "alpaca-eval.jsonl"],
        source: "`alpaca_eval.json` of huggingface.co/datasets/tatsu-lab/alpaca_eval",
        suffix: None,
        judge: "alpaca-eval",
        convert: alpaca_eval,
    },
    KnownSet {
        name: "arena-hard",
        files: &["arena-hard.jsonl", "question.jsonl"],
        source: "`data/arena-hard-v0.1/question.jsonl` of github.com/lmarena/arena-hard-auto",
        suffix: None,
        judge: "arena-hard",
        convert: arena_hard,
    },
];

impl KnownSet {
    /// The known set of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|set| set.name == name)
    }

    /// The names of the known sets.
    pub(super) fn names() -> String {
        let names: Vec<&str> = KNOWN.iter().map(|set| set.name).collect();
        names.join(", ")
    }

    /// Its file in the directory of sets.
    pub(super) fn find_in(&self, directory: &Path) -> Result<PathBuf, Failure> {
        let mut paths = self.files.iter().map(|name| directory.join(name));
        paths.find(|path| path.is_file()).ok_or_else(|| {
            let what = format!(
                "the set `{}` is not at hand: there is no `{}` in `{}`",
                self.name,
                self.files.join("` or `"),
                directory.display()
            );
            Failure::new(FailureKind::Input, what).hint(format!(
                "put {} there, or name a file: `--data {}=FILE`",
                self.source, self.name
            ))
        })
    }

    /// Turns a row as it was published into one of ours; one of ours stays as it is.
    pub(super) fn convert(&self, fields: &mut RowFields) -> Result<(), RowProblem> {
        (self.convert)(fields)
    }
}

/// Renames a field, unless the new one is there.
fn rename(fields: &mut RowFields, from: &str, to: &str) {
    if !fields.contains_key(to)
        && let Some(value) = fields.remove(from)
    {
        fields.insert(to.to_owned(), value);
    }
}

/// `question`, and `answer` whose last line is `#### ` and the number.
fn gsm8k(fields: &mut RowFields) -> Result<(), RowProblem> {
    rename(fields, "question", "prompt");
    if fields.contains_key("answers") {
        return Ok(());
    }
    rename(fields, "answer", "reference");
    let reference = fields.get("reference").and_then(Value::as_str);
    let number = reference.and_then(|text| Some(text.rsplit_once("####")?.1.trim().to_owned()));
    match number {
        Some(number) => {
            fields.insert("answers".into(), json!([number]));
            Ok(())
        }
        None => Err(RowProblem::new(
            "`answer` has no line `#### ` with the number",
        )),
    }
}

/// `Body` and `Question`, and the number `Answer`.
fn svamp(fields: &mut RowFields) -> Result<(), RowProblem> {
    if let (Some(Value::String(body)), Some(Value::String(question))) =
        (fields.get("Body"), fields.get("Question"))
    {
        let prompt = format!("{} {}", body.trim(), question.trim());
        fields.insert("prompt".into(), prompt.into());
    }
    rename(fields, "ID", "id");
    if let Some(answer) = fields.remove("Answer") {
        let text = answer
            .as_str()
            .map_or_else(|| answer.to_string(), str::to_owned);
        fields.insert("answers".into(), json!([text]));
    }
    if fields.contains_key("answers") {
        Ok(())
    } else {
        Err(RowProblem::new("neither `Answer` nor `answers` is given"))
    }
}

/// `key`, and `instruction_id_list` with one `kwargs` each.
fn ifeval(fields: &mut RowFields) -> Result<(), RowProblem> {
    rename(fields, "key", "id");
    if fields.contains_key("constraints") {
        return Ok(());
    }
    let (Some(Value::Array(ids)), Some(Value::Array(kwargs))) = (
        fields.remove("instruction_id_list"),
        fields.remove("kwargs"),
    ) else {
        return Err(RowProblem::new(
            "neither `constraints` nor `instruction_id_list` with `kwargs` is given",
        ));
    };
    if ids.len() != kwargs.len() {
        return Err(RowProblem::new(
            "`instruction_id_list` and `kwargs` have different lengths",
        ));
    }
    let constraints = ids.into_iter().zip(kwargs).map(|(id, mut kwargs)| {
        // The published files list every keyword of every constraint; those without a value are
        // not given.
        if let Value::Object(kwargs) = &mut kwargs {
            kwargs.retain(|_, value| !value.is_null());
        }
        json!({"id": id, "kwargs": kwargs})
    });
    let constraints = constraints.collect();
    fields.insert("constraints".into(), constraints);
    Ok(())
}

/// `instruction`, with `dataset` as the category. `output` is the baseline's.
#[expect(clippy::unnecessary_wraps, reason = "it is one of several conversions")]
fn alpaca_eval(fields: &mut RowFields) -> Result<(), RowProblem> {
    rename(fields, "dataset", "category");
    Ok(())
}

/// `uid` or `question_id`, `cluster`, and one turn.
fn arena_hard(fields: &mut RowFields) -> Result<(), RowProblem> {
    rename(fields, "uid", "id");
    rename(fields, "question_id", "id");
    // `category` names the benchmark in every row; the topic is the cluster.
    if let Some(cluster) = fields.remove("cluster") {
        fields.insert("category".into(), cluster);
    }
    let Some(turns) = fields.remove("turns") else {
        return Ok(());
    };
    match turns.as_array().map(Vec::as_slice) {
        Some([turn]) if turn["content"].is_string() => {
            fields.insert("prompt".into(), turn["content"].clone());
            Ok(())
        }
        _ => Err(RowProblem::new("`turns` is not one turn with `content`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(set: &str, row: Value) -> Result<Value, String> {
        let Value::Object(fields) = row else {
            panic!("a row is an object");
        };
        let mut fields: RowFields = fields.into_iter().collect();
        let set = KnownSet::named(set).expect("a known set");
        set.convert(&mut fields)
            .map_err(|problem| format!("{problem:?}"))?;
        Ok(fields.into_iter().collect())
    }

    #[test]
    fn published_rows_become_ours() {
        assert_eq!(
            converted(
                "gsm8k",
                json!({"question": "1+1?", "answer": "It is 2.\n#### 2"})
            ),
            Ok(json!({"prompt": "1+1?", "reference": "It is 2.\n#### 2", "answers": ["2"]}))
        );
        assert_eq!(
            converted(
                "ifeval",
                json!({"key": 7, "prompt": "Hi", "instruction_id_list": ["a:b"],
                       "kwargs": [{"n": 2, "m": null}]})
            ),
            Ok(json!({"id": 7, "prompt": "Hi",
                      "constraints": [{"id": "a:b", "kwargs": {"n": 2}}]}))
        );
        assert_eq!(
            converted(
                "arena-hard",
                json!({"question_id": "x", "category": "arena-hard-v0.1", "cluster": "ABC",
                       "turns": [{"content": "Hi"}]})
            ),
            Ok(json!({"id": "x", "category": "ABC", "prompt": "Hi"}))
        );
        assert_eq!(
            converted(
                "svamp",
                json!({"ID": "c-1", "Body": "A.", "Question": "B?", "Answer": 3.0})
            ),
            Ok(
                json!({"id": "c-1", "Body": "A.", "Question": "B?", "prompt": "A. B?",
                      "answers": ["3.0"]})
            )
        );
    }

    #[test]
    fn a_row_without_its_answer_is_refused() {
        let refused = converted("gsm8k", json!({"question": "1+1?", "answer": "2"}));
        assert!(refused.expect_err("no number").contains("####"));
        converted("ifeval", json!({"prompt": "Hi"})).expect_err("no constraints");
        converted("svamp", json!({"prompt": "Hi"})).expect_err("no answer");
    }
}
