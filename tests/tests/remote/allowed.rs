//! What the server asks for, and what the user allows, is kept to: how many requests at once, and
//! when; and an end is an end.

use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tpo_tests::scripted_server::{Conduct, Outcome, Reply, ScriptedServer, opinion, reading};

use crate::desk::{Desk, LLM_RUBRIC, SELF_TAUGHT, lines};

#[test]
fn never_more_at_once_than_allowed() {
    // More comparisons than one call of the judge is given, so that two calls go on at the same
    // time.
    let server = ScriptedServer::start(|asked| {
        Reply::good(asked, &opinion(asked))
            .late(Duration::from_millis(2))
            .into()
    });
    Desk::new(&server, 64, 5).succeeds(SELF_TAUGHT, &["concurrency=5"]);
    assert_eq!(server.records().len(), 64 * 20);
    let most = server.most_at_once();
    assert!((2..=5).contains(&most), "{most} at once");
}

/// Limits the rate: a header, its value, and when the server may be asked again.
type Peace = fn() -> (&'static str, String, Instant);

/// Every way to ask for it.
const WAYS: [Peace; 3] = [
    || {
        (
            "retry-after",
            "1".into(),
            Instant::now() + Duration::from_secs(1),
        )
    },
    || {
        (
            "retry-after-ms",
            "400".into(),
            Instant::now() + Duration::from_millis(400),
        )
    },
    || {
        // A date has no parts of a second.
        let text = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
        let (now, date) = (
            Instant::now(),
            httpdate::parse_http_date(&text).expect("a date"),
        );
        (
            "retry-after",
            text,
            now + date
                .duration_since(SystemTime::now())
                .expect("in the future"),
        )
    },
];

#[test]
fn a_server_is_not_asked_before_the_time_that_it_names() {
    const CONCURRENCY: usize = 4;
    for peace in WAYS {
        let (name, _, _) = peace();
        let state = Mutex::new((0, None));
        let server = ScriptedServer::start(move |asked| {
            let mut state = state.lock().expect("a lock");
            let (requests, storm) = &mut *state;
            *requests += 1;
            if *requests == 10 {
                let (_, value, end) = peace();
                *storm = Some((value, end));
            }
            match storm {
                Some((value, end)) if Instant::now() < *end => {
                    Reply::json(429, &json!({"error": "busy"}))
                        .header(name, value)
                        .into()
                }
                _ => Reply::good(asked, &opinion(asked)).into(),
            }
        });
        let ended =
            Desk::new(&server, 10, 3).succeeds(SELF_TAUGHT, &["concurrency=4", "attempts=3"]);
        assert!(
            lines(&ended).iter().all(|line| line["score"].is_f64()),
            "{name}:\n{}",
            ended.stdout
        );
        // Besides the one that was told, those that were on their way. Whoever came before the time
        // would be refused, too.
        let refused = server
            .records()
            .iter()
            .filter(|record| record.outcome == Outcome::Unanswered)
            .count();
        assert!(
            (1..=CONCURRENCY).contains(&refused),
            "{name}: {refused} requests were refused"
        );
        assert_eq!(server.answers().len(), 60);
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = ScriptedServer::start(|asked| {
        match reading(&asked.prompt).map(|response| response.as_bytes()[9]) {
            Some(b'0') => Conduct::Hang,
            Some(b'1') => Reply::good(asked, &opinion(asked))
                .late(Duration::from_secs(20))
                .into(),
            // Something comes all the time, and never the end.
            _ => Reply::good(asked, &opinion(asked))
                .slow(200, Duration::from_millis(100))
                .into(),
        }
    });
    let desk = Desk::new(&server, 2, 3);
    let begun = Instant::now();
    let ended = desk.succeeds(LLM_RUBRIC, &["attempts=2", "timeout_seconds=1"]);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "it took {:?}",
        begun.elapsed()
    );
    assert!(
        lines(&ended)
            .iter()
            .all(|line| line["unscored"] == "the model failed"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("6 unscored: the model failed"),
        "{}",
        ended.stderr
    );
    assert!(
        server.times_asked().values().all(|times| *times == 2),
        "{:?}",
        server.times_asked()
    );
}

#[test]
fn many_that_fail_do_not_mean_that_the_server_is_gone() {
    // They take longest, so they are the last ones of all, one behind the other.
    let server = ScriptedServer::start(|asked| {
        match reading(&asked.prompt).map(|response| response.as_bytes()[9]) {
            Some(b'0') => Conduct::HangUp,
            _ => Reply::good(asked, &opinion(asked)).into(),
        }
    });
    let desk = Desk::new(&server, 50, 8);
    let settings = ["attempts=2", "concurrency=32"];
    let first = desk.succeeds(LLM_RUBRIC, &settings);
    assert!(
        first.stderr.contains("350 responses scored"),
        "{}",
        first.stderr
    );
    assert!(
        first.stderr.contains("50 unscored: the model failed"),
        "{}",
        first.stderr
    );
    // Now nothing else is left to be asked.
    assert!(desk.succeeds(LLM_RUBRIC, &settings).stdout == first.stdout);
    assert_eq!(
        server
            .answers()
            .values()
            .filter(|texts| texts.len() > 1)
            .count(),
        1,
        "asked again, besides one question"
    );
}

#[test]
fn what_no_other_try_would_help_ends_the_command_at_once() {
    let elsewhere = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    for status in [301, 302, 307, 308, 403, 404, 405] {
        let location = format!("{}/chat/completions", elsewhere.base_url());
        let server = ScriptedServer::start(move |_| {
            Reply::json(
                status,
                &json!({"error": {"message": "not here, my friend"}}),
            )
            .header("location", &location)
            .into()
        });
        let ended = Desk::new(&server, 40, 3).fails(SELF_TAUGHT, &["concurrency=4"]);
        assert!(
            ended.stderr.contains(&status.to_string()),
            "{status}:\n{}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains("not here, my friend"),
            "{status}:\n{}",
            ended.stderr
        );
        assert!(
            server.records().len() <= 4,
            "{status}: it was asked {} times",
            server.records().len()
        );
    }
    assert_eq!(elsewhere.records().len(), 0, "a redirection was followed");
}

#[test]
fn minutes_are_kept_to() {
    let server = ScriptedServer::start(|asked| Reply::good(asked, &opinion(asked)).into());
    let desk = Desk::new(&server, 10, 3);
    let mut command = desk.command(SELF_TAUGHT, &["requests_per_minute=12", "concurrency=5"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("tpo starts");
    server.wait_for_answers(12);
    // All the others would be there long since.
    thread::sleep(Duration::from_secs(2));
    child.kill().expect("SIGKILL");
    child.wait().expect("a child");
    assert_eq!(server.records().len(), 12);
}
