//! The whole loop on a tiny model: what it keeps, that it resumes, and that it is the same every
//! time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tpo_tests::{Workplace, fixture};

/// Runs a fixture's configuration into `run`.
fn run(here: &Workplace, name: &str) -> String {
    run_in(here, name, &[])
}

/// The same with further arguments.
fn run_in(here: &Workplace, name: &str, more: &[&str]) -> String {
    let config = fixture("runs").join(name).join("tpo.toml");
    let config = config.display().to_string();
    let arguments = [&["run", &config, "--dir", "run"], more].concat();
    here.succeeds(&arguments).stdout
}

/// The settings of each precision of sampling and training that this machine has.
fn precisions() -> Vec<[String; 4]> {
    use tpo_lm::precision::{Precision, TrainPrecision};
    let of_sampling = Precision::ALL.into_iter().filter(|one| one.check().is_ok());
    of_sampling
        .map(|sampling| {
            let training = sampling.in_training().unwrap_or(TrainPrecision::F32);
            [
                "--set".to_owned(),
                format!("engine.precision={sampling}"),
                "--set".to_owned(),
                format!("train.precision={training}"),
            ]
        })
        .collect()
}

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).expect("a count")
}

/// Every file of a run that must not depend on when or how often it was started.
fn outcome(here: &Workplace) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut read = |path: &Path| {
        files.insert(
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            fs::read(path).expect("a file"),
        );
    };
    read(&here.path("run/pairs.jsonl"));
    read(&here.path("run/metrics.jsonl"));
    for entry in
        fs::read_dir(here.path("run/checkpoints/iteration-2")).expect("the last checkpoint")
    {
        read(&entry.expect("an entry").path());
    }
    files
}

#[test]
fn a_run_keeps_everything_it_made() {
    let here = Workplace::new();
    let table = run(&here, "tiny-full");
    assert!(
        table.contains("validation: iteration 2 vs. the base model: "),
        "{table}"
    );
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    assert_eq!(count(&db, "SELECT count(*) FROM instructions"), 16);
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM completions WHERE slice LIKE 'train-%'"
        ),
        12 * 6
    );
    let resampled = count(
        &db,
        "SELECT count(*) FROM completions WHERE slice LIKE 'validation/%' AND sample > 0",
    );
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM completions WHERE slice LIKE 'validation/%'"
        ),
        // The base model, and two epochs of two iterations; some are sampled again.
        5 * 4 + resampled
    );
    assert_eq!(
        count(&db, "SELECT count(*) FROM candidates"),
        count(&db, "SELECT count(*) FROM completions")
    );
    assert_eq!(
        count(&db, "SELECT count(*) FROM judgments"),
        count(
            &db,
            "SELECT count(*) FROM candidates WHERE malformed IS NULL"
        )
    );
    assert_eq!(count(&db, "SELECT count(*) FROM measurements"), 5);
    assert_eq!(count(&db, "SELECT count(*) FROM iterations"), 2);
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM plugins WHERE length(sha256) = 64"
        ),
        4
    );
    let pairs = count(&db, "SELECT count(*) FROM pairs");
    assert!(pairs > 0);
    let dropped = count(&db, "SELECT count(*) FROM drops");
    let paired = count(
        &db,
        "SELECT count(DISTINCT slice || instruction_id) FROM pairs",
    );
    assert_eq!(
        paired + dropped,
        12,
        "every instruction gives a pair or a reason"
    );

    let lines: Vec<Value> = fs::read_to_string(here.path("run/pairs.jsonl"))
        .expect("pairs")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len() as i64, pairs);
    for pair in &lines {
        assert_eq!(pair["prompt"][0]["role"], "user");
        assert_eq!(pair["chosen"][0]["role"], "assistant");
        assert_ne!(pair["chosen"], pair["rejected"]);
    }
}

#[test]
fn two_runs_with_one_seed_are_the_same_bytes() {
    for name in ["tiny-full", "tiny-lora"] {
        let (first, second) = (Workplace::new(), Workplace::new());
        run(&first, name);
        run(&second, name);
        assert!(
            outcome(&first) == outcome(&second),
            "{name}: the two runs differ"
        );
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    for precision in precisions() {
        let precision: Vec<&str> = precision.iter().map(String::as_str).collect();
        killed_and_resumed(&precision);
    }
}

fn killed_and_resumed(precision: &[&str]) {
    let whole = Workplace::new();
    let began = Instant::now();
    run_in(&whole, "tiny-full", precision);
    let took = began.elapsed();

    let killed = Workplace::new();
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let arguments = [&["run", &config, "--dir", "run"], precision].concat();
    let mut kills = 0;
    for part in 1..8 {
        let mut child = killed
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tpo starts");
        thread::sleep(
            took.mul_f64(f64::from(part) / 8.0)
                .max(Duration::from_millis(20)),
        );
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("SIGKILL");
            kills += 1;
        }
        child.wait().expect("a child");
    }
    assert!(kills > 0, "no start was killed before its end");
    run_in(&killed, "tiny-full", precision);
    assert!(
        outcome(&whole) == outcome(&killed),
        "{precision:?}: the resumed run differs"
    );
}

#[test]
fn a_run_on_another_engine_says_so_where_there_is_work() {
    let here = Workplace::new();
    run(&here, "tiny-full");
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let execute = |sql: &str| db.execute(sql, []).expect("an update");
    let engines = || -> Vec<String> {
        let of = |key: &str| {
            let sql = "SELECT value FROM run WHERE key = ?1";
            db.query_row(sql, [key], |row| row.get(0))
                .expect("an engine")
        };
        vec![of("engine"), of("train_engine")]
    };
    let own = engines();
    execute("UPDATE run SET value = 'other' WHERE key IN ('engine', 'train_engine')");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let resume = || here.succeeds(&["run", &config, "--dir", "run"]).stderr;
    let said = resume();
    assert!(
        !said.contains("engine"),
        "a finished run is made by no other: {said}"
    );
    assert_eq!(engines(), ["other", "other"]);

    execute("DELETE FROM iterations WHERE iteration = 2");
    execute("UPDATE completions SET cache_key = 'other' WHERE slice = 'train-2'");
    let said = resume();
    for (work, engine) in [("sampled", &own[0]), ("trained", &own[1])] {
        let sentence =
            format!("the engine `other` has {work} here before; from here on `{engine}`");
        assert!(said.contains(&sentence), "{said}");
    }
    let both: Vec<String> = own.iter().map(|own| format!("other, then {own}")).collect();
    assert_eq!(engines(), both);
}

#[test]
fn a_finished_run_only_prints_its_table_again() {
    let here = Workplace::new();
    let first = run(&here, "tiny-full");
    let files = outcome(&here);
    assert_eq!(run(&here, "tiny-full"), first);
    assert!(outcome(&here) == files);
    assert_eq!(here.succeeds(&["status", "run"]).stdout, first);
    let json: Value =
        serde_json::from_str(&here.succeeds(&["status", "run", "--format", "json"]).stdout)
            .expect("JSON");
    assert_eq!(json["iterations"].as_array().map(Vec::len), Some(2));
}

#[test]
fn however_its_configuration_is_named_a_run_is_the_same() {
    let here = Workplace::new();
    for file in ["train.jsonl", "validation.jsonl"] {
        let text = fs::read_to_string(fixture("runs/tiny-full").join(file)).expect("a file");
        here.write(&format!("mine/{file}"), &text);
    }
    let text = fs::read_to_string(fixture("runs/tiny-full/tpo.toml")).expect("a file");
    let model = fixture("models/tiny-llama").display().to_string();
    here.write(
        "mine/tpo.toml",
        &text.replace("../../models/tiny-llama", &model),
    );
    let first = here.succeeds(&["run", "mine/tpo.toml", "--dir", "run"]);
    let again = here.succeeds(&["run", "./mine/../mine/tpo.toml", "--dir", "run"]);
    assert_eq!(again.stdout, first.stdout);
    let inside = here
        .command(&["run", "tpo.toml", "--dir", "../run"])
        .current_dir(here.path("mine"))
        .output()
        .expect("tpo starts");
    let errors = String::from_utf8_lossy(&inside.stderr);
    assert!(inside.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&inside.stdout), first.stdout);
}

#[test]
fn a_run_to_reuse_and_a_name_are_checked_by_a_dry_run() {
    let here = Workplace::new();
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    for (option, told) in [
        (
            ["--from", "nowhere"],
            "`--from nowhere` is not a run directory",
        ),
        (["--set", "name=../x"], "`name` is `../x`"),
    ] {
        let arguments = ["--quiet", "run", &config, "--dir", "run", "--dry-run"];
        let refusal = here.refusal(&[&arguments[..], &option].concat());
        assert!(
            refusal.starts_with("exit 2") && refusal.contains(told),
            "{refusal}"
        );
    }
}

#[test]
fn other_settings_in_the_same_directory_are_refused() {
    let here = Workplace::new();
    run(&here, "tiny-full");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let refusal = here.refusal(&[
        "--quiet",
        "run",
        &config,
        "--dir",
        "run",
        "--set",
        "train.beta=0.5",
    ]);
    assert!(refusal.starts_with("exit 2"), "{refusal}");
    assert!(refusal.contains("train.beta: 0.1 -> 0.5"), "{refusal}");
}

#[test]
fn when_no_pair_comes_out_the_reasons_and_three_completions_are_shown() {
    let here = Workplace::new();
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let arguments = [
        "--quiet",
        "run",
        &config,
        "--dir",
        "run",
        "--set",
        "sampling.max_new_tokens=9",
    ];
    let refusal = here.refusal(&arguments);
    assert!(
        refusal.starts_with("exit 4\nerror: iteration 1 gives no pair"),
        "{refusal}"
    );
    assert_eq!(
        refusal.matches("--- a completion of").count(),
        3,
        "{refusal}"
    );
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    assert_eq!(
        count(
            &db,
            "SELECT count(*) FROM completions WHERE slice = 'train-1'"
        ),
        // Six completions per instruction, and six more because none of them parsed.
        6 * 12
    );
}
