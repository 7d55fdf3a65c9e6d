//! Answers that break the contract, and answers that are errors.

use serde_json::json;
use tpo_host::{HostConfig, Plugins};
use tpo_types::{
    CandidateGroupView, CandidateStatus, CandidateView, Completion, Failure, FinishReason, Judge,
    Judgment, PairSelector, PairwiseJudge, Preference, RenderOutcome, RenderRequest,
    ResponseParser, Strength, ThoughtTemplate, Verdict,
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

/// A verdict in a guest's memory.
#[derive(Default)]
struct RawVerdict {
    /// First, second, tie or unscored.
    case: u32,
    /// Slight or strong.
    strength: Option<u8>,
    first_probability: Option<f64>,
}

impl RawVerdict {
    /// Preference (with the reason that only `unscored` has), strength, probability, and neither
    /// rationale nor extra values.
    fn words(&self, reason: [u32; 2]) -> [u32; 14] {
        let strength = self.strength.map_or(0, |case| 1 | u32::from(case) << 8);
        let bits = self.first_probability.map_or(0, f64::to_bits);
        let is_given = self.first_probability.is_some().into();
        let probability = [is_given, 0, bits as u32, (bits >> 32) as u32];
        let mut words = [0; 14];
        words[..4].copy_from_slice(&[self.case, reason[0], reason[1], strength]);
        words[4..8].copy_from_slice(&probability);
        words
    }
}

/// Has a pairwise judge with that answer make two comparisons.
fn compare(verdicts: &[RawVerdict]) -> Result<Vec<Verdict>, Failure> {
    let (hello, bye) = (
        instruction("hello", "Say hello."),
        instruction("bye", "Say goodbye."),
    );
    let mut answer = Answer::new();
    let why = answer.text("no answer");
    let words: Vec<u32> = verdicts
        .iter()
        .flat_map(|verdict| verdict.words(why))
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
}

const FIRST: u32 = 0;
const SECOND: u32 = 1;
const TIE: u32 = 2;
const UNSCORED: u32 = 3;

#[test]
fn verdicts_that_are_right() {
    let verdicts = compare(&[
        RawVerdict {
            case: SECOND,
            strength: Some(1),
            first_probability: Some(0.25),
        },
        RawVerdict {
            case: UNSCORED,
            ..RawVerdict::default()
        },
    ]);
    let expected = [
        Verdict {
            preference: Preference::Second,
            strength: Some(Strength::Strong),
            first_probability: Some(0.25),
            rationale: None,
        },
        Preference::Unscored("no answer".into()).into(),
    ];
    assert_eq!(verdicts.unwrap(), expected);

    let verdicts = compare(&[
        RawVerdict {
            case: FIRST,
            strength: Some(0),
            first_probability: Some(1.0),
        },
        RawVerdict {
            case: TIE,
            strength: None,
            first_probability: Some(0.0),
        },
    ]);
    let found: Vec<_> = verdicts
        .unwrap()
        .into_iter()
        .map(|verdict| (verdict.strength, verdict.first_probability))
        .collect();
    assert_eq!(
        found,
        [(Some(Strength::Slight), Some(1.0)), (None, Some(0.0))]
    );
}

#[test]
fn verdicts_that_are_wrong() {
    let subject = "Plugin: pairwise-judge `hostile` 1.0.0 (guest.wasm, sha256 ...)";
    assert_eq!(
        told(compare(&[RawVerdict::default()])),
        format!(
            "{subject} returned 1 instead of 2 outcomes for the comparisons in batch 1 of \
                1\n{FAULT}"
        )
    );
    let with_strength = |case| RawVerdict {
        case,
        strength: Some(0),
        first_probability: None,
    };
    let with_probability = |probability| RawVerdict {
        first_probability: Some(probability),
        ..RawVerdict::default()
    };
    for (verdict, what) in [
        (with_strength(TIE), "a tie with a strength"),
        (with_strength(UNSCORED), "a strength without a verdict"),
        (
            with_probability(f64::NAN),
            "a probability that is not from 0 to 1 (NaN)",
        ),
        (
            with_probability(-0.1),
            "a probability that is not from 0 to 1 (-0.1)",
        ),
        (
            with_probability(1.5),
            "a probability that is not from 0 to 1 (1.5)",
        ),
        (
            with_probability(f64::INFINITY),
            "a probability that is not from 0 to 1 (inf)",
        ),
    ] {
        assert_eq!(
            told(compare(&[RawVerdict::default(), verdict])),
            format!(
                "{subject} returned {what} for comparison 2 (instruction `bye`) in batch 1 of 1\n\
                 {FAULT}"
            )
        );
    }
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
    for (name, told) in [
        ("thought", told(parse("I know.", "Hello!"))),
        ("response", told(parse("I", "Hello there!"))),
    ] {
        let what =
            format!("returned a {name} that is not in its text for completion 1 in batch 1 of 1");
        assert_eq!(told, format!("{subject} {what}\n{FAULT}"));
    }
}

/// Has a thought template answer with a prompt whose messages have these roles.
fn render(roles: &[&str], options: RawPrompt) -> Result<Vec<RenderOutcome>, Failure> {
    let mut answer = Answer::new();
    let mut messages = Vec::new();
    for role in roles {
        messages.extend(answer.text(role));
        messages.extend(answer.text("Say hello."));
    }
    let messages = [answer.words(&messages), roles.len() as u32];
    let stop = if options.empty_stop {
        [answer.words(&[0, 0]), 1]
    } else {
        [0, 0]
    };
    let trained_prefill = options.trained_prefill.map_or([0; 3], |text| {
        let text = answer.text(text);
        [1, text[0], text[1]]
    });
    // Ok, messages, prefill, trained prefill, stop strings, response marker and no extra values.
    let mut words = vec![0, messages[0], messages[1], 0, 0, 0];
    words.extend(trained_prefill);
    words.extend([stop[0], stop[1], 0, 0, 0, 0, 0]);
    let list = answer.words(&words);
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
}

/// What a prompt has beyond its messages.
#[derive(Clone, Copy, Default)]
struct RawPrompt {
    empty_stop: bool,
    trained_prefill: Option<&'static str>,
}

#[test]
fn a_prompt_with_a_trained_prefill() {
    let options = RawPrompt {
        trained_prefill: Some("<think>"),
        ..RawPrompt::default()
    };
    let outcomes = render(&["system", "user"], options).unwrap();
    let [RenderOutcome::Prompt(prompt)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(prompt.messages.len(), 2);
    assert_eq!(prompt.prefill, None);
    assert_eq!(prompt.trained_prefill.as_deref(), Some("<think>"));
}

#[test]
fn prompts_that_cannot_be_asked() {
    let plain = RawPrompt::default;
    let subject = "Plugin: thought-template `hostile` 1.0.0 (guest.wasm, sha256 ...) returned \
        a prompt";
    for (roles, options, what) in [
        (&[][..], plain(), "without messages"),
        (
            &["tool", "user"],
            plain(),
            "with a message of the unknown role `tool`",
        ),
        (
            &["user", "assistant"],
            plain(),
            "whose last message is not the user's",
        ),
        (
            &["user"],
            RawPrompt {
                empty_stop: true,
                ..plain()
            },
            "with an empty stop string",
        ),
        (
            &["user"],
            RawPrompt {
                trained_prefill: Some(""),
                ..plain()
            },
            "with an empty trained prefill",
        ),
    ] {
        assert_eq!(
            told(render(roles, options)),
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
            "returned the pair of candidates 2 and 0, and the chosen one is malformed for group \
                `g`",
        ),
        (
            told(select(Some([3, 0]), false)),
            "returned the pair of candidates 3 and 0, and the chosen one has no score for group \
                `g`",
        ),
        (
            told(select(Some([0, 3]), false)),
            "returned the pair of candidates 0 and 3, and the rejected one has no score for group \
                `g`",
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
