//! From an empty directory to a run, in every language: `tpo plugin new`, `build`, `check`, `test`,
//! `tpo run --judge`.
//!
//! The compilers are downloaded from package registries once and kept in the user's cache.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use tpo_tests::{Ended, Workplace, fixture, root};

/// Builds a project as its author would; Rust shares what it compiles with the other tests' guests.
fn build(here: &Workplace, project: &str) -> Ended {
    let mut command = here.command(&["plugin", "build", project]);
    command.env("CARGO_TARGET_DIR", root().join("target/guests-of-tests"));
    let ended = here.ended(&command.output().expect("tpo starts"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended
}

/// Creates a project for a role, builds it, and runs its test cases.
fn author(here: &Workplace, name: &str, language: &str, role: &str) {
    here.succeeds(&["plugin", "new", name, "--lang", language, "--role", role]);
    let built = build(here, name);
    assert!(
        built
            .stdout
            .starts_with(&format!("ok     {name}/{name}.wasm: {name} 0.1.0\n")),
        "{}",
        built.stdout
    );
    here.succeeds(&["plugin", "check", name]);
    let tested = here.succeeds(&["plugin", "test", &format!("{name}/{name}.wasm")]);
    assert!(
        tested
            .stdout
            .contains("  ok       gives the expected outcomes (1 of "),
        "{}",
        tested.stdout
    );
}

fn from_an_empty_directory_to_a_run(language: &str) {
    let here = Workplace::new();
    author(&here, "fresh", language, "judge");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let words = "judge.config.words=7";
    here.succeeds(&[
        "run",
        &config,
        "--dir",
        "run",
        "--judge",
        "fresh/fresh.wasm",
        "--set",
        words,
    ]);
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let name: String = db
        .query_row("SELECT name FROM plugins WHERE role = 'judge'", [], |row| {
            row.get(0)
        })
        .expect("the judge is recorded");
    assert_eq!(name, "fresh");
    let own: i64 = db
        .query_row(
            "SELECT count(*) FROM judgments WHERE aspects LIKE '{\"words\":%'",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert!(own > 0, "the scores are the judge's own");
    // In Rust the SDK checks the bounds of the schema; elsewhere the plugin has its own message.
    let told = match language {
        "rust" => "`words` is 0; it must be at least 1",
        _ => "a whole number from 1",
    };
    let refusal = here.refusal(&[
        "-q",
        "run",
        &config,
        "--dir",
        "other",
        "--judge",
        "fresh/fresh.wasm",
        "--set",
        "judge.config.words=0",
    ]);
    assert!(
        refusal.starts_with("exit 2") && refusal.contains(told),
        "{refusal}"
    );
}

#[test]
fn rust() {
    from_an_empty_directory_to_a_run("rust");
}

#[test]
fn python() {
    from_an_empty_directory_to_a_run("python");
}

#[test]
fn javascript() {
    from_an_empty_directory_to_a_run("javascript");
}

#[test]
fn c() {
    from_an_empty_directory_to_a_run("c");
}

#[test]
fn go() {
    from_an_empty_directory_to_a_run("go");
}

#[test]
fn the_other_roles() {
    for language in ["rust", "python", "javascript"] {
        let here = Workplace::new();
        for role in ["pairwise-judge", "response-parser", "pair-selector"] {
            author(&here, &format!("a-{role}"), language, role);
        }
    }
}

/// The interpreter would end the instance without a message; the templates report it.
#[test]
fn exception_messages_are_reported() {
    let cases = [
        (
            "python",
            "plugin.py",
            "    words = len(response.split())\n",
            "    words = len(response.split)\n",
            "TypeError",
        ),
        (
            "javascript",
            "plugin.js",
            "  if (words === 0) ",
            "  if (wrods === 0) ",
            "ReferenceError",
        ),
    ];
    for (language, file, right, wrong, error) in cases {
        let here = Workplace::new();
        here.succeeds(&["plugin", "new", "mine", "--lang", language]);
        let source = fs::read_to_string(here.path("mine").join(file)).expect("the source");
        assert!(source.contains(right), "{source}");
        here.write(&format!("mine/{file}"), &source.replace(right, wrong));
        build(&here, "mine");
        let tested = here.tpo(&["plugin", "test", "mine/mine.wasm"]);
        assert_eq!(tested.code, 4, "{}", tested.stdout);
        assert!(tested.stdout.contains(error), "{}", tested.stdout);
    }
}

#[test]
fn the_tests_of_a_new_project_in_rust_run_natively() {
    let here = Workplace::new();
    for role in [
        "judge",
        "pairwise-judge",
        "thought-template",
        "pair-selector",
    ] {
        here.succeeds(&["plugin", "new", role, "--lang", "rust", "--role", role]);
        let mut cargo = Command::new("cargo");
        cargo
            .arg("test")
            .current_dir(here.path(role))
            .env("CARGO_TARGET_DIR", root().join("target/guests-of-tests"));
        let output = cargo.output().expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains(" passed; 0 failed"), "{said}");
    }
}

/// The examples are what `tpo plugin new` writes, except that a new project also has copies of the
/// contract and the SDK.
#[test]
fn the_examples_match_new_projects() {
    for language in ["rust", "python", "javascript", "c", "go"] {
        let name = format!("judge-in-{language}");
        let here = Workplace::new();
        here.succeeds(&["plugin", "new", &name, "--lang", language]);
        let own = |file: &str| file.starts_with("wit/") || file.starts_with("sdk/");
        let files: Vec<String> = files(&here.path(&name))
            .into_iter()
            .filter(|file| !own(file))
            .collect();
        assert!(files.len() >= 5, "{files:?}");
        for file in files {
            let shown = root().join("examples").join(&name).join(&file);
            let written = fs::read_to_string(here.path(&name).join(&file)).expect("a written file");
            let written = without_copies(&written);
            if std::env::var_os("UPDATE_EXAMPLES").is_some() {
                fs::create_dir_all(shown.parent().expect("an example")).expect("a directory");
                fs::write(&shown, &written).expect("an example's file");
            }
            let shown = fs::read_to_string(&shown).unwrap_or_default();
            assert_eq!(
                shown, written,
                "{name}/{file}: UPDATE_EXAMPLES=1 updates it"
            );
        }
    }
}

/// The text as it is in this repository, which has the contract and the SDK elsewhere.
fn without_copies(text: &str) -> String {
    let is_copy = |line: &str| {
        line.starts_with("wit = ") || line.starts_with("| `wit/`") || line.starts_with("| `sdk/`")
    };
    let lines: Vec<&str> = text.split('\n').filter(|line| !is_copy(line)).collect();
    lines
        .join("\n")
        .replace("path = \"sdk\"", "path = \"../../plugins/tpo-plugin\"")
}

fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
    {
        let name = entry
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if entry.is_dir() {
            found.extend(
                files(&entry)
                    .into_iter()
                    .map(|inner| format!("{name}/{inner}")),
            );
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn invalid_projects_are_refused() {
    let here = Workplace::new();
    here.write("full/file", "");
    here.write("no-language/tpo-plugin.toml", MANIFEST);
    here.write(
        "two/tpo-plugin.toml",
        &format!("{MANIFEST}[[component]]\nname = \"b\"\nfile = \"b.wasm\"\nroles = [\"judge\"]\n"),
    );
    here.succeeds(&["plugin", "new", "broken", "--lang", "c"]);
    here.write(
        "broken/plugin.c",
        "#include \"judge_plugin.h\"\nint wrong(void) { return nothing; }\n",
    );
    let refusals = [
        here.refusal(&["plugin", "new", "My_Judge", "--lang", "rust"]),
        here.refusal(&["plugin", "new", "mine", "--lang", "cobol"]),
        here.refusal(&["plugin", "new", "full", "--lang", "rust"]),
        here.refusal(&[
            "plugin",
            "new",
            "mine",
            "--lang",
            "go",
            "--role",
            "pair-selector",
        ]),
        here.refusal(&["plugin", "build", "nowhere"]),
        here.refusal(&["plugin", "build", "no-language"]),
        here.refusal(&["plugin", "build", "two"]),
    ];
    insta::assert_snapshot!(refusals.join("\n\n"));
    let refusal = here.refusal(&["plugin", "build", "broken"]);
    assert!(
        refusal.contains("the C compiler failed to build the plugin"),
        "{refusal}"
    );
    assert!(
        refusal.contains("plugin.c:2:") && refusal.contains("nothing"),
        "the compiler's own message: {refusal}"
    );
    assert!(!here.path("mine").exists());
}

const MANIFEST: &str = "name = \"a\"\nversion = \"0.1.0\"\nlicense = \"MIT\"\nsummary = \"A \
    test\"\ncontract = \"0.1\"\n\
    [[component]]\nname = \"a\"\nfile = \"a.wasm\"\nroles = [\"judge\"]\n";
