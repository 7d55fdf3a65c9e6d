//! Whatever ends a command, running it again resumes it: what was answered is kept and not asked
//! again.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use tpo_tests::scripted_server::{Asked, Conduct, Reply, ScriptedServer, opinion, tokens};

use crate::desk::{Desk, LLM_RUBRIC, SELF_TAUGHT};

const INSTRUCTIONS: usize = 40;
const RESPONSES: usize = 3;
/// Requests that all of them take.
const COMPARISONS: usize = INSTRUCTIONS * RESPONSES * (RESPONSES - 1);
const CONCURRENCY: usize = 4;

fn good(asked: &Asked) -> Conduct {
    Reply::good(asked, &opinion(asked))
        .late(Duration::from_millis(3))
        .into()
}

/// What is printed when nothing comes between.
fn undisturbed() -> String {
    let server = ScriptedServer::start(good);
    let ended =
        Desk::new(&server, INSTRUCTIONS, RESPONSES).succeeds(SELF_TAUGHT, &["concurrency=4"]);
    assert_eq!(server.records().len(), COMPARISONS);
    ended.stdout
}

/// The prompts that were answered well.
fn answered(server: &ScriptedServer) -> HashSet<String> {
    server.answers().into_keys().collect()
}

/// The prompts that came behind the first so many requests.
fn asked_behind(server: &ScriptedServer, requests: usize) -> HashSet<String> {
    server
        .records()
        .into_iter()
        .skip(requests)
        .map(|record| record.prompt)
        .collect()
}

#[test]
fn what_was_answered_before_a_kill_is_not_asked_again() {
    let server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let settings = ["concurrency=4"];
    let mut kills = 0;
    for answers in [20, 70, 75, 150, 210] {
        let (kept, requests) = (desk.kept(), server.records().len());
        let mut child = desk
            .command(SELF_TAUGHT, &settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tpo starts");
        server.wait_for_answers(answers);
        assert!(
            child.try_wait().expect("a child").is_none(),
            "it ended before it could be killed"
        );
        child.kill().expect("SIGKILL");
        child.wait().expect("a child");
        kills += 1;
        assert!(
            asked_behind(&server, requests).is_disjoint(&kept),
            "what was kept is asked again"
        );
        let kept = desk.kept();
        let lost = answered(&server).difference(&kept).count();
        assert!(
            lost <= CONCURRENCY,
            "{lost} replies were lost in kill {kills}, with {CONCURRENCY} on their way"
        );
    }
    let (kept, requests) = (desk.kept(), server.records().len());
    let ended = desk.succeeds(SELF_TAUGHT, &settings);
    assert!(
        asked_behind(&server, requests).is_disjoint(&kept),
        "what was kept is asked again"
    );
    assert!(
        ended.stdout == undisturbed(),
        "killed and started again it ends otherwise"
    );
    assert_eq!(answered(&server).len(), COMPARISONS);
    let twice = server.records().len() - COMPARISONS;
    assert!(
        twice <= kills * CONCURRENCY,
        "{twice} requests too many after {kills} kills"
    );
}

#[test]
fn a_server_that_goes_away_ends_the_command_until_it_is_back() {
    let mut server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let settings = ["concurrency=4", "attempts=2"];
    let child = desk
        .command(SELF_TAUGHT, &settings)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tpo starts");
    server.wait_for_answers(60);
    server.stop();
    let ended = desk.here.ended(&child.wait_with_output().expect("a child"));
    assert!(
        ended.code > 0 && ended.stderr.contains(&server.base_url()),
        "exit {}:\n{}",
        ended.code,
        ended.stderr
    );
    assert!(
        ended.stderr.contains("hint:"),
        "it does not say what to do:\n{}",
        ended.stderr
    );
    // Nobody is there, still.
    desk.fails(SELF_TAUGHT, &settings);

    let (kept, requests) = (desk.kept(), server.records().len());
    let lost = answered(&server).difference(&kept).count();
    assert!(
        kept.len() >= 60 - CONCURRENCY && lost <= CONCURRENCY,
        "{} are kept, {lost} lost",
        kept.len()
    );
    server.restart();
    let ended = desk.succeeds(SELF_TAUGHT, &settings);
    assert!(
        ended.stdout == undisturbed(),
        "interrupted it ends otherwise"
    );
    assert!(
        asked_behind(&server, requests).is_disjoint(&kept),
        "what was kept is asked again"
    );
    assert_eq!(server.records().len() - requests, COMPARISONS - kept.len());
}

#[test]
fn too_few_requests_to_call_a_server_gone_are_made_again_by_the_next_command() {
    let mut server = ScriptedServer::start(good);
    let desk = Desk::new(&server, 1, 2);
    server.stop();
    let ended = desk.succeeds(LLM_RUBRIC, &["attempts=2"]);
    assert!(
        ended.stderr.contains("2 unscored: the model failed"),
        "{}",
        ended.stderr
    );
    server.restart();
    let ended = desk.succeeds(LLM_RUBRIC, &["attempts=2"]);
    assert!(
        ended.stderr.contains("2 responses scored"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_budget_is_spent_and_the_rest_is_asked_with_the_next() {
    let server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let calls = ["concurrency=4", "max_requests=100"];
    for spent in [100, 200] {
        let ended = desk.fails(SELF_TAUGHT, &calls);
        assert!(
            ended.stderr.contains("max_requests"),
            "the budget is not named:\n{}",
            ended.stderr
        );
        assert_eq!((server.records().len(), desk.kept().len()), (spent, spent));
    }
    let ended = desk.fails(SELF_TAUGHT, &["max_total_tokens=10"]);
    assert!(
        ended.stderr.contains("max_total_tokens"),
        "the budget is not named:\n{}",
        ended.stderr
    );
    assert_eq!(server.records().len(), 200);
    let ended = desk.succeeds(SELF_TAUGHT, &["concurrency=4", "max_requests=1000"]);
    assert!(ended.stdout == undisturbed(), "in parts it ends otherwise");
    assert_eq!(server.records().len(), COMPARISONS);
}

#[test]
fn tokens_are_counted_as_the_server_counts_them() {
    const BUDGET: usize = 10_000;
    let server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let budget = format!("max_total_tokens={BUDGET}");
    let ended = desk.fails(
        SELF_TAUGHT,
        &["concurrency=4", &budget, "judge.config.max_new_tokens=64"],
    );
    assert!(
        ended.stderr.contains("max_total_tokens"),
        "the budget is not named:\n{}",
        ended.stderr
    );
    let answers = server.answers();
    let texts = answers
        .iter()
        .flat_map(|(prompt, texts)| texts.iter().map(move |text| (prompt, text)));
    let used: usize = texts
        .map(|(prompt, text)| tokens(prompt, text).iter().sum::<usize>())
        .sum();
    // The last one of which it is not known whether it is too much is not asked.
    assert!(
        (BUDGET / 2..=BUDGET).contains(&used),
        "{used} tokens were used of {BUDGET}"
    );
}

#[test]
fn who_asks_the_same_asks_nothing() {
    let mut server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let first = desk.succeeds(SELF_TAUGHT, &[]);
    let rated = desk.succeeds(LLM_RUBRIC, &[]);
    server.stop();
    for reading in [
        "judge.config.attempts=7",
        "attempts=1",
        "max_requests=1",
        "concurrency=1",
        "judge.on_error=unscored",
    ] {
        assert!(
            desk.succeeds(SELF_TAUGHT, &[reading]).stdout == first.stdout,
            "{reading}"
        );
    }
    assert!(
        desk.succeeds(LLM_RUBRIC, &["judge.config.attempts=7"])
            .stdout
            == rated.stdout
    );
    assert_eq!(
        server.records().len(),
        COMPARISONS + INSTRUCTIONS * RESPONSES
    );
    // Some of the comparisons are enough for it.
    desk.succeeds(SELF_TAUGHT, &["judge.tournament=adaptive"]);
    // Nobody is there who could answer anything else.
    desk.fails(SELF_TAUGHT, &["judge.config.seed=1", "attempts=1"]);
}

#[test]
fn where_replies_cannot_be_kept_no_more_are_paid_for() {
    let server = ScriptedServer::start(good);
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let mut command = desk.command(SELF_TAUGHT, &["concurrency=4"]);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tpo starts");
    server.wait_for_answers(20);
    let file = rusqlite::Connection::open(desk.here.path("replies.db")).expect("the replies");
    file.busy_timeout(Duration::from_secs(10))
        .expect("patience");
    file.execute_batch("DROP TABLE replies")
        .expect("somebody damages them");
    let asked = server.records().len();
    let ended = desk.here.ended(&child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("cannot save a reply of a model"),
        "{}",
        ended.stderr
    );
    // Those on their way, for each of the two calls that may be made at a time.
    let more = server.records().len() - asked;
    assert!(
        more <= 4 * CONCURRENCY,
        "{more} were asked for when none could be kept any more"
    );
}
