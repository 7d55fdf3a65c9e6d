//! What a run says of its models: every figure belongs to one model, and is what the stored
//! completions give when they are counted again.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;
use tpo_tests::{Workplace, build_guest, fixture, root};

const CONFIG: &str = "runs/tiny-full/tpo.toml";

fn run(here: &Workplace, more: &[&str]) {
    let config = fixture(CONFIG).display().to_string();
    here.succeeds(&[&["--quiet", "run", &config, "--dir", "run"], more].concat());
}

fn status(here: &Workplace) -> Value {
    let shown = here.succeeds(&["status", "run", "--format", "json"]).stdout;
    serde_json::from_str(&shown).expect("JSON")
}

/// The slice of a measurement.
fn slice(measurement: &Value) -> String {
    let (set, model) = (measurement["set"].as_str(), &measurement["model"]);
    let set = set.expect("a set");
    match (&model["iteration"], &model["step"]) {
        (iteration, _) if *iteration == 0 => format!("{set}/base"),
        (iteration, step) => format!("{set}/{iteration}.{step}"),
    }
}

fn number(db: &Connection, sql: &str, slice: &str) -> f64 {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, Option<f64>>(0);
    let value = db.query_row(sql, [slice], read).expect("a number");
    value.unwrap_or(f64::NAN)
}

fn assert_close(what: &str, told: &Value, counted: f64) {
    let told = told.as_f64().expect("a number");
    assert!(
        (told - counted).abs() < 1e-9,
        "{what}: {told} is not {counted}"
    );
}

#[test]
fn every_figure_is_that_of_the_stored_completions_of_one_model() {
    let here = Workplace::new();
    run(&here, &[]);
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let status = status(&here);
    let measurements = status["measurements"].as_array().expect("measurements");
    // The base model, and two epochs of two iterations.
    assert_eq!(measurements.len(), 5);
    for measurement in measurements {
        let (slice, sampled) = (slice(measurement), &measurement["sampled"]);
        let count = |sql: &str| number(&db, sql, &slice);
        assert_close(
            "parsed at the first try",
            &sampled["parsed_first"],
            count("SELECT count(response) FROM candidates WHERE slice = ?1 AND sample = 0"),
        );
        assert_close(
            "parsed in the end",
            &sampled["parsed"],
            count(
                "SELECT count(DISTINCT instruction_id) FROM candidates WHERE slice = ?1 AND \
                   response IS NOT NULL",
            ),
        );
        assert_close(
            "resampled",
            &sampled["resampled"],
            count("SELECT count(*) FROM completions WHERE slice = ?1 AND sample > 0"),
        );
        assert_close(
            "response tokens",
            &sampled["response_tokens_mean"],
            count(
                "SELECT avg(response_tokens) FROM candidates WHERE slice = ?1 AND response IS \
                   NOT NULL",
            ),
        );
        assert_close(
            "tokens per completion",
            &sampled["tokens_per_completion"],
            count(
                "SELECT sum(json_array_length(body, '$.token_ids')) / 4.0 FROM completions \
                   WHERE slice = ?1",
            ),
        );
        for row in measurement["outcomes"]["scores"].as_array().expect("rows") {
            let id = row["id"].as_str().expect("an id");
            let outcome = &row["samples"][0];
            let score: Option<f64> = db
                .query_row(
                    "SELECT max(score) FROM judgments WHERE slice = ?1 AND instruction_id = ?2",
                    [&slice, id],
                    |row| row.get(0),
                )
                .expect("a row");
            match score {
                Some(score) => assert_close(id, &outcome["scored"], score),
                None => assert_eq!(outcome, "malformed", "{slice} {id}"),
            }
        }
    }
    for iteration in status["iterations"].as_array().expect("iterations") {
        let number_of = iteration["iteration"].as_i64().expect("a number");
        assert_eq!(iteration["kept"]["iteration"], number_of);
        assert_eq!(iteration["sampled_from"]["iteration"], number_of - 1);
        let checkpoint = here.path(&format!("run/checkpoints/iteration-{number_of}"));
        let kept: String = db
            .query_row(
                "SELECT sha256 FROM iterations WHERE iteration = ?1",
                [number_of],
                |row| row.get(0),
            )
            .expect("an iteration");
        let measured: String = db
            .query_row(
                "SELECT model FROM measurements WHERE iteration = ?1 AND step = ?2",
                [
                    number_of,
                    iteration["kept"]["step"].as_i64().expect("a step"),
                ],
                |row| row.get(0),
            )
            .expect("its measurement");
        assert_eq!(kept, measured, "{}", checkpoint.display());
    }
    let leftovers = fs::read_dir(here.path("run/checkpoints")).expect("the checkpoints");
    for entry in leftovers {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(
            !name.contains("candidate") && !name.contains("partial"),
            "{name}"
        );
    }
}

#[test]
fn a_judge_that_compares_is_asked_about_two_models() {
    let here = Workplace::new();
    let judge = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    run(&here, &["--judge", &judge.display().to_string()]);
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let length = |slice: &str, id: &str| -> Option<i64> {
        db.query_row(
            "SELECT length(CAST(response AS BLOB)) FROM candidates WHERE slice = ?1 AND \
             instruction_id = ?2 AND response IS NOT NULL",
            [slice, id],
            |row| row.get(0),
        )
        .ok()
    };
    let status = status(&here);
    let mut wins = 0;
    for measurement in status["measurements"].as_array().expect("measurements") {
        let slice = slice(measurement);
        let meetings = measurement["outcomes"]["comparisons"]
            .as_array()
            .expect("meetings");
        if slice == "validation/base" {
            assert!(meetings.is_empty());
            continue;
        }
        assert_eq!(
            meetings[0]["opponent"]["iteration"], 0,
            "the base model is met first"
        );
        for meeting in meetings {
            let model = &meeting["opponent"];
            let opponent = match model["iteration"].as_i64() {
                Some(0) => "validation/base".to_owned(),
                _ => format!("validation/{}.{}", model["iteration"], model["step"]),
            };
            for row in meeting["rows"].as_array().expect("rows") {
                let id = row["id"].as_str().expect("an id");
                let expected = match (length(&slice, id), length(&opponent, id)) {
                    (Some(own), Some(other)) if own == other => 0.5,
                    (Some(own), Some(other)) => f64::from(u8::from(own > other)),
                    (Some(_), None) => 1.0,
                    (None, Some(_)) => 0.0,
                    (None, None) => 0.5,
                };
                assert_close(id, &row["win"], expected);
                wins += 1;
            }
        }
    }
    assert!(wins >= 16, "only {wins} comparisons");
    let table = here.succeeds(&["status", "run"]).stdout;
    assert!(table.contains("win rate"), "{table}");
}

#[test]
fn the_last_model_is_kept_where_that_is_asked_for() {
    let here = Workplace::new();
    run(
        &here,
        &[
            "--set",
            "train.keep=last",
            "--set",
            "train.num_train_epochs=3",
        ],
    );
    for iteration in status(&here)["iterations"].as_array().expect("iterations") {
        let pairs = iteration["pairs"].as_i64().expect("a number");
        let steps_per_epoch = (pairs + 3) / 4;
        assert_eq!(iteration["kept"]["step"], 3 * steps_per_epoch);
        assert_eq!(iteration["train"]["steps"], 3 * steps_per_epoch);
    }
}

#[test]
fn training_ends_when_patience_does() {
    let here = Workplace::new();
    // A learning rate this small changes no completion, so no epoch is better than the first.
    run(
        &here,
        &[
            "--set",
            "train.learning_rate=1e-12",
            "--set",
            "train.num_train_epochs=9",
            "--set",
            "train.patience=2",
        ],
    );
    for iteration in status(&here)["iterations"].as_array().expect("iterations") {
        let number = iteration["iteration"].as_i64().expect("a number");
        let steps_per_epoch = (iteration["pairs"].as_i64().expect("a number") + 3) / 4;
        assert_eq!(iteration["kept"]["step"], steps_per_epoch);
        let db = Connection::open(here.path("run/run.db")).expect("the run store");
        let steps: i64 = db
            .query_row(
                "SELECT count(*) FROM steps WHERE iteration = ?1",
                [number],
                |row| row.get(0),
            )
            .expect("a count");
        assert_eq!(steps, 3 * steps_per_epoch);
    }
    let table = here.succeeds(&["status", "run"]).stdout;
    assert!(
        table.contains("best model on validation: the base model"),
        "{table}"
    );
}

#[test]
fn a_second_set_with_its_own_judge_chooses_nothing() {
    let here = Workplace::new();
    let config = fs::read_to_string(fixture(CONFIG)).expect("the configuration");
    let config = config
        .replace("../../models", &fixture("models").display().to_string())
        .replace(
            "\"train.jsonl\"",
            &format!("{:?}", fixture("runs/tiny-full/train.jsonl")),
        )
        .replace(
            "\"validation.jsonl\"",
            &format!("{:?}", fixture("runs/tiny-full/validation.jsonl")),
        );
    here.write(
        "held-out.jsonl",
        "{\"id\": \"h1\", \"prompt\": \"Name a river.\"}\n{\"id\": \"h2\", \"prompt\": \"Spell \
         the word house.\"}\n",
    );
    let second = "\n[[validation]]\nname = \"held-out\"\ndata = \"held-out.jsonl\"\n\
                  [validation.judge]\nplugin = \"overlap\"\nconfig = { against = \"instruction\" }\n";
    here.write("tpo.toml", &format!("{config}{second}"));
    here.succeeds(&["--quiet", "run", "--dir", "run"]);
    let status = status(&here);
    assert_eq!(
        status["validation_sets"],
        serde_json::json!(["validation", "held-out"])
    );
    let of = |set: &str| {
        let all = status["measurements"].as_array().expect("measurements");
        all.iter().filter(|one| one["set"] == set).count()
    };
    // The second set is only measured with the models that are kept.
    assert_eq!((of("validation"), of("held-out")), (5, 3));
    let table = here.succeeds(&["status", "run"]).stdout;
    assert!(table.contains("held-out (chooses nothing)"), "{table}");
}

#[test]
fn an_arm_is_a_run_of_its_own_beside_the_run() {
    let here = Workplace::new();
    run(&here, &["--arm", "direct"]);
    let again = here.succeeds(&["status", "run"]).stdout;
    assert!(again.contains("direct base"), "{again}");
    assert!(again.contains("vs. direct, "), "{again}");
    let ids = |path: &str| {
        let db = Connection::open(here.path(path)).expect("a run store");
        let mut rows = db
            .prepare("SELECT instruction_id FROM prompts WHERE slice = 'train-1' ORDER BY 1")
            .expect("the table");
        let ids = rows
            .query_map([], |row| row.get::<_, String>(0))
            .expect("rows");
        ids.map(|id| id.expect("an id")).collect::<Vec<_>>()
    };
    assert_eq!(ids("run/run.db"), ids("run/arms/direct/run.db"));
    let thoughts = Connection::open(here.path("run/arms/direct/run.db")).expect("a run store");
    let count: i64 = thoughts
        .query_row("SELECT count(thought) FROM candidates", [], |row| {
            row.get(0)
        })
        .expect("a count");
    assert_eq!(count, 0, "the direct arm has no thoughts");
    let status = status(&here);
    assert_eq!(status["arms"][0]["arm"], "direct");
}
