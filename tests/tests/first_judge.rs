//! The README's first judge, written outside the workspace: built as the README says and used by a
//! run.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tpo_tests::{Workplace, build_guest, fixture, root};

/// The fenced block that follows a file's name in the README.
fn file_of_readme(name: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let after = readme
        .split_once(&format!("`{name}`\n"))
        .expect("the README names the file")
        .1;
    let block = after
        .split_once("```")
        .expect("a block")
        .1
        .split_once('\n')
        .expect("a language")
        .1;
    block.split_once("```").expect("an end").0.to_owned()
}

/// The component. It is built once: guests share a directory of build results, and one of the same
/// name from another directory would take its place.
static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let here = Workplace::new();
    fs::read(build(&here)).expect("the component")
});

/// Builds the judge in a directory of its own.
fn build(here: &Workplace) -> PathBuf {
    let source = file_of_readme("my-judge/src/lib.rs");
    assert!(
        source.lines().count() <= 60,
        "the first judge fits on a screen"
    );
    let sdk = root().join("plugins/tpo-plugin");
    let manifest = file_of_readme("my-judge/Cargo.toml")
        .replace("../tpo/plugins/tpo-plugin", &sdk.display().to_string());
    here.write("my-judge/Cargo.toml", &manifest);
    here.write("my-judge/src/lib.rs", &source);
    build_guest(&here.path("my-judge")).join("my_judge.wasm")
}

#[test]
fn the_first_judge_of_the_readme_judges_a_run() {
    let here = Workplace::new();
    fs::write(here.path("my-judge.wasm"), &*COMPONENT).expect("a copy");

    let inspected = here
        .succeeds(&["plugin", "inspect", "my-judge.wasm"])
        .stdout;
    assert!(inspected.contains("roles     judge"), "{inspected}");
    assert!(
        inspected.contains("Number of words in a good response."),
        "{inspected}"
    );

    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    here.succeeds(&["run", &config, "--dir", "run", "--judge", "my-judge.wasm"]);
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let (name, sha256): (String, String) = db
        .query_row(
            "SELECT name, sha256 FROM plugins WHERE role = 'judge'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("the judge is recorded");
    assert_eq!(name, "my-judge");
    assert_eq!(
        sha256,
        Sha256::digest(&*COMPONENT)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let own: i64 = db
        .query_row(
            "SELECT count(*) FROM judgments WHERE aspects LIKE '{\"words\":%'",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert!(own > 0, "the scores are the judge's own");
}

#[test]
fn a_configuration_that_the_judge_refuses_stops_before_anything_is_sampled() {
    let here = Workplace::new();
    fs::write(here.path("my-judge.wasm"), &*COMPONENT).expect("a copy");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let judge = ["--judge", "my-judge.wasm", "--set", "judge.config.words=0"];
    let refusal =
        here.refusal(&[&["--quiet", "run", &config, "--dir", "run"], &judge[..]].concat());
    assert!(refusal.starts_with("exit 2"), "{refusal}");
    assert!(
        refusal.contains("`words` is 0; a response needs at least one"),
        "{refusal}"
    );
    assert!(!here.path("run/run.db").exists());
}
