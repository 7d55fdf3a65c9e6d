//! Choices that are known by their wording, too.

use super::*;

#[test]
fn choices_are_found_by_what_they_say() {
    assert_verdicts(
        &instruction("B", &json!(CITIES)),
        &[
            ("Paris", "right"),
            ("It is paris!", "right"),
            ("The capital of France is Paris, of course.", "right"),
            ("London", "wrong"),
            ("The answer is Paris, not London.", "right"),
            ("Answer: the capital is Paris", "right"),
            ("\\boxed{\\text{Paris}}", "right"),
            ("It is London or Paris.", "several"),
            ("It is not London but Paris.", "right"),
            ("It is not Paris.", "none"),
            ("Parisian", "none"),
            ("Rome", "none"),
            ("E) Rome", "none"),
            ("The answer is E.", "none"),
            ("Answer: B) Paris", "right"),
            ("Answer: B) London", "several"),
            ("The answer is Paris (A).", "several"),
            ("Answer: B. London is in England.", "right"),
            ("B) Paris is the correct answer.", "right"),
            (
                "A) London is wrong.\nB) Paris is right.\nSo:\n\nB) Paris",
                "right",
            ),
            ("London is in England, York as well.\n\nParis", "right"),
            ("London\nParis\nNew York", "several"),
            ("The answer is Paris and London.", "several"),
        ],
    );
    assert_verdicts(
        &instruction("C", &json!(CITIES)),
        &[
            ("New York", "right"),
            ("York", "wrong"),
            ("New York, not York", "right"),
            ("Answer: New York.", "right"),
        ],
    );
    let notes = json!(["G major", "C major", "A dog", "Both A and B"]);
    assert_verdicts(
        &instruction("B", &notes),
        &[
            ("The answer is C major.", "right"),
            ("C major", "right"),
            ("Answer: C", "wrong"),
            ("Answer: A dog", "wrong"),
        ],
    );
    assert_verdicts(
        &instruction("D", &notes),
        &[
            ("Both A and B", "right"),
            ("The answer is both A and B.", "right"),
        ],
    );
    let terms = json!(["x + 1", "x - 1", "3.5", "-5"]);
    assert_verdicts(
        &instruction("D", &terms),
        &[
            ("x is -5", "right"),
            ("x is 5", "none"),
            ("x is 3.5", "wrong"),
            ("It is x + 1.", "wrong"),
            ("13.5", "none"),
        ],
    );
}

#[test]
fn what_models_write_of_texts_is_read() {
    let organelles = json!([
        "The nucleus",
        "Mitochondria",
        "Ribosomes",
        "All of the above"
    ]);
    assert_verdicts(
        &instruction("B", &organelles),
        &[
            ("Mitochondria", "right"),
            ("mitochondria.", "right"),
            ("The mitochondria produce ATP.", "right"),
            ("The correct answer is Mitochondria.", "right"),
            ("The correct answer is the mitochondria", "right"),
            ("Answer: The nucleus", "wrong"),
            (
                "Answer: Mitochondria\n\nThe nucleus stores DNA, ribosomes make proteins.",
                "right",
            ),
            ("**Mitochondria**", "right"),
            ("It is the mitochondria, not the nucleus.", "right"),
            (
                "The nucleus stores DNA. Ribosomes make proteins. Mitochondria make ATP.",
                "several",
            ),
            ("The answer is all of the above.", "wrong"),
            ("All of the above", "wrong"),
            ("D", "wrong"),
            ("E", "none"),
            ("The answer is F.", "none"),
            ("The answer is (A) The nucleus.", "wrong"),
            (
                "B. Mitochondria\n\nA. The nucleus is wrong, as it stores DNA.\nC. Ribosomes make \
                    proteins.",
                "right",
            ),
            (
                "A. The nucleus\nB. Mitochondria\nC. Ribosomes\nD. All of the above\n\nAnswer: B",
                "right",
            ),
            (
                "A. The nucleus\nB. Mitochondria\nC. Ribosomes\nD. All of the above",
                "several",
            ),
            (
                "A. The nucleus\nB. Mitochondria\nC. Ribosomes\nD. All of the above\n\nB. \
                    Mitochondria",
                "right",
            ),
            ("I would go with mitochondria.", "right"),
            ("The answer is C) Mitochondria", "several"),
            ("The answer is \\boxed{\\text{Mitochondria}}.", "right"),
            ("The answer is mitochondria (option B).", "right"),
            ("The powerhouse of the cell", "none"),
        ],
    );
}

#[test]
fn yes_and_no_are_texts() {
    let replies = json!(["yes", "no", "maybe"]);
    assert_verdicts(
        &instruction("B", &replies),
        &[
            ("No", "right"),
            ("No.", "right"),
            ("no, it does not", "right"),
            ("Yes", "wrong"),
            ("The answer is no.", "right"),
            ("Answer: No", "right"),
            ("Answer: no, because yes would be odd", "right"),
            ("B) no", "right"),
            ("Maybe yes, maybe no", "several"),
            ("\\boxed{no}", "right"),
            ("Not at all", "none"),
        ],
    );
}

#[test]
fn numbers_are_whole() {
    let numbers = json!(["1/2", "0.5%", "$5", "12", "1,200", "5 m/s"]);
    for (reference, number) in [
        ("A", "1/2"),
        ("B", "0.5%"),
        ("C", "$5"),
        ("D", "12"),
        ("E", "1200"),
        ("F", "5 m/s"),
    ] {
        assert_verdicts(
            &instruction(reference, &numbers),
            &[
                (number, "right"),
                (&format!("The answer is {number}."), "right"),
                (&format!("\\boxed{{{number}}}"), "right"),
                (&format!("So we get {number}"), "right"),
                (&format!("x = {number}"), "right"),
                (&format!("({reference}) {number}"), "right"),
            ],
        );
    }
}

#[test]
fn labels_go_before_texts() {
    let types = json!(["O", "A", "B", "AB"]);
    assert_verdicts(
        &instruction("D", &types),
        &[
            ("AB", "right"),
            ("D", "right"),
            ("The answer is AB.", "right"),
            ("D) AB", "right"),
            ("A", "wrong"),
            ("It is O.", "wrong"),
        ],
    );
}

#[test]
fn numbers_are_labels_where_choices_are_numbered() {
    let numbered =
        json!({"label": ["1", "2", "3"], "text": ["11 apples", "12 apples", "13 apples"]});
    assert_verdicts(
        &instruction("2", &numbered),
        &[
            ("2", "right"),
            ("(2)", "right"),
            ("2) 12 apples", "right"),
            ("The answer is 2 because 12 is even.", "right"),
            ("12 apples", "right"),
            ("Answer: 3", "wrong"),
            ("Answer: B", "none"),
            ("The answer is 2.5", "none"),
            ("1. 11 is odd.\n2. 12 is even.\n\nThe answer is 2.", "right"),
            ("I have 2 apples.", "none"),
        ],
    );
    let forces = json!([{"label": "1", "text": "gravity"}, {"label": "2", "text": "friction"}]);
    assert_verdicts(
        &instruction("1", &forces),
        &[
            ("1", "right"),
            ("Answer: 1", "right"),
            ("gravity", "right"),
            ("Option 1 is correct", "right"),
            ("The answer is 1) gravity", "right"),
            ("Step 1. We look.\nStep 2. We think.\n\nAnswer: 2", "wrong"),
            ("2. friction", "wrong"),
            ("There are 2 forces: gravity", "right"),
            ("**1**", "right"),
            ("The correct answer is option 1.", "right"),
            ("1 is correct.", "right"),
            ("The answer is 10.", "none"),
        ],
    );
    let mut told = instruction("2", &json!(null));
    assert_verdicts(&told, &[("2", "no choice in the reference answer")]);
    let content = "Which is even?\n1. 11\n2. 12".into();
    told.messages = vec![tpo_plugin::Message {
        role: "user".into(),
        content,
    }];
    assert_verdicts(
        &told,
        &[("2", "right"), ("Answer: 1", "wrong"), ("B", "none")],
    );
}

#[test]
fn references_are_labels_or_texts() {
    for reference in [
        "B",
        "b",
        "(B)",
        "b.",
        "**B**",
        "B) Paris",
        "Paris",
        "the answer is (B)",
        "\\boxed{B}",
        "paris.",
    ] {
        assert_verdicts(
            &instruction(reference, &json!(CITIES)),
            &[("B", "right"), ("Answer: A", "wrong")],
        );
    }
    for reference in ["Rome", "E", "1", "A or B", "London, Paris", ""] {
        let reason = "no choice in the reference answer";
        assert_verdicts(&instruction(reference, &json!(CITIES)), &[("B", reason)]);
    }
    assert_verdicts(
        &instruction("Paris", &json!(null)),
        &[("B", "no choice in the reference answer")],
    );
    assert_verdicts(&instruction("B", &json!(7)), &[("B", "unreadable choices")]);
    assert_verdicts(&Instruction::default(), &[("B", "no reference answer")]);
}

#[test]
fn any_of_several_answers_is_right() {
    let mut either = instruction("D", &json!(CITIES));
    either
        .metadata
        .push(("answers".into(), r#"["A", "Paris"]"#.into()));
    assert_verdicts(
        &either,
        &[
            ("A", "right"),
            ("B", "right"),
            ("D", "wrong"),
            ("A or B", "several"),
        ],
    );
}
