//! The judge through its trait, and how often it agrees with IFEval's own checker.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tpo_plugin::{Group, Instruction, Judge, Judgment, Scored, configured};

use crate::answer::ResponseText;
use crate::{Rules, constraints};

fn rules(config: &Value) -> Result<Rules, String> {
    configured(&config.to_string())
}

/// The judgments of the responses to one instruction.
fn judge(config: &Value, constraints: &Value, responses: &[&str]) -> Vec<Judgment> {
    let metadata = match constraints {
        Value::Null => vec![],
        given => vec![("constraints".into(), given.to_string())],
    };
    let instruction = Instruction {
        metadata,
        ..Instruction::default()
    };
    let responses = responses.iter().map(ToString::to_string).collect();
    let rules = rules(config).expect("valid configuration");
    rules
        .score(&[Group {
            instruction,
            responses,
        }])
        .expect("a rule judge does not fail")
        .remove(0)
}

fn scored(judgment: &Judgment) -> &Scored {
    match judgment {
        Judgment::Score(scored) => scored,
        Judgment::Unscored(reason) => panic!("unscored: {reason}"),
    }
}

#[test]
fn a_score_is_the_weighted_mean_of_its_aspects() {
    let constraints = json!([
        {"id": "punctuation:no_comma", "kwargs": {}},
        {"id": "length_constraints:number_words", "kwargs": {"relation": "at \
            least", "num_words": 4}},
    ]);
    let config = json!({"length": {"max_words": 4, "weight": 2}});
    let judgments = judge(&config, &constraints, &["a b", "a b c d", ""]);
    let aspect = |name: &str, value: f64| (name.to_owned(), value);
    assert_eq!(
        scored(&judgments[0]),
        &Scored {
            value: (1.0 + 0.25 + 2.0) / 4.0,
            rationale: Some("missed length_constraints:number_words".into()),
            aspects: vec![
                aspect("pass", 2.0 / 3.0),
                aspect("punctuation:no_comma", 1.0),
                aspect("length_constraints:number_words", 0.25),
                aspect("length", 1.0),
            ],
            extra: vec![],
        }
    );
    assert_eq!(
        (
            scored(&judgments[1]).value,
            &scored(&judgments[1]).rationale
        ),
        (1.0, &None)
    );
    assert!(
        scored(&judgments[2]).value <= 0.0,
        "an empty answer fails every rule"
    );
}

#[test]
fn a_constraint_given_twice_has_two_aspects() {
    let no_comma = json!({"id": "punctuation:no_comma"});
    let judgments = judge(&json!({}), &json!([no_comma, no_comma]), &["a"]);
    let names: Vec<_> = scored(&judgments[0])
        .aspects
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        ["pass", "punctuation:no_comma", "punctuation:no_comma#2"]
    );
}

#[test]
fn what_cannot_be_checked_is_unscored() {
    for (constraints, reason) in [
        (Value::Null, "no constraints"),
        (json!([]), "no constraints"),
        (json!("?"), "unreadable constraints"),
        (
            json!([{"id": "a:b", "kwargs": {}}]),
            "unknown constraint a:b",
        ),
        (
            json!([{"id": "keywords:existence", "kwargs": {}}]),
            "unreadable arguments of keywords:existence",
        ),
    ] {
        assert_eq!(
            judge(&json!({}), &constraints, &["a", "b"]),
            vec![Judgment::unscored(reason); 2]
        );
    }
}

#[test]
fn wrong_settings_are_refused_by_key() {
    for (config, reason) in [
        (
            json!({"constraint_weight": 0}),
            "`constraint_weight` is 0; it must be more than 0",
        ),
        (
            json!({"length": {}}),
            "`length` needs `min_words`, `max_words` or both",
        ),
        (
            json!({"length": {"min_words": 9, "max_words": 8}}),
            "`length.min_words` (9) is more than `length.max_words` (8)",
        ),
        (
            json!({"repetition": {"max_fraction": 1}}),
            "`repetition.max_fraction` is 1; it must be at least 0 and less than 1",
        ),
        (
            json!({"refusal": {"phrases": []}}),
            "`refusal.phrases` has no phrase or a blank one",
        ),
        (
            json!({"refusal": {"phrases": ["a"], "weight": -1}}),
            "`refusal.weight` is -1; it must be more than 0",
        ),
    ] {
        assert_eq!(rules(&config).err().as_deref(), Some(reason));
    }
}

/// A row of the verdicts of IFEval's checker.
#[derive(Deserialize)]
struct Row {
    id: String,
    response: String,
    constraints: Vec<Constraint>,
    strict: Vec<bool>,
}

#[derive(Deserialize)]
struct Constraint {
    id: String,
    kwargs: Value,
}

/// The rows of a data file, if it is next to the checkout.
fn data<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row of the expected shape"))
        .collect()
}

/// Where this judge deviates from the checker, whose language detector takes English for another
/// language if a text is one word, three words, or a list of names in capitals. This judge assumes
/// that a text which fits no language is right.
const DEVIATIONS: [(&str, &str); 3] = [
    ("ifeval-oracle-1843", "change_case:english_lowercase"), // "coastal elegance properties"
    ("ifeval-oracle-202", "change_case:english_lowercase"),  // etchings
    // 1. *ABIGAIL SMITH* 2. BENJAMIN JONES ...
    ("ifeval-oracle-3456", "change_case:english_capital"),
];

#[test]
fn agrees_with_the_checker_of_ifeval() {
    let rows: Vec<Row> = data("judge_meta/ifeval_checker_oracle.jsonl");
    let mut disagreements = Vec::new();
    let mut verdicts = 0;
    for row in &rows {
        for (constraint, strict) in row.constraints.iter().zip(&row.strict) {
            let check = constraints::read(&constraint.id, &constraint.kwargs)
                .expect("the whole vocabulary");
            let kept = ResponseText::new(&row.response)
                .is_some_and(|answer| check.grade(&answer).is_kept());
            verdicts += 1;
            if kept != *strict {
                disagreements.push((row.id.as_str(), constraint.id.as_str()));
            }
        }
    }
    disagreements.sort_unstable();
    assert_eq!(
        (verdicts, disagreements.as_slice()),
        (555, DEVIATIONS.as_slice())
    );
}

#[test]
fn every_constraint_of_the_data_is_known() {
    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        constraints: Vec<Constraint>,
    }
    for name in [
        "train/constrained",
        "train/constrained_sentence",
        "val/val",
        "eval/constrained_eval_300",
    ] {
        for Constraint { id, kwargs } in data::<Row>(&format!("{name}.jsonl"))
            .into_iter()
            .flat_map(|row| row.constraints)
        {
            assert_eq!(constraints::read(&id, &kwargs).err(), None, "{id} {kwargs}");
        }
    }
}

#[test]
fn reference_sentences_cover_their_concepts() {
    #[derive(Deserialize)]
    struct Row {
        reference: String,
        constraints: Vec<Constraint>,
    }
    let rows: Vec<Row> = data("eval/commongen_lite_200.jsonl");
    let covers = |row: &&Row| {
        let coverage = row
            .constraints
            .iter()
            .filter(|constraint| constraint.id == "concepts:coverage");
        let answer = ResponseText::new(&row.reference).expect("a reference");
        coverage
            .map(|c| constraints::read(&c.id, &c.kwargs).expect("known"))
            .all(|c| c.grade(&answer).is_kept())
    };
    let covered = rows.iter().filter(covers).count();
    assert!(
        covered * 100 >= rows.len() * 95,
        "{covered} of {}",
        rows.len()
    );
}
