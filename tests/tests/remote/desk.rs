//! A file of responses, and `tpo judge` asking a scripted server about them.

use std::collections::HashSet;
use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};
use tpo_tests::scripted_server::ScriptedServer;
use tpo_tests::{Ended, Workplace};

/// Asks about every two responses, in both orders.
pub(crate) const SELF_TAUGHT: &str = "self-taught";
/// Asks about each response.
pub(crate) const LLM_RUBRIC: &str = "llm-rubric";

/// A place with responses to judge, and the server to ask about them.
pub(crate) struct Desk {
    pub(crate) here: Workplace,
    base_url: String,
}

impl Desk {
    /// With so many instructions and so many responses to each. Responses to one instruction differ
    /// in length.
    pub(crate) fn new(server: &ScriptedServer, instructions: usize, responses: usize) -> Self {
        let here = Workplace::new();
        let row = |number: usize| {
            // 23 is prime, so no two of fewer responses are alike.
            let response = |which: usize| {
                format!(
                    "Response {which} to {number}:{}",
                    "!".repeat((7 * which + number) % 23)
                )
            };
            let responses: Vec<String> = (0..responses).map(response).collect();
            json!({"id": number.to_string(), "prompt": format!("Question \
                {number}."), "responses": responses})
        };
        let rows: Vec<String> = (0..instructions)
            .map(|number| row(number).to_string())
            .collect();
        here.write("rows.jsonl", &rows.join("\n"));
        Self {
            here,
            base_url: server.base_url(),
        }
    }

    /// `tpo judge` on the rows. A setting is one of the server's; one with a dot in its name is any
    /// key.
    pub(crate) fn command(&self, judge: &str, settings: &[&str]) -> Command {
        let fixed = [
            "judge",
            "--judge",
            judge,
            "--input",
            "rows.jsonl",
            "--replies",
            "replies.db",
        ];
        let mut command = self.here.command(&fixed);
        let base_url = format!("base_url={}", self.base_url);
        for setting in [base_url.as_str(), "model=scripted"].iter().chain(settings) {
            let (name, _) = setting.split_once('=').expect("a setting has a value");
            let within = if name.contains('.') {
                ""
            } else {
                "models.judge.server."
            };
            command.arg("--set").arg(format!("{within}{setting}"));
        }
        command
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn ends(&self, judge: &str, settings: &[&str]) -> Ended {
        self.here
            .ended(&self.command(judge, settings).output().expect("tpo starts"))
    }

    /// Runs it and expects success.
    pub(crate) fn succeeds(&self, judge: &str, settings: &[&str]) -> Ended {
        let ended = self.ends(judge, settings);
        assert_eq!(
            ended.code, 0,
            "tpo judge with {settings:?} failed:\n{}",
            ended.stderr
        );
        ended
    }

    /// Runs it and expects an end that names the model or its server, says what to do, and is no
    /// crash.
    pub(crate) fn fails(&self, judge: &str, settings: &[&str]) -> Ended {
        let ended = self.ends(judge, settings);
        assert!(
            ended.code > 0 && !ended.stderr.contains("panicked"),
            "exit {}:\n{}",
            ended.code,
            ended.stderr
        );
        let is_named =
            ended.stderr.contains(&self.base_url) || ended.stderr.contains("model `judge`");
        assert!(is_named, "the model is not named:\n{}", ended.stderr);
        assert!(
            ended.stderr.contains("hint:"),
            "it does not say what to do:\n{}",
            ended.stderr
        );
        ended
    }

    /// The prompts whose replies are kept.
    pub(crate) fn kept(&self) -> HashSet<String> {
        kept(&self.here, "replies.db")
    }
}

/// The prompts whose replies are kept in a file.
pub(crate) fn kept(here: &Workplace, replies: &str) -> HashSet<String> {
    let path = here.path(replies);
    if !path.exists() {
        return HashSet::new();
    }
    let db = Connection::open(path).expect("the replies");
    let mut requests = db
        .prepare("SELECT request FROM replies")
        .expect("the table");
    let requests = requests
        .query_map([], |row| row.get::<_, String>(0))
        .expect("rows");
    requests
        .map(|request| prompt_of(&request.expect("a row")))
        .collect()
}

/// The last turn of the user in a request as it is kept.
fn prompt_of(request: &str) -> String {
    let request: Value = serde_json::from_str(request).expect("JSON");
    let mut messages = request["messages"].as_array().expect("messages").iter();
    let last = messages
        .rfind(|message| message["role"] == "user")
        .expect("the user's turn");
    last["content"].as_str().expect("a text").to_owned()
}

/// What was printed, one value per response.
pub(crate) fn lines(ended: &Ended) -> Vec<Value> {
    ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}
