//! The judge through its trait.

mod labels;
mod texts;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;

const CITIES: [&str; 4] = ["London", "Paris", "New York", "York"];

fn instruction(reference: &str, choices: &serde_json::Value) -> Instruction {
    let metadata = vec![("choices".into(), choices.to_string())];
    Instruction {
        reference: Some(reference.into()),
        metadata,
        ..Instruction::default()
    }
}

/// One word for a judgment, whose score and aspects must agree.
fn verdict(instruction: &Instruction, response: &str) -> String {
    let group = Group {
        instruction: instruction.clone(),
        responses: vec![response.into()],
    };
    let judge = Choice::new(Config::default()).unwrap();
    match judge.score(&[group]).unwrap().remove(0).remove(0) {
        Judgment::Unscored(reason) => reason,
        Judgment::Score(scored) => {
            let aspects: Vec<_> = scored
                .aspects
                .iter()
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            match format!("{} {}", scored.value, aspects.join(" ")).as_str() {
                "1 correct 1 answered 1 ambiguous 0" => "right".into(),
                "0 correct 0 answered 1 ambiguous 0" => "wrong".into(),
                "0 correct 0 answered 0 ambiguous 0" => "none".into(),
                "0 correct 0 answered 0 ambiguous 1" => "several".into(),
                other => other.into(),
            }
        }
    }
}

fn assert_verdicts(instruction: &Instruction, table: &[(&str, &str)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(response, wanted)| (response, wanted, verdict(instruction, response)))
        .filter(|(_, wanted, got)| got != *wanted)
        .collect();
    assert!(wrong.is_empty(), "(response, wanted, got): {wrong:#?}");
}

fn data<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Ten ways of choosing `LABEL`, with the wording `TEXT`, and not `OTHER`.
const PHRASES: [&str; 10] = [
    "LABEL",
    "(LABEL)",
    "LABEL) TEXT",
    "The answer is (LABEL).",
    "**Answer:** LABEL. TEXT",
    "OTHER is tempting, but it is not right. So the correct option is LABEL, TEXT.",
    "We can rule out OTHER.\n\n$\\boxed{\\text{LABEL}}$",
    "Answer: OTHER. Wait... no, the answer is LABEL",
    "I looked at all of them.\n\n**LABEL**",
    "If I remember it well, TEXT is what is asked for.",
];

/// Questions of Natural Questions, with the answers to three others as choices. Each choice,
/// expressed in ten ways, is right if it is the reference answer, else wrong. Only the last way
/// needs the choices.
#[test]
fn ten_ways_of_choosing_are_read() {
    #[derive(Deserialize)]
    struct Row {
        answers: Vec<String>,
    }
    let rows: Vec<Row> = data("eval/nq_open_200.jsonl");
    let (mut judged, mut misread) = (0, Vec::new());
    for rows in rows.chunks_exact(4) {
        let texts: Vec<&str> = rows.iter().map(|row| row.answers[0].as_str()).collect();
        for (right, label) in ["A", "B", "C", "D"].into_iter().enumerate() {
            for (reference, choices) in [
                (label, json!(null)),
                (label, json!(texts)),
                (texts[right], json!(texts)),
            ] {
                let instruction = instruction(reference, &choices);
                let phrases = if choices.is_null() {
                    &PHRASES[..9]
                } else {
                    &PHRASES
                };
                for (given, other) in [
                    (right, 1),
                    ((right + 1) % 4, 2),
                    ((right + 2) % 4, 3),
                    ((right + 3) % 4, 1),
                ] {
                    let letter = |at: usize| ["A", "B", "C", "D"][at % 4];
                    let wanted = if given == right { "right" } else { "wrong" };
                    for phrase in phrases {
                        let response = phrase
                            .replace("LABEL", letter(given))
                            .replace("OTHER", letter(given + other));
                        let response = response.replace("TEXT", texts[given]);
                        judged += 1;
                        if verdict(&instruction, &response) != wanted {
                            misread.push((response, wanted, texts.clone()));
                        }
                    }
                }
            }
        }
    }
    assert!(
        misread.is_empty(),
        "{} of {judged}: {misread:#?}",
        misread.len()
    );
    assert_eq!(judged, 50 * 4 * 4 * (9 + 10 + 10));
}

/// Responses of models to a question with four choices, which people compared: the better response
/// made the right choice.
#[test]
fn responses_of_models_are_judged_as_people_did() {
    #[derive(Deserialize)]
    struct Row {
        prompt: String,
        response_a: String,
        response_b: String,
        label: String,
    }
    let rows: Vec<Row> = data("judge_meta/pandalm_dev.jsonl");
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.prompt.contains("\nA. Loud sounds\n"))
        .collect();
    for row in &rows {
        let (better, worse) = if row.label == "a" {
            ("right", "wrong")
        } else {
            ("wrong", "right")
        };
        assert_verdicts(
            &instruction("A", &json!(null)),
            &[(&row.response_a, better), (&row.response_b, worse)],
        );
    }
    assert_eq!(rows.len(), 4);
}

/// Texts in which labels and their announcements are common.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "\\PC{0,4}",
        prop::sample::select(vec![
            "A",
            "b",
            "(C)",
            "D.",
            "I",
            "a ",
            "answer",
            "The answer is ",
            ":",
            " is ",
            "correct",
            " not ",
            "but",
            "or",
            "and",
            "\\boxed{",
            "}",
            "**",
            "\n",
            " ",
            ",",
            "?",
            ".",
            "-",
            "it's ",
            "I choose ",
            "Paris",
            "New York",
            "the ",
            "if ",
            "2",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

fn instructions() -> impl Strategy<Value = Instruction> {
    let numbered = json!({"label": ["1", "2", "3"], "text": ["Paris", "York", "New York"]});
    prop::sample::select(vec![
        ("B", json!(null)),
        ("B", json!(CITIES)),
        ("2", numbered),
    ])
    .prop_map(|(reference, choices)| instruction(reference, &choices))
}

proptest! {
    #[test]
    fn every_response_is_right_wrong_or_no_choice(
        instruction in instructions(), response in texts(),
    ) {
        let verdict = verdict(&instruction, &response);
        let known = ["right", "wrong", "none", "several"];
        prop_assert!(known.contains(&verdict.as_str()), "{verdict}");
    }

    #[test]
    fn white_space_around_changes_nothing(
        instruction in instructions(),
        response in texts(),
        before in "[ \t\r\n\u{a0}]{0,3}",
        after in "[ \t\r\n\u{a0}]{0,3}",
    ) {
        let wrapped = format!("{before}{response}{after}");
        prop_assert_eq!(verdict(&instruction, &response), verdict(&instruction, &wrapped));
    }

    #[test]
    fn every_reference_is_a_choice_or_unscored(reference in texts(), response in texts()) {
        let verdict = verdict(&instruction(&reference, &json!(CITIES)), &response);
        let reasons = ["right", "wrong", "none", "several", "no choice in the reference answer"];
        prop_assert!(reasons.contains(&verdict.as_str()), "{verdict}");
    }

    #[test]
    fn a_statement_after_any_text_counts(text in texts(), label in "[A-D]") {
        let response = format!("{text}\n\nThe answer is ({label}).");
        let wanted = if label == "B" { "right" } else { "wrong" };
        prop_assert_eq!(verdict(&instruction("B", &json!(CITIES)), &response), wanted);
    }
}
