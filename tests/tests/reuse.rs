//! What a run makes again when one setting changes, and what it reuses of the run before.

use std::cmp::Ordering;

use rusqlite::Connection;
use tpo_tests::{Workplace, fixture, opinionated};

/// Of the first iteration and the validation before it: slice, stage, items and reused items.
fn stage_outputs(here: &Workplace, run: &str) -> Vec<(String, String, i64, i64)> {
    let db = Connection::open(here.path(&format!("{run}/run.db"))).expect("the run store");
    let sql = "SELECT slice, stage, items, reused FROM stage_outputs WHERE slice IN ('train-1', \
        'validation/base') ORDER BY slice, stage";
    let mut rows = db.prepare(sql).expect("the table");
    let rows = rows
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// What stays when a setting changes: the completions, the judgments.
struct Kept {
    completions: bool,
    judgments: bool,
}

const ALL: Kept = Kept {
    completions: true,
    judgments: true,
};
const COMPLETIONS: Kept = Kept {
    completions: true,
    judgments: false,
};
const NOTHING: Kept = Kept {
    completions: false,
    judgments: false,
};

#[test]
fn only_what_follows_from_a_change_is_made_again() {
    let here = Workplace::new();
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let run = |name: &str, more: &[&str]| {
        let arguments = [
            "run",
            &config,
            "--quiet",
            "--dir",
            name,
            "--set",
            "iterations=1",
        ];
        here.succeeds(&[&arguments, more].concat());
    };
    let rules = "judge.plugin=rules";
    run("first", &["--set", rules]);
    let first = stage_outputs(&here, "first");
    assert_eq!(first.len(), 4, "{first:?}");
    assert!(
        first
            .iter()
            .all(|(_, _, items, reused)| *items > 0 && *reused == 0),
        "{first:?}"
    );

    let table: &[(&str, Kept)] = &[
        ("train.beta=0.2", ALL),
        ("selector.config.rho=0.3", ALL),
        ("selector.config.rho=auto", ALL),
        ("selector.config.malformed_fraction=0", ALL),
        ("selector.plugin=all-pairs", ALL),
        ("judge.config.constraint_weight=2.0", COMPLETIONS),
        (
            "judge.plugin=overlap judge.config.against=instruction",
            COMPLETIONS,
        ),
        ("sampling.temperature=0.7", NOTHING),
        ("seed=8", NOTHING),
        ("thought.config.preset=specific", NOTHING),
    ];
    for (number, (change, kept)) in table.iter().enumerate() {
        let name = format!("changed-{number}");
        let changes = change.split(' ').flat_map(|change| ["--set", change]);
        run(
            &name,
            &["--set", rules, "--from", "first"]
                .into_iter()
                .chain(changes)
                .collect::<Vec<_>>(),
        );
        for (slice, stage, items, reused) in stage_outputs(&here, &name) {
            let keeps = if stage == "sample" {
                kept.completions
            } else {
                kept.judgments
            };
            assert_eq!(
                reused,
                if keeps { items } else { 0 },
                "{change}: {stage} of {slice}, {items} items"
            );
        }
    }
}

/// Replies of models that a run has.
fn replies(here: &Workplace, run: &str) -> i64 {
    let db = Connection::open(here.path(&format!("{run}/replies.db"))).expect("the replies");
    db.query_row("SELECT count(*) FROM replies", [], |row| row.get(0))
        .expect("a count")
}

#[test]
fn a_model_is_asked_again_only_what_it_was_not_asked() {
    let here = Workplace::new();
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let source = |model: &std::path::Path| format!("models.judge.source={}", model.display());
    let model = source(&opinionated(&here, "opinionated", 30.0));
    let other_model = source(&opinionated(&here, "otherwise", 25.0));
    let run = |name: &str, more: &[&str]| {
        let arguments = [
            "run",
            &config,
            "--quiet",
            "--dir",
            name,
            "--set",
            "iterations=1",
            "--judge",
            "self-taught",
        ];
        let verdict = ["--set", "judge.config.verdict=likelier", "--set", &model];
        here.succeeds(&[&arguments[..], &verdict, more].concat());
    };
    run("first", &[]);
    let asked = replies(&here, "first");
    assert!(asked > 0);

    // What changes, what of the first run stays, and how many replies there are then.
    let table: &[(&str, Kept, Option<Ordering>)] = &[
        // Other pairs make another policy, whose validation may have to be judged again.
        ("selector.config.rho=0.3", ALL, None),
        ("selector.plugin=thought-length", ALL, None),
        // How a reply is read, and nothing of what is asked: the model is asked nothing.
        (
            "judge.config.attempts=1",
            COMPLETIONS,
            Some(Ordering::Equal),
        ),
        // What is asked, and who.
        ("judge.config.seed=7", COMPLETIONS, Some(Ordering::Greater)),
        (&other_model, COMPLETIONS, Some(Ordering::Greater)),
    ];
    for (number, (change, kept, than_before)) in table.iter().enumerate() {
        let name = format!("changed-{number}");
        run(&name, &["--set", change, "--from", "first"]);
        for (slice, stage, items, reused) in stage_outputs(&here, &name) {
            let keeps = if stage == "sample" {
                kept.completions
            } else {
                kept.judgments
            };
            assert_eq!(
                reused,
                if keeps { items } else { 0 },
                "{change}: {stage} of {slice}, {items} items"
            );
        }
        let compared = replies(&here, &name).cmp(&asked);
        assert!(
            than_before.is_none_or(|wanted| wanted == compared),
            "{change}: {compared:?} than {asked} replies"
        );
    }
}
