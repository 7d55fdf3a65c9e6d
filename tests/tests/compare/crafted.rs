//! Copies of a tiny run with known outcomes.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};
use tpo_tests::{Workplace, fixture};

/// Instructions of the validation set.
pub(crate) const INSTRUCTIONS: usize = 14;

/// Runs a tiny model for one iteration into `origin`: seven instructions of the category math, six
/// of chat, one of code.
pub(crate) fn origin(here: &Workplace) {
    let rows: Vec<String> = (0..INSTRUCTIONS)
        .map(|index| {
            let category = match index {
                0..7 => "math",
                7..13 => "chat",
                _ => "code",
            };
            let prompt = format!("Tell me about number {index} in a few words.");
            let kwargs = json!({"relation": "less than", "num_words": 12});
            let constraint = json!({"id": "length_constraints:number_words", "kwargs": kwargs});
            json!({
                "id": id(index),
                "prompt": prompt,
                "category": category,
                "constraints": [constraint],
            })
            .to_string()
        })
        .collect();
    here.write("validation.jsonl", &rows.join("\n"));
    let config = fs::read_to_string(fixture("runs/tiny-full/tpo.toml")).expect("a configuration");
    let config = config
        .replace("../../models", &fixture("models").display().to_string())
        .replace(
            "\"train.jsonl\"",
            &format!("\"{}\"", fixture("runs/tiny-full/train.jsonl").display()),
        )
        .replace("iterations = 2", "iterations = 1")
        .replace("num_train_epochs = 2", "num_train_epochs = 1");
    here.write("tpo.toml", &config);
    here.succeeds(&["--quiet", "run", "--dir", "origin"]);
}

/// The id of an instruction.
pub(crate) fn id(index: usize) -> String {
    format!("v-{index:02}")
}

/// A copy of `origin` with known outcomes.
pub(crate) struct Crafted {
    db: Connection,
}

impl Crafted {
    /// Copies `origin`. Its base model scores 0.5 everywhere, and every answer has the same tokens.
    pub(crate) fn copy(here: &Workplace, name: &str) -> Self {
        fs::create_dir_all(here.path(name)).expect("a directory");
        let path = here.path(&format!("{name}/run.db"));
        fs::copy(here.path("origin/run.db"), &path).expect("a copy");
        let db = Connection::open(path).expect("the run store");
        let crafted = Self { db };
        crafted.sql(
            "PRAGMA foreign_keys = OFF; \
             DELETE FROM judgments; DELETE FROM candidates WHERE sample > 0; \
             DELETE FROM completions WHERE sample > 0; \
             UPDATE completions SET body = json_set(body, '$.token_ids', json('[1,2,3,4,5]')); \
             UPDATE candidates SET malformed = NULL, thought = 'hm', thought_tokens = 1, \
             response_tokens = 3, response = 'response to ' || instruction_id;",
        );
        crafted.sql(&format!(
            "UPDATE measurements SET model = 'sha256:{name}' WHERE iteration > 0"
        ));
        // Paths of this machine would change the widths of tables.
        crafted
            .setting("$.data.train", &json!("/data/one/train.jsonl"))
            .setting("$.validation[0].data", &json!("/data/one/validation.jsonl"));
        let sampled = json!({
            "instructions": INSTRUCTIONS, "completions": INSTRUCTIONS, "resampled": 0,
            "parsed_first": INSTRUCTIONS, "parsed": INSTRUCTIONS, "malformed": {}, "unscored": {},
            "score_mean": 0.5, "thought_tokens_mean": 1.0, "response_tokens_mean": 3.0,
            "tokens_per_completion": 5.0,
        });
        crafted.set_measurements("$.sampled", &sampled, 0..=1);
        crafted.scores(0, |_| json!({"scored": 0.5}));
        crafted
    }

    /// Replaces the outcomes of the model of an iteration by those of a judge that says no range.
    pub(crate) fn scores(&self, iteration: usize, score: impl Fn(usize) -> Value) -> &Self {
        let rows =
            (0..INSTRUCTIONS).map(|index| json!({"id": id(index), "samples": [score(index)]}));
        let outcomes = json!({ "scores": rows.collect::<Vec<Value>>() });
        self.set_measurements("$.outcomes", &outcomes, iteration..=iteration);
        self.set_measurements("$.score_range", &Value::Null, 0..=iteration);
        self
    }

    /// Replaces the outcomes of a model by wins against the base model.
    pub(crate) fn wins(&self, iteration: usize, win: impl Fn(usize) -> Option<f64>) -> &Self {
        let rows = (0..INSTRUCTIONS).map(|index| json!({"id": id(index), "win": win(index)}));
        let against_base = json!({
            "opponent": {"iteration": 0, "step": 0},
            "rows": rows.collect::<Vec<Value>>(),
        });
        let all = if iteration == 0 {
            json!([])
        } else {
            json!([against_base])
        };
        let outcomes = json!({ "comparisons": all });
        self.set_measurements("$.outcomes", &outcomes, iteration..=iteration);
        self
    }

    /// Replaces a response of the model of iteration 1.
    pub(crate) fn responds(&self, index: usize, response: &str) -> &Self {
        let sql = "UPDATE candidates SET response = ?1 WHERE instruction_id = ?2 AND \
             slice LIKE 'validation/1.%'";
        self.db
            .execute(sql, [response, &id(index)])
            .expect("an update");
        self
    }

    /// Replaces a setting of the configuration.
    pub(crate) fn setting(&self, path: &str, value: &Value) -> &Self {
        let sql = "UPDATE run SET value = json_set(value, ?1, json(?2)) WHERE key = 'config'";
        self.db
            .execute(sql, [path, &value.to_string()])
            .expect("an update");
        self
    }

    /// Changes the store.
    pub(crate) fn sql(&self, sql: &str) -> &Self {
        self.db.execute_batch(sql).expect("valid SQL");
        self
    }

    fn set_measurements(
        &self,
        path: &str,
        value: &Value,
        iterations: std::ops::RangeInclusive<usize>,
    ) {
        for iteration in iterations {
            let sql = "UPDATE measurements SET body = json_set(body, ?1, json(?2)) \
                 WHERE iteration = ?3";
            self.db
                .execute(sql, (path, value.to_string(), iteration as i64))
                .expect("an update");
        }
    }
}

/// The scores of the better of two models: 0.60, 0.61, and so on.
pub(crate) fn good(index: usize) -> Value {
    json!({"scored": 0.6 + index as f64 / 100.0})
}

/// What `tpo compare` prints, for programs.
pub(crate) fn compared(here: &Workplace, arguments: &[&str]) -> Value {
    let arguments = [&["compare"], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&here.succeeds(&arguments).stdout).expect("JSON")
}
