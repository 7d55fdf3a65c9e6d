//! The default model, fetched, sampled from and trained: the quickstart, made small.

use rusqlite::Connection;
use tpo_tests::Workplace;

#[test]
fn the_quickstart_thinks_parses_and_makes_pairs() {
    let here = Workplace::new();
    let small = [
        "quickstart",
        "--set",
        "data.instructions_per_iteration=8",
        "--set",
        "iterations=1",
        "--set",
        "sampling.num_samples=4",
    ];
    let ended = here.succeeds(&small);
    assert!(
        ended.stdout.contains("best model on validation: "),
        "{}",
        ended.stdout
    );

    let db = Connection::open(here.path("runs/quickstart/run.db")).expect("the run store");
    let count = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .expect("a count") as f64
    };
    let completions = count("SELECT count(*) FROM completions");
    let parsed = count("SELECT count(*) FROM candidates WHERE malformed IS NULL");
    assert!(
        parsed / completions >= 0.95,
        "{parsed} of {completions} completions parse"
    );
    let thoughts = count("SELECT count(*) FROM candidates WHERE length(thought) > 0");
    assert!(
        thoughts / parsed > 0.9,
        "{thoughts} of {parsed} candidates have a thought"
    );
    let paired = count("SELECT count(DISTINCT instruction_id) FROM pairs");
    assert!(
        paired >= 0.4 * 8.0,
        "{paired} of 8 instructions give a pair"
    );
}

#[test]
fn the_base_model_chats_sensibly() {
    let here = Workplace::new();
    let answer = here.succeeds(&[
        "chat",
        "--prompt",
        "What is the capital of France?",
        "--max-new-tokens",
        "96",
    ]);
    assert!(answer.stdout.contains("Paris"), "{}", answer.stdout);
}
