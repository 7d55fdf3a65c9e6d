use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use tpo_plugin::{Instruction, configured};

use super::*;

fn judge(config: Config, instruction: &Instruction, responses: &[&str]) -> Vec<Judgment> {
    let responses = responses.iter().map(ToString::to_string).collect();
    let group = Group {
        instruction: instruction.clone(),
        responses,
    };
    Math::new(config)
        .unwrap()
        .score(&[group])
        .unwrap()
        .remove(0)
}

fn with_reference(reference: &str) -> Instruction {
    Instruction {
        reference: Some(reference.into()),
        ..Instruction::default()
    }
}

fn is_right(reference: &str, response: &str) -> bool {
    match &judge(Config::default(), &with_reference(reference), &[response])[0] {
        Judgment::Score(scored) => scored.value > 0.5,
        Judgment::Unscored(reason) => panic!("{reason}"),
    }
}

#[test]
fn the_answer_is_found() {
    let responses = [
        "18",
        "She makes $18.",
        "9 * 2 = 18",
        "So 3 + 15 is \\boxed{18}, not 20.",
        "16 - 3 - 4 = 9\n9 * 2 = 18\n#### 18",
        "The answer is 18 dollars, which is 2 more than 16.",
        "**Final answer:** 18\n\nI used 3 steps.",
        "The final answer is: 9 * 2 = 18.",
        "Answer:\n18",
        "A: 18\nThat took 4 minutes.",
        "It is 18.00 euros",
        "36/2",
        "\\frac{36}{2}",
        "17 2/2 or so: answer is 18",
    ];
    for response in responses {
        assert!(is_right("18", response), "{response}");
    }
}

#[test]
fn numbers_are_compared_exactly() {
    let same = [
        ("1234.5", "$1,234.50"),
        ("0.5", "1/2"),
        ("1.5", "1 1/2 cups"),
        ("-3", "\u{2212}3"),
        ("-20", "the loss is -$20"),
        ("12", "12%"),
        ("0.25", ".25"),
        ("2/3", "4/6"),
        ("7", "10-3 = 7"),
        ("50", "15/30 = $0.50"),
        ("2", "5-3 = 2:00 pm"),
        (
            "132",
            "16 * 8.25 = 132\nShe needed 132 spoons for 16 muffins.",
        ),
        ("8", "40/20 = 2 slices. So she should make 8 slices."),
        ("100000", "$80 000 + $20 000 = $100 000."),
        ("6", "You save $4 + $2 = $6 for 2 tubs and 4 packets."),
        (
            "170141183460469231731687303715884105727",
            "170141183460469231731687303715884105727",
        ),
    ];
    for (reference, response) in same {
        assert!(is_right(reference, response), "{reference} {response}");
    }
    for (reference, response) in [
        ("-3", "10-3"),
        ("0.333", "1/3"),
        ("18", "180"),
        ("18", "1.8"),
        ("18", ""),
        ("18", "x18"),
    ] {
        assert!(!is_right(reference, response), "{reference} {response}");
    }
}

#[test]
fn a_tolerance_can_be_configured() {
    let config = || Config {
        tolerance: 0.001,
        ..Config::default()
    };
    let judged = judge(config(), &with_reference("1/3"), &["0.3333", "0.34"]);
    let values: Vec<f64> = judged
        .iter()
        .map(|judgment| {
            if let Judgment::Score(scored) = judgment {
                scored.value
            } else {
                -1.0
            }
        })
        .collect();
    assert!(values[0] > 0.5 && values[1] < 0.5, "{values:?}");
    assert_eq!(
        configured::<Math>(r#"{"tolerance": 1.0}"#).err().as_deref(),
        Some("`tolerance` is 1; it must be between 0 and 0.1")
    );
}

#[test]
fn what_cannot_be_compared_is_unscored() {
    let reason =
        |instruction: &Instruction| match &judge(Config::default(), instruction, &["18"])[0] {
            Judgment::Unscored(reason) => reason.clone(),
            Judgment::Score(scored) => panic!("{scored:?}"),
        };
    assert_eq!(reason(&Instruction::default()), "no reference answer");
    assert_eq!(
        reason(&with_reference("blue")),
        "no number in the reference answer"
    );
    let listed = |json: &str| Instruction {
        metadata: vec![("answers".into(), json.into())],
        ..Instruction::default()
    };
    assert_eq!(reason(&listed("18")), "unreadable reference answers");
    assert_eq!(reason(&listed("[]")), "no reference answer");
    assert!(matches!(
        &judge(Config::default(), &listed(r#"["17", "18"]"#), &["18"])[0],
        Judgment::Score(_)
    ));
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

/// Every reference solution of GSM8K is right compared with itself. At most one in a hundred seems
/// to end with another number than the data set lists: some do, some end with a longer sentence
/// (`132 spoons for 16 muffins`), some write `20 = A`.
#[test]
fn reference_solutions_are_right() {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        reference: Option<String>,
        answers: Vec<String>,
    }
    for (name, enough) in [
        ("eval/gsm8k_test_300.jsonl", 300),
        ("train/math.jsonl", 500),
    ] {
        let rows: Vec<Row> = data(name);
        let solved = || {
            rows.iter()
                .filter_map(|row| Some((row, row.reference.as_ref()?)))
        };
        let other: Vec<_> = solved()
            .filter(|(row, solution)| {
                assert!(is_right(solution, solution), "{}", row.id);
                !row.answers.iter().any(|answer| is_right(answer, solution))
            })
            .map(|(row, solution)| (&row.id, solution, &row.answers))
            .collect();
        assert!(
            solved().count() >= enough && other.len() * 100 <= solved().count(),
            "{name}: {} of {}: {other:#?}",
            other.len(),
            solved().count()
        );
    }
}

/// Of a right and a wrong solution that a model wrote, the right one scores higher.
#[test]
fn right_solutions_beat_wrong_ones() {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        response_a: String,
        response_b: String,
        label: String,
        answer: String,
    }
    let rows: Vec<Row> = data("judge_meta/gsm8k_pairs.jsonl");
    let wrong: Vec<&str> = rows
        .iter()
        .filter(|row| {
            let a = is_right(&row.answer, &row.response_a);
            let b = is_right(&row.answer, &row.response_b);
            (a, b) != (row.label == "a", row.label == "b")
        })
        .map(|row| row.id.as_str())
        .collect();
    assert!(
        rows.len() == 300 && wrong.len() <= 3,
        "{} of {}: {wrong:?}",
        wrong.len(),
        rows.len()
    );
}
