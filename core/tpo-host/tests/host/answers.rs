//! Answers that break the contract, and answers that are errors.

use serde_json::json;
use tpo_host::{HostConfig, Plugins};
use tpo_types::{
    CandidateGroupView, CandidateStatus, CandidateView, Completion, Failure, FinishReason, Judge,
    Judgment, PairSelector, PairwiseJudge, Preference, RenderRequest, ResponseParser,
    ThoughtTemplate,
};

use crate::guests::{Answer, Guest};
use crate::{comparison, group, instruction, told, wanted};

const FAULT: &str = "hint: this is a bug of the plugin: its outcomes break the contract in `wit/`";

fn plugins() -> Plugins {
    Plugins::new(HostConfig::default()).unwrap()
}

/// Has a judge with that answer score two responses to one instruction and one to another.
fn score(guest: &Guest) -> Result<Vec<Vec<Judgment>>, Failure> {
    let judge = plugins().judge(&wanted(&guest.source(), &json!({})))?;
    let (hello, bye) = (
        instruction("hello", "Say hello."),
        instruction("bye", "Say goodbye."),
    );
    judge.score(&[
        group(&hello, vec!["Hello!", "Hi!"]),
        group(&bye, vec!["Bye!"]),
    ])
}

#[test]
fn scores_that_are_wrong() {
    let cases: &[(&[&[f64]], &str)] = &[
        (
            &[&[0.1, 0.2]],
            "returned 1 instead of 2 outcomes for the groups",
        ),
        (
            &[&[0.1, 0.2], &[0.3], &[]],
            "returned 3 instead of 2 outcomes for the groups",
        ),
        (
            &[&[0.1], &[0.3]],
            "returned 1 instead of 2 judgments for the responses to instruction `hello`",
        ),
        (
            &[&[0.1, 0.2], &[]],
            "returned 0 instead of 1 judgments for the responses to instruction `bye`",
        ),
        (
            &[&[0.1, f64::NAN], &[0.3]],
            "returned a score that is not finite (NaN) as number 2 for the responses to \
                instruction `hello`",
        ),
        (
            &[&[0.1, 0.2], &[f64::INFINITY]],
            "returned a score that is not finite (inf) as number 1 for the responses to \
                instruction `bye`",
        ),
    ];
    for (scores, what) in cases {
        let answer = Answer::scores(scores);
        let guest = Guest::judge_with(&answer.body(), &answer);
        let subject = "Plugin: judge `hostile` 1.0.0 (guest.wasm, sha256 ...)";
        assert_eq!(
            told(score(&guest)),
            format!("{subject} {what} in batch 1 of 1\n{FAULT}")
        );
    }
}

#[test]
fn scores_that_are_right() {
    let answer = Answer::scores(&[&[f64::MAX, -0.0], &[f64::MIN_POSITIVE / 2.0]]);
    let judgments = score(&Guest::judge_with(&answer.body(), &answer)).unwrap();
    let scores: Vec<f64> = judgments.iter().flatten().map(value).collect();
    assert_eq!(scores, [f64::MAX, 0.0, f64::MIN_POSITIVE / 2.0]);
}

fn value(judgment: &Judgment) -> f64 {
    match judgment {
        Judgment::Scored(scored) => scored.score.get(),
        Judgment::Unscored(reason) => panic!("{reason}"),
    }
}

#[test]
fn nothing_is_carried_from_call_to_call() {
    let mut answer = Answer::new();
    let score_at = answer.words(&[0; 12]) + 8;
    let list = answer.words(&[score_at - 8, 1]);
    let answer = answer.ok([list, 1]);
    // The score is the number of calls, counted in memory.
    let count = format!(
        "(f64.store (i32.const {score_at}) (f64.add (f64.load (i32.const {score_at})) (f64.const \
            1)))"
    );
    let guest = Guest::judge_with(&format!("{count} {}", answer.body()), &answer);
    let judge = plugins()
        .judge(&wanted(&guest.source(), &json!({})))
        .unwrap();
    let task = instruction("i", "Count.");
    let scores: Vec<f64> = (0..3)
        .map(|_| value(&judge.score(&[group(&task, vec!["One."])]).unwrap()[0][0]))
        .collect();
    assert_eq!(scores, [1.0; 3]);
}

#[test]
fn an_answer_that_unfolds_to_gigabytes() {
    // A thousand groups share one list of ten thousand zeros: half a megabyte in the guest, 480 MB
    // in the host.
    let mut answer = Answer::new();
    let groups: Vec<u32> = (0..1000).flat_map(|_| [0x20000, 10_000]).collect();
    let list = answer.words(&groups);
    let answer = answer.ok([list, 1000]);
    let told = told(score(&Guest::judge_with(&answer.body(), &answer)));
    assert!(
        told.contains(
            " failed in batch 1 of 1 (items 1 to 2)\ncause: too much data is being copied"
        ),
        "{told}"
    );
}

#[test]
fn an_answer_outside_of_memory() {
    let told = told(score(&Guest::judge_with(
        "(i32.const -8)",
        &Answer::scores(&[]),
    )));
    assert!(
        told.contains(" failed in batch 1 of 1 (items 1 to 2)\ncause: "),
        "{told}"
    );
}

#[test]
fn an_error() {
    let mut answer = Answer::new();
    let text = answer.text("the judge is out to lunch");
    // The variant `error`, case `internal`.
    answer.address = answer.words(&[1, 2, text[0], text[1]]);
    assert_eq!(
        told(score(&Guest::judge_with(&answer.body(), &answer))),
        "Plugin: judge `hostile` 1.0.0 (guest.wasm, sha256 ...) failed in batch 1 of 1 (items 1 \
            to 2): the judge is out to lunch"
    );
}

#[test]
fn verdicts() {
    let (hello, bye) = (
        instruction("hello", "Say hello."),
        instruction("bye", "Say goodbye."),
    );
    let compare = |verdicts: &[u32]| {
        let mut answer = Answer::new();
        let why = answer.text("no answer");
        // Preference (with the reason that only `unscored` has), rationale and no extra values.
        let words: Vec<u32> = verdicts
            .iter()
            .flat_map(|&case| [case, why[0], why[1], 0, 0, 0, 0, 0])
            .collect();
        let list = answer.words(&words);
        let answer = answer.ok([list, verdicts.len() as u32]);
        let export = "tpo:plugin/pairwise-judge@0.1.0#compare";
        let function = format!(
            r#"(func (export "{export}") (param i32 i32) (result i32) {})"#,
            answer.body()
        );
        let guest = Guest::plugin(
            "pairwise-judge-plugin",
            &format!("{function}{}", answer.data()),
        );
        let judge = plugins().pairwise_judge(&wanted(&guest.source(), &json!({})))?;
        judge.compare(&[
            comparison(&hello, "Hello!", "Hi!"),
            comparison(&bye, "Bye!", "Ciao!"),
        ])
    };
    let preferences: Vec<_> = compare(&[1, 3])
        .unwrap()
        .into_iter()
        .map(|verdict| verdict.preference)
        .collect();
    assert_eq!(
        preferences,
        [Preference::Second, Preference::Unscored("no answer".into())]
    );
    assert_eq!(
        told(compare(&[2])),
        format!(
            "Plugin: pairwise-judge `hostile` 1.0.0 (guest.wasm, sha256 ...) returned 1 instead of 2 \
                outcomes for the duels \
             in batch 1 of 1\n\
             {FAULT}"
        )
    );
}

#[test]
fn parts_that_are_not_in_the_completion() {
    let completion = Completion {
        token_ids: vec![],
        log_probs: vec![],
        forced: vec![],
        text: "I think. Hello!".into(),
        finish: FinishReason::Stop,
    };
    let parse = |thought: &str, response: &str| {
        let mut answer = Answer::new();
        let (thought, response) = (answer.text(thought), answer.text(response));
        let list = answer.words(&[0, 1, thought[0], thought[1], response[0], response[1]]);
        let answer = answer.ok([list, 1]);
        let export = "tpo:plugin/response-parser@0.1.0#parse";
        let function = format!(
            r#"(func (export "{export}") (param i32 i32) (result i32) {})"#,
            answer.body()
        );
        let guest = Guest::plugin(
            "response-parser-plugin",
            &format!("{function}{}", answer.data()),
        );
        plugins()
            .response_parser(&wanted(&guest.source(), &json!({})))?
            .parse(&[&completion])
    };
    assert_eq!(parse("I think.", "Hello!").unwrap().len(), 1);
    let subject = "Plugin: response-parser `hostile` 1.0.0 (guest.wasm, sha256 ...)";
    for (noun, told) in [
        ("thought", told(parse("I know.", "Hello!"))),
        ("response", told(parse("I", "Hello there!"))),
    ] {
        let what =
            format!("returned a {noun} that is not in its text for completion 1 in batch 1 of 1");
        assert_eq!(told, format!("{subject} {what}\n{FAULT}"));
    }
}

#[test]
fn prompts_that_cannot_be_asked() {
    let render = |roles: &[&str], stop: bool| {
        let mut answer = Answer::new();
        let mut messages = Vec::new();
        for role in roles {
            messages.extend(answer.text(role));
            messages.extend(answer.text("Say hello."));
        }
        let messages = [answer.words(&messages), roles.len() as u32];
        let stop = if stop {
            [answer.words(&[0, 0]), 1]
        } else {
            [0, 0]
        };
        let list = answer.words(&[
            0,
            messages[0],
            messages[1],
            0,
            0,
            0,
            stop[0],
            stop[1],
            0,
            0,
            0,
            0,
            0,
        ]);
        let answer = answer.ok([list, 1]);
        let export = "tpo:plugin/thought-template@0.1.0#render";
        let function = format!(
            r#"(func (export "{export}") (param i32 i32) (result i32) {})"#,
            answer.body()
        );
        let guest = Guest::plugin(
            "thought-template-plugin",
            &format!("{function}{}", answer.data()),
        );
        plugins()
            .thought_template(&wanted(&guest.source(), &json!({})))?
            .render(&[RenderRequest {
                instruction: &instruction("i", "Say hello."),
                thought_budget: None,
            }])
    };
    assert_eq!(render(&["system", "user"], false).unwrap().len(), 1);
    let subject = "Plugin: thought-template `hostile` 1.0.0 (guest.wasm, sha256 ...) \
        returned a prompt";
    for (told, what) in [
        (told(render(&[], false)), "without messages"),
        (
            told(render(&["tool", "user"], false)),
            "with a message of the unknown role `tool`",
        ),
        (
            told(render(&["user", "assistant"], false)),
            "whose last message is not the user's",
        ),
        (told(render(&["user"], true)), "with an empty stop string"),
    ] {
        assert_eq!(
            told,
            format!("{subject} {what} for instruction `i` in batch 1 of 1\n{FAULT}")
        );
    }
}

#[test]
fn pairs_that_are_none() {
    let view = |status| CandidateView {
        status,
        thought: None,
        response: "r",
        thought_tokens: 0,
        response_tokens: 1,
    };
    let groups = [CandidateGroupView {
        instruction_id: "g",
        candidates: vec![
            view(CandidateStatus::Scored(1.0)),
            view(CandidateStatus::Scored(0.0)),
            view(CandidateStatus::Malformed("no marker")),
            view(CandidateStatus::Unscored("no answer")),
        ],
    }];
    let select = |pair: Option<[u32; 2]>, dropped: bool| {
        let mut answer = Answer::new();
        let pairs = pair.map_or([0, 0], |pair| [answer.words(&[pair[0], pair[1], 0, 0]), 1]);
        let list = answer.words(&[pairs[0], pairs[1], dropped.into(), 0, 0, 0, 0]);
        let answer = answer.ok([list, 1]);
        let export = "tpo:plugin/pair-selector@0.1.0#select";
        let function = format!(
            r#"(func (export "{export}") (param i32 i32) (result i32) {})"#,
            answer.body()
        );
        let guest = Guest::plugin(
            "pair-selector-plugin",
            &format!("{function}{}", answer.data()),
        );
        plugins()
            .pair_selector(&wanted(&guest.source(), &json!({})))?
            .select(&groups)
    };
    for pair in [[0, 1], [1, 0], [0, 2]] {
        assert_eq!(select(Some(pair), false).unwrap().selections.len(), 1);
    }
    let subject = "Plugin: pair-selector `hostile` 1.0.0 (guest.wasm, sha256 ...)";
    for (told, what) in [
        (
            told(select(Some([0, 4]), false)),
            "returned the pair of candidates 0 and 4, but there are only 4 for group `g`",
        ),
        (
            told(select(Some([0, 0]), false)),
            "returned the pair of candidates 0 and 0, which are the same for group `g`",
        ),
        (
            told(select(Some([2, 0]), false)),
            "returned the pair of candidates 2 and 0, and the chosen one is malformed for group `g`",
        ),
        (
            told(select(Some([3, 0]), false)),
            "returned the pair of candidates 3 and 0, and the chosen one has no score for group `g`",
        ),
        (
            told(select(Some([0, 3]), false)),
            "returned the pair of candidates 0 and 3, and the rejected one has no score for group `g`",
        ),
        (
            told(select(None, false)),
            "returned neither a pair nor a reason to drop it for group `g`",
        ),
        (
            told(select(Some([0, 1]), true)),
            "returned pairs and a reason to drop it for group `g`",
        ),
    ] {
        assert_eq!(told, format!("{subject} {what} in batch 1 of 1\n{FAULT}"));
    }
}
