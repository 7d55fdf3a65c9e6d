//! The key goes to the server and nowhere else.

use std::fs;
use std::path::Path;

use serde_json::json;
use tpo_tests::scripted_server::{Reply, ScriptedServer, opinion};
use tpo_tests::{Ended, Workplace};

use crate::desk::{Desk, LLM_RUBRIC, SELF_TAUGHT};
use crate::runs;

const VARIABLE: &str = "SCRIPTED_KEY";
const KEY: &str = "sk-Zq7Vx2Lw9Rt4Yb6Nc8Md1Kf3";
/// So many characters of the key in a row tell too much of it.
const TELLING: usize = 8;

fn holds_key(bytes: &[u8]) -> bool {
    let parts: Vec<&[u8]> = KEY.as_bytes().windows(TELLING).collect();
    bytes.windows(TELLING).any(|bytes| parts.contains(&bytes))
}

/// Neither what was printed nor any file here has the key.
fn keeps_the_key(here: &Workplace, ended: &Ended) {
    assert!(
        !holds_key(ended.stdout.as_bytes()) && !holds_key(ended.stderr.as_bytes()),
        "{}",
        ended.stderr
    );
    let mut files = 0;
    search(&here.path(""), &mut files);
    assert!(files > 1, "there is nothing to search");
}

fn search(directory: &Path, files: &mut usize) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            search(&path, files);
        } else {
            *files += 1;
            assert!(
                !holds_key(&fs::read(&path).expect("a file")),
                "the key is in {}",
                path.display()
            );
        }
    }
}

/// Runs `tpo judge` with the key in its environment.
fn with_key(desk: &Desk, judge: &str, settings: &[&str]) -> Ended {
    let variable = format!("api_key_env={VARIABLE}");
    let settings = [&[variable.as_str()], settings].concat();
    let mut command = desk.command(judge, &settings);
    desk.here.ended(
        &command
            .env(VARIABLE, KEY)
            .arg("--verbose")
            .output()
            .expect("tpo starts"),
    )
}

#[test]
fn a_wrong_key_ends_the_command_and_its_variable_is_named() {
    // A server that repeats the key, wherever it stands in what is told of the answer.
    for before in [0, 240, 250, 255, 260, 265, 270, 280] {
        let server = ScriptedServer::start(move |_| {
            let message = format!("{} incorrect key provided: {KEY}", "x".repeat(before));
            Reply::json(401, &json!({"error": {"message": message}})).into()
        });
        let desk = Desk::new(&server, 20, 3);
        let ended = with_key(&desk, SELF_TAUGHT, &["concurrency=4"]);
        assert!(ended.code > 0, "{}", ended.stderr);
        assert!(
            ended.stderr.contains(VARIABLE) && ended.stderr.contains(&server.base_url()),
            "{}",
            ended.stderr
        );
        assert!(
            server.records().len() <= 4,
            "it was asked {} times",
            server.records().len()
        );
        keeps_the_key(&desk.here, &ended);
    }
}

#[test]
fn a_server_may_repeat_the_key_in_whatever_it_says() {
    let says: [fn() -> Reply; 5] = [
        || {
            Reply::json(
                400,
                &json!({"error": {"message": format!("{KEY} may not ask this")}}),
            )
        },
        || Reply::new(500, "text/plain", format!("nobody knows {KEY}")),
        || Reply::json(200, &json!({"choices": KEY})),
        || Reply::json(200, &json!({"choices": "long".repeat(1 << 20)})),
        || Reply::new(302, "text/plain", "").header("location", &format!("http://127.0.0.1/{KEY}")),
    ];
    for says in says {
        let server = ScriptedServer::start(move |_| says().into());
        let desk = Desk::new(&server, 10, 3);
        let ended = with_key(&desk, LLM_RUBRIC, &["attempts=2", "concurrency=32"]);
        assert!(
            ended.stderr.len() < 100_000,
            "{} bytes are told",
            ended.stderr.len()
        );
        keeps_the_key(&desk.here, &ended);
    }
}

#[test]
fn the_key_is_sent_and_kept_nowhere() {
    let server = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    let desk = Desk::new(&server, 5, 3);
    let ended = with_key(&desk, LLM_RUBRIC, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let sent = ("authorization".to_owned(), format!("Bearer {KEY}"));
    assert!(
        server
            .records()
            .iter()
            .all(|record| record.headers.contains(&sent) && !record.body.contains(KEY))
    );
    keeps_the_key(&desk.here, &ended);

    // Without one nothing is sent.
    let server = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    Desk::new(&server, 5, 3).succeeds(LLM_RUBRIC, &[]);
    assert!(server.records().iter().all(|record| {
        record
            .headers
            .iter()
            .all(|(name, _)| name != "authorization")
    }));
}

#[test]
fn a_run_keeps_the_key_to_itself() {
    let server = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    let here = Workplace::new();
    let variable = format!("models.judge.server.api_key_env={VARIABLE}");
    let mut command = runs::command(&here, &server, &[&variable]);
    let ended = here.ended(&command.env(VARIABLE, KEY).output().expect("tpo starts"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(server.records().iter().all(|record| {
        record
            .headers
            .iter()
            .any(|(name, _)| name == "authorization")
    }));
    keeps_the_key(&here, &ended);
}

#[test]
fn a_key_that_is_not_there_is_missed_before_anything_is_asked() {
    let server = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    let desk = Desk::new(&server, 5, 3);
    let ended = desk.ends(LLM_RUBRIC, &["api_key_env=NO_SUCH_VARIABLE"]);
    assert!(
        ended.code > 0 && ended.stderr.contains("NO_SUCH_VARIABLE"),
        "{}",
        ended.stderr
    );
    let asks_for_one =
        ScriptedServer::start(|_| Reply::json(401, &json!({"error": "who are you?"})).into());
    let ended = Desk::new(&asks_for_one, 5, 3).fails(LLM_RUBRIC, &[]);
    assert!(ended.stderr.contains("api_key_env"), "{}", ended.stderr);
    assert_eq!(server.records().len(), 0);
}
