//! A pairwise judge in a run: both orders of every two responses, reduced to scores that choose the
//! pairs.

use rusqlite::Connection;
use serde_json::Value;
use tpo_tests::{Workplace, build_guest, fixture, root};

#[test]
fn a_pairwise_judge_judges_a_run() {
    let here = Workplace::new();
    let component = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    here.succeeds(&[
        "run",
        &config,
        "--dir",
        "run",
        "--judge",
        &component.display().to_string(),
    ]);

    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let count = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .expect("a count")
    };
    assert_eq!(
        count(
            "SELECT count(*) FROM plugins WHERE role = 'pairwise-judge' AND name = 'longer-wins'"
        ),
        1
    );
    let both_orders = count(
        "SELECT sum(n * (n - 1)) FROM (SELECT count(response) AS n FROM candidates GROUP BY \
            slice, instruction_id)",
    );
    assert!(both_orders > 0);
    assert_eq!(count("SELECT count(*) FROM preferences"), both_orders);

    let response = |side: &str| {
        format!(
            "(SELECT length(CAST(c.response AS BLOB)) FROM candidates c WHERE c.slice = x.slice \
                AND \
             c.instruction_id = x.instruction_id AND c.sample = x.{side})"
        )
    };
    let wrong = count(&format!(
        "SELECT count(*) FROM preferences x WHERE x.preference <> CASE sign({first} - {second}) \
            WHEN 1 THEN 'first' \
         WHEN -1 THEN 'second' ELSE 'tie' END",
        first = response("first"),
        second = response("second")
    ));
    assert_eq!(
        wrong, 0,
        "a preference is recorded for other samples than were compared"
    );
    let (longer, shorter) = (response("chosen"), response("rejected"));
    let pairs = "rejected IN (SELECT sample FROM candidates c WHERE c.slice = x.slice AND \
        c.instruction_id = \
                 x.instruction_id AND c.response IS NOT NULL)";
    assert!(count(&format!("SELECT count(*) FROM pairs x WHERE {pairs}")) > 0);
    assert_eq!(
        count(&format!(
            "SELECT count(*) FROM pairs x WHERE {pairs} AND {longer} <= {shorter}"
        )),
        0
    );
}

#[test]
fn an_adaptive_tournament_chooses_the_same_pairs_with_fewer_comparisons() {
    let here = Workplace::new();
    let component = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let (config, judge) = (
        fixture("runs/tiny-full/tpo.toml").display().to_string(),
        component.display().to_string(),
    );
    let run = |name: &str, more: &[&str]| {
        let arguments = [
            "run",
            &config,
            "--dir",
            name,
            "--judge",
            &judge,
            "--set",
            "iterations=1",
        ];
        here.succeeds(&[&arguments, more].concat());
        let db = Connection::open(here.path(&format!("{name}/run.db"))).expect("the run store");
        let mut rows = db
            .prepare("SELECT instruction_id, chosen, rejected FROM pairs ORDER BY 1")
            .expect("the table");
        let rows = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .expect("rows");
        let pairs: Vec<(String, i64, i64)> = rows.collect::<Result<_, _>>().expect("rows");
        let asked = db.query_row(
            "SELECT count(*) FROM preferences WHERE slice = 'train-1'",
            [],
            |row| row.get(0),
        );
        (pairs, asked.expect("a count"))
    };
    let (full, asked): (_, i64) = run("full", &[]);
    let (adaptive, fewer): (_, i64) = run(
        "adaptive",
        &["--set", "judge.tournament=adaptive", "--from", "full"],
    );
    assert_eq!(full, adaptive);
    assert!(fewer < asked, "{fewer} of {asked}");
    let told = here.succeeds(&["status", "adaptive"]).stdout;
    let line = format!(
        "iteration 1, judge: {fewer} comparisons, {} skipped, 0 unscored",
        asked - fewer
    );
    assert!(told.contains(&line), "{told}");

    let refused = here.refusal(&[
        "run",
        &config,
        "--dir",
        "no",
        "--set",
        "judge.tournament=adaptive",
    ]);
    assert!(
        refused.contains("`tournament` has no effect on `rules`: it scores responses one by one"),
        "{refused}"
    );
}

#[test]
fn where_a_judge_likes_length_the_selector_finds_how_much_it_must_count() {
    let here = Workplace::new();
    let component = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let (config, judge) = (
        fixture("runs/tiny-full/tpo.toml").display().to_string(),
        component.display().to_string(),
    );
    let run = |name: &str, rho: &str| -> Value {
        let arguments = [
            "run",
            &config,
            "--dir",
            name,
            "--judge",
            &judge,
            "--set",
            "iterations=1",
            "--set",
            rho,
        ];
        here.succeeds(
            &[
                &arguments[..],
                &["--set", "selector.config.length_unit=tokens"],
            ]
            .concat(),
        );
        let status = here.succeeds(&["status", name, "--format", "json"]).stdout;
        serde_json::from_str::<Value>(&status).expect("JSON")["iterations"][0]["selector"].take()
    };
    let tokens =
        |selector: &Value, side: &str| selector["response_tokens"][side].as_f64().expect("a mean");
    let off = run("off", "selector.config.rho=0");
    assert!(tokens(&off, "chosen") > tokens(&off, "rejected"), "{off}");
    let auto = run("auto", "selector.config.rho=auto");
    assert!(
        tokens(&auto, "chosen") <= tokens(&auto, "rejected"),
        "{auto}"
    );
    assert!(
        auto["reported"]["rho"].as_f64().expect("it is reported") > 0.0,
        "{auto}"
    );
    let rho = auto["reported"]["rho"].to_string();
    let told = here.succeeds(&["status", "auto"]).stdout;
    assert!(told.contains(&format!(", rho {rho}\n")), "{told}");
}
