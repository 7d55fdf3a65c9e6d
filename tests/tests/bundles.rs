//! Plugins by where they are published, as two people on two machines see them: an author and a
//! user, and a real registry between them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../../core/tpo-bundle/tests/registry/debian.rs"]
mod debian;
#[allow(
    dead_code,
    reason = "shared with the tests of bundles, which need all of it"
)]
#[path = "../../core/tpo-bundle/tests/registry/server.rs"]
mod server;

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use tpo_tests::{Ended, Workplace, build_guest, fixture, root};

use server::Server;

/// A machine: a directory to work in, and what `tpo` keeps on it.
struct Machine {
    here: Workplace,
}

impl Machine {
    fn new() -> Self {
        Self {
            here: Workplace::new(),
        }
    }

    fn tpo(&self, arguments: &[&str]) -> Ended {
        let mut command = self.here.command(arguments);
        self.here.ended(
            &command
                .env("TPO_DATA_DIR", self.here.path("data"))
                .output()
                .unwrap(),
        )
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> Ended {
        let ended = self.tpo(arguments);
        assert_eq!(ended.code, 0, "tpo {arguments:?} failed:\n{}", ended.stderr);
        ended
    }

    #[track_caller]
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.tpo(arguments);
        assert_eq!(ended.code, code, "tpo {arguments:?}:\n{}", ended.stderr);
        ended.stderr
    }

    /// A run of its own with the given judge.
    fn run<'a>(&self, judge: &'a str, directory: &'a str, more: &[&'a str]) -> Vec<String> {
        let config = self.here.path("project/tpo.toml");
        if !config.exists() {
            let text = fs::read_to_string(fixture("runs/tiny-full/tpo.toml")).unwrap();
            let models = fixture("models").display().to_string();
            self.here
                .write("project/tpo.toml", &text.replace("../../models", &models));
            for file in ["train.jsonl", "validation.jsonl"] {
                fs::copy(
                    fixture("runs/tiny-full").join(file),
                    self.here.path("project").join(file),
                )
                .unwrap();
            }
        }
        let config = config.display().to_string();
        let words = [
            "--quiet", "run", &config, "--dir", directory, "--judge", judge,
        ];
        words.iter().chain(more).map(ToString::to_string).collect()
    }
}

/// A bundle with the pairwise judge of the tests.
fn bundle(author: &Machine, version: &str) -> PathBuf {
    let component = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let manifest = format!(
        "name = \"longer-wins\"\nversion = \"{version}\"\nlicense = \"Apache-2.0\"\n\
         summary = \"Prefers the longer of two responses\"\ncontract = \"0.1\"\n\n\
         [[component]]\nname = \"longer-wins\"\nfile = \"longer_wins.wasm\"\nroles = \
         [\"pairwise-judge\"]\n"
    );
    author.here.write("bundle/tpo-plugin.toml", &manifest);
    fs::copy(component, author.here.path("bundle/longer_wins.wasm")).unwrap();
    author.here.path("bundle")
}

#[test]
fn a_published_judge_judges_a_run_on_another_machine() {
    let mut registry = Server::start();
    let (author, user) = (Machine::new(), Machine::new());
    let directory = bundle(&author, "1.0.0").display().to_string();
    let name = registry.name("judges/longer-wins");
    author.succeeds(&["plugin", "keygen", "author.key"]);
    let published = author
        .succeeds(&[
            "plugin",
            "publish",
            &directory,
            &name,
            "--key",
            "author.key",
        ])
        .stdout;
    let digest = published
        .trim()
        .rsplit_once("@sha256:")
        .unwrap()
        .1
        .to_owned();
    let tagged = format!("{name}:1.0.0");

    // It is not pinned yet, so a run that may not change the lock file does not get it.
    let words = user.run(&tagged, "run-locked", &["--locked"]);
    let told = user.fails(2, &words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(told.contains("`--locked` does not allow"), "{told}");

    // By reference, it is pinned beside the configuration and used.
    let words = user.run(&tagged, "run-first", &[]);
    user.succeeds(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let lock = fs::read_to_string(user.here.path("project/tpo.lock")).unwrap();
    assert!(lock.contains(&digest) && lock.contains("signer"), "{lock}");
    let db = Connection::open(user.here.path("run-first/run.db")).unwrap();
    let source: String = db
        .query_row(
            "SELECT source FROM plugins WHERE role = 'pairwise-judge'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(
        source.contains(&digest),
        "the record names exactly what ran: {source}"
    );
    let inspected = user.succeeds(&["plugin", "inspect", &tagged]).stdout;
    assert!(
        inspected.contains("roles     pairwise-judge"),
        "{inspected}"
    );

    // The author moves the tag. What is pinned stays in use, and the move is told.
    fs::write(author.here.path("bundle/README.md"), "Other bytes.\n").unwrap();
    author.fails(
        2,
        &[
            "plugin",
            "publish",
            &directory,
            &name,
            "--key",
            "author.key",
        ],
    );
    author.succeeds(&[
        "plugin",
        "publish",
        &directory,
        &name,
        "--key",
        "author.key",
        "--move-tag",
    ]);
    let lock_file = user.here.path("project/tpo.lock").display().to_string();
    let told = user.fails(6, &["plugin", "verify", "--lock", &lock_file]);
    assert!(
        told.contains("the tag of") && told.contains("was moved"),
        "{told}"
    );
    let words = user.run(&tagged, "run-second", &["--locked"]);
    user.succeeds(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        fs::read_to_string(&lock_file).unwrap(),
        lock,
        "no run moves a pin"
    );

    // Only an update does.
    user.succeeds(&["plugin", "update", &tagged, "--lock", &lock_file]);
    assert!(!fs::read_to_string(&lock_file).unwrap().contains(&digest));
    user.succeeds(&["plugin", "verify", "--lock", &lock_file]);

    // Without the registry the lock file and the store are enough.
    registry.stop();
    let words = user.run(&tagged, "run-offline", &["--frozen"]);
    user.succeeds(&words.iter().map(String::as_str).collect::<Vec<_>>());

    // A byte that changes on the user's own disk is noticed before the component is compiled.
    let component = fs::read(author.here.path("bundle/longer_wins.wasm")).unwrap();
    let stored = file_with(&user.here.path("data"), &component);
    let mut damaged = component.clone();
    damaged[1000] ^= 1;
    fs::remove_file(&stored).unwrap();
    fs::write(&stored, damaged).unwrap();
    let words = user.run(&tagged, "run-damaged", &["--frozen"]);
    user.fails(6, &words.iter().map(String::as_str).collect::<Vec<_>>());

    user.succeeds(&["plugin", "remove", &tagged, "--lock", &lock_file]);
    assert!(
        !fs::read_to_string(&lock_file)
            .unwrap()
            .contains("longer-wins")
    );
}

/// What a bundle configures by default is what its component gets, unless the user says otherwise.
#[test]
fn a_bundle_brings_its_own_configuration() {
    let registry = Server::start();
    let (author, user) = (Machine::new(), Machine::new());
    let component = build_guest(&root().join("examples/judge-in-rust")).join("judge_in_rust.wasm");
    let manifest = |words: &str| {
        format!(
            "name = \"three-words\"\nversion = \"1.0.0\"\nlicense = \"Apache-2.0\"\nsummary = \"Likes three words\"\n\
             contract = \"0.1\"\n\n[[component]]\nname = \"three-words\"\nfile = \"judge.wasm\"\nroles = [\"judge\"]\n\
             config-schema = \"schema.json\"\nconfig = {{ words = {words} }}\n"
        )
    };
    author.here.write("bundle/tpo-plugin.toml", &manifest("0"));
    fs::copy(component, author.here.path("bundle/judge.wasm")).unwrap();
    let schema = author
        .succeeds(&["plugin", "inspect", "bundle/judge.wasm", "--format", "json"])
        .stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    author
        .here
        .write("bundle/schema.json", &schema["config_schema"].to_string());
    let name = registry.name("judges/three-words");
    let told = author.fails(3, &["plugin", "publish", "bundle", &name]);
    assert!(
        told.contains("`config/words` of component `three-words` does not match its schema: 0 "),
        "{told}"
    );
    author.here.write("bundle/tpo-plugin.toml", &manifest("3"));
    author.succeeds(&["plugin", "publish", "bundle", &name]);

    let tagged = format!("{name}:1.0.0");
    let scored = |config: &str| {
        let batch = format!(
            r#"{{"role": "judge", "plugin": {{"name": "", "version": "", "sha256": "", "source": ""}}, "config": {config},
               "error": "", "items": [{{"instruction": {{"id": "a", "messages": [], "category": null, "reference": null,
               "metadata": []}}, "responses": ["one two three"]}}]}}"#
        );
        user.here.write("batch.json", &batch);
        let told = user
            .succeeds(&["plugin", "replay", "batch.json", "--plugin", &tagged])
            .stdout;
        let outcomes: serde_json::Value = serde_json::from_str(&told).unwrap();
        outcomes[0]["Score"]["value"].to_string()
    };
    assert_eq!(scored("{}"), "1.0");
    assert_eq!(scored(r#"{"words": 6}"#), (1.0 / 1.5).to_string());
}

/// The file under a directory that holds exactly these bytes.
fn file_with(directory: &std::path::Path, bytes: &[u8]) -> PathBuf {
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if fs::read(&path).unwrap() == bytes {
                return path;
            }
        }
    }
    panic!("the component is not in the store");
}
