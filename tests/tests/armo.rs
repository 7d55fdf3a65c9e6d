//! ArmoRM's judge through the binary, against PyTorch on a tiny checkpoint with its tensors.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use tpo_tests::{Ended, Workplace, fixture, root};

const OBJECTIVES: usize = 19;
/// Two float32 implementations of one model.
const TOLERANCE: f64 = 1e-4;

fn golden() -> Value {
    let text = fs::read(root().join("tests/golden/armo.json")).expect("the golden file is there");
    serde_json::from_slice(&text).expect("the golden file is JSON")
}

/// The flag that tells the judge where this tokenizer's instructions end.
fn gate(golden: &Value) -> String {
    format!("judge.config.gate_tokens={}", golden["gate_tokens"])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// What the judge says of rows with the tiny checkpoint, response by response.
fn judged(golden: &Value, rows: &[Value]) -> Vec<Value> {
    let here = Workplace::new();
    here.write(
        "rows.jsonl",
        &rows
            .iter()
            .map(|row| format!("{row}\n"))
            .collect::<String>(),
    );
    let model = format!("judge={}", fixture("models/tiny-armo").display());
    let judge = [
        "judge",
        "--judge",
        "armo",
        "--model",
        &model,
        "--set",
        &gate(golden),
        "--quiet",
    ];
    let ended = here.succeeds(
        &[
            &judge[..],
            &["--input", "rows.jsonl", "--replies", "replies.db"],
        ]
        .concat(),
    );
    ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn scores_and_rewards_are_those_of_pytorch() {
    let golden = golden();
    let row = |instruction: &Value| {
        let texts: Vec<&Value> = list(&instruction["responses"])
            .iter()
            .map(|response| &response["response"])
            .collect();
        json!({ "id": instruction["id"], "messages": instruction["messages"], "responses": texts })
    };
    let instructions = list(&golden["instructions"]);
    let rows: Vec<Value> = instructions.iter().map(row).collect();
    let mut lines = judged(&golden, &rows).into_iter();
    for instruction in instructions {
        for (place, expected) in list(&instruction["responses"]).iter().enumerate() {
            let line = lines.next().expect("a line for every response");
            assert_eq!(
                (&line["id"], &line["response"]),
                (&instruction["id"], &json!(place))
            );
            let rewards = line["aspects"].as_object().expect("rewards by objective");
            assert_eq!(rewards.len(), OBJECTIVES);
            for padding in ["", "padded_"] {
                let near = |ours: &Value, theirs: &Value, what: &str| {
                    let (ours, theirs) = (number(ours), number(theirs));
                    assert!(
                        (ours - theirs).abs() < TOLERANCE,
                        "{padding}{what} of {line}: {ours}, not {theirs}"
                    );
                };
                near(
                    &line["score"],
                    &expected[format!("{padding}score")],
                    "score",
                );
                let theirs = list(&expected[format!("{padding}rewards")]);
                assert_eq!(theirs.len(), OBJECTIVES);
                for (objective, theirs) in list(&golden["objectives"]).iter().zip(theirs) {
                    let objective = objective.as_str().expect("a name");
                    near(&rewards[objective], theirs, objective);
                }
            }
        }
    }
    assert_eq!(lines.next(), None);
}

/// It is not cut either: another token than the one that ends the turn would be judged.
#[test]
fn a_conversation_that_is_longer_than_the_context_has_no_score() {
    let row = json!({ "prompt": "Hi", "responses": ["Hello.", "word ".repeat(3000)] });
    let lines = judged(&golden(), &[row]);
    assert!(lines[0]["score"].is_f64(), "{}", lines[0]);
    assert_eq!(lines[1]["unscored"], "the model refused the request");
}

/// A run of one iteration on the tiny policy, judged by the reward model at a path with some more
/// flags.
fn run(here: &Workplace, model: &Path, more: &[&str]) -> Ended {
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let source = format!("models.judge.source={}", model.display());
    let flags = [
        "--quiet",
        "--dir",
        "run",
        "--set",
        "iterations=1",
        "--judge",
        "armo",
        "--set",
        &source,
    ];
    here.tpo(&[&["run", &config], &flags[..], more].concat())
}

fn count(here: &Workplace, sql: &str) -> i64 {
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    db.query_row(sql, [], |row| row.get(0)).expect("a count")
}

#[test]
fn armo_judges_a_run() {
    let here = Workplace::new();
    let ended = run(
        &here,
        &fixture("models/tiny-armo"),
        &["--set", &gate(&golden())],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let judged = count(
        &here,
        "SELECT count(*) FROM judgments WHERE score IS NOT NULL",
    );
    assert!(judged > 20, "{judged} responses have a score");
    assert_eq!(
        count(
            &here,
            "SELECT count(*) FROM judgments WHERE unscored IS NOT NULL"
        ),
        0
    );
    let whole = format!(
        "SELECT count(*) FROM judgments WHERE (SELECT count(*) FROM json_each(aspects)) = \
            {OBJECTIVES} \
         AND abs(json_extract(aspects, '$.\"helpsteer-verbosity\"')) < 1e-6"
    );
    assert_eq!(count(&here, &whole), judged);
    assert!(count(&here, "SELECT count(DISTINCT score) FROM judgments") > 10);
    assert!(count(&here, "SELECT count(*) FROM pairs") > 0);
}

/// A copy of the checkpoint in which one tensor is another, or gone.
fn changed(
    here: &Workplace,
    name: &str,
    change: impl Fn(TensorView<'_>) -> Option<TensorView<'_>>,
) -> PathBuf {
    let copy = here.path("changed");
    fs::create_dir_all(&copy).expect("a directory");
    for file in fs::read_dir(fixture("models/tiny-armo")).expect("the model") {
        let file = file.expect("a file");
        fs::copy(file.path(), copy.join(file.file_name())).expect("a copy");
    }
    let weights = fs::read(copy.join("model.safetensors")).expect("the weights");
    let tensors = SafeTensors::deserialize(&weights).expect("a checkpoint");
    assert!(tensors.tensor(name).is_ok(), "{name}");
    let kept = tensors.tensors().into_iter().filter_map(|(found, tensor)| {
        Some((
            found.clone(),
            if found == name {
                change(tensor)?
            } else {
                tensor
            },
        ))
    });
    let bytes = safetensors::serialize(kept, None).expect("it can be written");
    fs::write(copy.join("model.safetensors"), bytes).expect("a file");
    copy
}

/// That such a run ends before anything is sampled, and what it says.
fn refused(here: &Workplace, model: &Path, more: &[&str]) -> String {
    let ended = run(here, model, more);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (2, ""),
        "{}",
        ended.stderr
    );
    if here.path("run/run.db").exists() {
        assert_eq!(count(here, "SELECT count(*) FROM completions"), 0);
    }
    ended.stderr
}

#[test]
fn a_checkpoint_without_one_of_its_heads_is_refused() {
    for name in [
        "regression_layer.weight",
        "reward_transform_matrix",
        "gating.layers.2.bias",
        "gating.logit_scale",
    ] {
        let here = Workplace::new();
        let model = changed(&here, name, |_| None);
        let told = refused(&here, &model, &["--set", &gate(&golden())]);
        assert!(told.contains(&format!("has no tensor `{name}`")), "{told}");
    }
}

#[test]
fn a_checkpoint_with_a_misshapen_head_is_refused() {
    let names = [
        "regression_layer.weight",
        "reward_transform_matrix",
        "gating.layers.3.weight",
        "gating.layers.0.bias",
    ];
    for name in names {
        let here = Workplace::new();
        let model = changed(&here, name, |tensor| {
            let column = vec![tensor.shape().iter().product(), 1];
            Some(TensorView::new(tensor.dtype(), column, tensor.data()).expect("as many values"))
        });
        let told = refused(&here, &model, &["--set", &gate(&golden())]);
        assert!(
            told.contains(&format!(
                "tensor `{name}` of the model `judge` has the shape ["
            )),
            "{told}"
        );
    }
}

/// With those of Llama 3 nothing would have a score, and the run would notice when it has sampled
/// everything.
#[test]
fn gate_tokens_of_another_tokenizer_are_refused() {
    let here = Workplace::new();
    let told = refused(&here, &fixture("models/tiny-armo"), &[]);
    let expected = "`gate_tokens` are not those of the model `judge`: the tokens [128009, 128006, \
        78191, 128007, 271] are \
                    not in the conversation";
    assert!(told.contains(expected), "{told}");
}
