//! Choices that are known only by their labels; the right one is B.

use super::*;

fn assert_b_is_right(table: &[(&str, &str)]) {
    assert_verdicts(&instruction("B", &json!(null)), table);
}

#[test]
fn boxed_choices_are_found() {
    assert_b_is_right(&[
        ("\\boxed{B}", "right"),
        ("So we get $\\boxed{\\text{B}}$.", "right"),
        ("The answer is A? No: \\boxed{\\textbf{(B) } 12}", "right"),
        ("$$\\boxed{\\mathrm{(C)}}$$", "wrong"),
        ("\\boxed{A, B}", "several"),
        ("\\boxed{A}. Wait, that is the area. \\boxed{B}", "right"),
        ("\\boxed{42}", "none"),
        (
            "The final answer is $\\boxed{B}$. I hope it is correct.",
            "right",
        ),
        (
            "Step 1: A cell has organelles.\nStep 2: ATP comes from \
                mitochondria.\n\\[\n\\boxed{\\text{B}}\n\\]",
            "right",
        ),
        ("\\boxed{\\text{(B)}}", "right"),
        ("\\boxed{\\textbf{B}}", "right"),
        ("\\(\\boxed{\\mathbf{B}}\\)", "right"),
    ]);
}

#[test]
fn stated_choices_are_found() {
    assert_b_is_right(&[
        ("The answer is (B).", "right"),
        ("the answer is b", "right"),
        ("Answer: B", "right"),
        ("ANSWER:B", "right"),
        ("**Answer:** B", "right"),
        ("**Answer: B) 12 apples**", "right"),
        ("Final Answer: `B`", "right"),
        ("Answer - B", "right"),
        ("## Answer\n\nB", "right"),
        ("<answer>B</answer>", "right"),
        ("{\"answer\": \"B\"}", "right"),
        (
            "The correct answer to this question is option B, since it is even.",
            "right",
        ),
        ("The correct option is B", "right"),
        ("Correct choice: (b)", "right"),
        ("The best answer would be B.", "right"),
        (
            "The most appropriate choice here is\n\n(B) go home.",
            "right",
        ),
        ("The correct statement is (B).", "right"),
        ("Option B is correct.", "right"),
        ("(B) is the right choice because it is even.", "right"),
        ("\"B\" is the best answer.", "right"),
        ("I would choose B over A.", "right"),
        ("I'll go with option B.", "right"),
        ("The answer is Paris (B).", "right"),
        ("Answer (one letter): B", "right"),
        ("The answer is A.", "wrong"),
        ("The answer is A because it is even.", "wrong"),
    ]);
}

#[test]
fn what_models_write_of_labels_is_read() {
    assert_b_is_right(&[
        (
            "Based on the information provided, the correct answer is **B. Mitochondria**.",
            "right",
        ),
        (
            "The correct answer is:\n\n**B) Mitochondria**\n\nA) The nucleus holds DNA. C) \
                Ribosomes don't.",
            "right",
        ),
        (
            "Let me see:\n\nA) Nucleus: no.\nB) Mitochondria: yes.\n\nTherefore, the correct \
                answer is B) Mitochondria.",
            "right",
        ),
        (
            "Let me see:\n\nA. Nucleus - no.\nB. Mitochondria - yes.\n\nTherefore, option B is \
                the correct one.",
            "right",
        ),
        (
            "Of the four, only option B fits. Thus, the answer is B",
            "right",
        ),
        ("The answer is B: Mitochondria.", "right"),
        ("The answer is option (B), Mitochondria", "right"),
        ("Answer: Option B - Mitochondria", "right"),
        ("The right answer is \"B\".", "right"),
        ("I believe the answer is B.", "right"),
        ("My answer is B.", "right"),
        ("My final answer: B!", "right"),
        ("The answer must be B.", "right"),
        ("The answer should be (b).", "right"),
        ("The answer has to be B.", "right"),
        ("The answer, therefore, is B.", "right"),
        ("The answer is therefore B.", "right"),
        ("The answer is clearly B.", "right"),
        ("Correct answer: B\nReason: A is a nucleus.", "right"),
        ("Correct Answer: \n\nB. Mitochondria", "right"),
        ("Choice B is correct", "right"),
        ("B is right.", "right"),
        ("So B is the answer.", "right"),
        ("Hence, option (B) is the correct answer.", "right"),
        ("Hence the correct option is: B", "right"),
        ("### Final Answer\n**B**", "right"),
        (
            "Final Answer: The final answer is $(B)$. I hope it is correct.",
            "right",
        ),
        ("**The correct answer is B.**", "right"),
        ("**Correct answer: (B)** because of ATP", "right"),
        ("Answer B", "right"),
        ("Sure! The answer is B.", "right"),
        ("Sure! Here is my answer:\n\nB", "right"),
        (
            "The nucleus stores DNA, so we can eliminate A. The answer: B",
            "right",
        ),
        ("The answer is B rather than A.", "right"),
        (
            "The correct answer is B, although A and C are close.",
            "right",
        ),
        ("Answer: B\r\n", "right"),
        ("Answer\u{a0}: B", "right"),
        ("The answer is **B**, because $x = 3$.", "right"),
        ("| Answer | B |", "right"),
        ("The answer is B).", "right"),
        ("The answer is (B", "right"),
        ("A: 11 is odd.\nThe answer: B.", "right"),
        ("(A) is odd, (C) is odd, so (B) is the answer.", "right"),
        ("I'd pick (b).", "right"),
        ("I pick B because it is even.", "right"),
        ("Let's go with B!", "right"),
        ("The answer: it's B.", "right"),
        ("Answer: It is B", "right"),
        ("Answer: I think B", "right"),
        ("Answer: I would say B.", "right"),
        ("Answer: The correct option is B.", "right"),
        ("Answer:\nThe correct option is B.", "right"),
        ("Answer = B", "right"),
        ("Answer -> B", "right"),
        ("Answer => (B)", "right"),
        ("Answer— B", "right"),
        ("Answer choice: B", "right"),
        ("The correct letter is B.", "right"),
        ("The letter of the correct answer is B.", "right"),
        ("The answer is letter B", "right"),
        ("The answer is number B", "right"),
        ("The answer is B because A is odd and C is odd.", "right"),
        ("Answer: B (12)", "right"),
        ("Answer: B, 12", "right"),
        ("Answer: B 12 apples", "right"),
        ("Answer: B B B", "right"),
        ("Answer: <b>B</b>", "right"),
    ]);
}

#[test]
fn the_last_statement_counts() {
    assert_b_is_right(&[
        ("Answer: A ... no, the answer is B", "right"),
        ("Answer: B. Wait, it should be C.", "wrong"),
        ("The answer is not A but B.", "right"),
        ("The answer isn't A. It is B.", "right"),
        (
            "If the answer is A, we get 3 = 4. So the answer is B.",
            "right",
        ),
        (
            "The answer is B. If the answer were A, we would get 3 = 4.",
            "right",
        ),
        ("The answer is B. Is the answer A? No.", "right"),
        ("The answer is not A.", "none"),
        ("The wrong answer is B", "none"),
        (
            "B is the best answer: A is too long, and C is too short.",
            "right",
        ),
        (
            "B is correct. A is wrong, and D is not the answer.",
            "right",
        ),
        ("A is a tempting choice. The correct choice is B.", "right"),
        (
            "The answer to the question \"Which organelle makes ATP?\" is B.",
            "right",
        ),
        (
            "Choice (B) is the best answer because A, C, and D are not supported.",
            "right",
        ),
        (
            "B is the correct answer. A is incorrect because it stores DNA. C is incorrect, too.",
            "right",
        ),
        (
            "At first I thought the answer was A, but the answer is B.",
            "right",
        ),
        (
            "At first I thought that the answer is A. But it's actually B.",
            "right",
        ),
        (
            "Answer: A\n\nActually, let me reconsider. The correct answer is B.",
            "right",
        ),
        (
            "Answer: B\n\nWhy not A? Because the answer cannot be A if DNA is stored there.",
            "right",
        ),
        ("The answer is B, not A.", "right"),
        ("The answer is neither A nor C. The answer is B.", "right"),
        ("The correct answer is B and not A.", "right"),
        (
            "The answer is: A) 11? No, 11 is odd. The answer is: B) 12.",
            "right",
        ),
        (
            "The answer is either A or B, and as 11 is odd, the answer is B.",
            "right",
        ),
        ("(A) and (C) are wrong, so the answer is (B).", "right"),
        (
            "Options A, C, and D are incorrect. Option B is correct.",
            "right",
        ),
        ("Answer A is wrong; answer B is right.", "right"),
        (
            "Assuming the answer is A leads to a contradiction, so it must be B.",
            "right",
        ),
        ("The answer is hardly A. It's B.", "right"),
        (
            "The answer is B.\n\nQuestion: What is odd?\nA. 1\nB. 2\n",
            "right",
        ),
        (
            "B\n\nQuestion: What is odd?\nA. 1\nB. 2\nAnswer: A",
            "wrong",
        ),
    ]);
}

#[test]
fn two_choices_are_none() {
    assert_b_is_right(&[
        ("The answer is A or B.", "several"),
        ("Answer: A, B", "several"),
        ("Answer: (A) and (B)", "several"),
        ("Both A and B are correct.", "several"),
        ("A and B", "several"),
        ("The answer is B and A is wrong.", "right"),
        ("The answer is B, a good one.", "right"),
        ("The answer is B, and I am sure.", "right"),
        ("The correct answers are B and C.", "several"),
        ("The answer could be A or B.", "several"),
        ("Either A or B is correct.", "several"),
        ("A and B are both correct.", "several"),
        ("A, B and C are correct.", "several"),
        ("\\boxed{A} or \\boxed{B}", "several"),
        ("Answer: B/C", "several"),
        ("Answer: B & C", "several"),
        ("Answer: B and/or C", "several"),
        ("Answer: A, B, C, D", "several"),
        ("Answer: A, B, C or D", "several"),
        ("A, B, C, D", "several"),
    ]);
}

#[test]
fn marked_choices_are_found() {
    assert_b_is_right(&[
        ("B", "right"),
        (" b. ", "right"),
        ("(B)", "right"),
        ("[B]", "right"),
        ("Option B", "right"),
        ("B) 12", "right"),
        ("B. 12 apples are left.", "right"),
        ("B: 12", "right"),
        ("B\n\nThere are 12 apples.", "right"),
        ("B, because 12 is even.", "right"),
        ("**B**", "right"),
        ("12 is even, so **B** it is.", "right"),
        ("**A** is odd. **B** is even.", "none"),
        ("12 is even.\n\nB", "right"),
        ("12 is even.\n\n(B).", "right"),
        ("12 is even.\nSo it must be B.", "right"),
        ("A) 11\nB) 12\nC) 13", "none"),
        ("A) 11 is odd.\nB) 12 is even.\n\nB", "right"),
        ("B) 12\n\nA) is odd, and C) is odd, too.", "right"),
        (
            "What is even is:\n\nb) 12\n\nThe others are odd:\n\na) 11\n\nc) 13",
            "right",
        ),
        ("A\nB\nC\nD", "none"),
        ("B. 12\n\nC", "several"),
        ("A: let me think.\n\nB", "several"),
        ("I think it's B.", "right"),
        ("#### B", "right"),
        ("*B*", "right"),
        ("`B`", "right"),
        ("\"B\"", "right"),
        ("B.", "right"),
        ("B)", "right"),
        ("B:", "right"),
        ("- B", "right"),
        ("> B", "right"),
        ("(b) mitochondria", "right"),
        ("Option B: Mitochondria", "right"),
        ("Option (B)", "right"),
        ("Letter B", "right"),
        ("It's B", "right"),
        ("Definitely B.", "right"),
        ("B, I think.", "right"),
        ("B - it makes ATP.", "right"),
        ("B — it makes ATP.", "right"),
        ("B; it makes ATP.", "right"),
        ("B!", "right"),
        ("<b>B</b>", "right"),
    ]);
}

#[test]
fn what_only_looks_like_a_choice_is_none() {
    assert_b_is_right(&[
        ("A dog is an animal.", "none"),
        ("I think that a cat is one, too.", "none"),
        ("I.", "wrong"),
        ("Answer: A dog", "none"),
        ("The answer is a dog.", "none"),
        ("Answer: I don't know.", "none"),
        ("The answer is vitamin B.", "none"),
        ("Vitamin B is the correct answer.", "none"),
        ("The answer is B-flat.", "none"),
        ("The answer is C++", "none"),
        ("Answer: U.S. law", "none"),
        ("Hepatitis B and plan A are things that I know.", "none"),
        ("**B**read is eaten", "none"),
        ("Bread", "none"),
        ("", "none"),
        ("?", "none"),
        ("The choices are A, B and C.", "none"),
        (
            "Choose the correct answer:\nA) 11\nB) 12\n\n12 is even.\nB",
            "right",
        ),
        ("B is the powerhouse of the cell.", "none"),
        (
            "A is wrong because it stores DNA. C is wrong because it makes protein. That leaves B.",
            "none",
        ),
        ("I can't decide between A and B.", "none"),
        ("None of the above.", "none"),
        ("I cannot answer this question.", "none"),
        ("As a language model, I can not choose.", "none"),
        ("A good question! Let me think.", "none"),
        ("A: The nucleus. B: The mitochondria. C: Ribosomes.", "none"),
        ("The answer is that a cell needs energy.", "none"),
        ("The answer is a mitochondrion.", "none"),
        ("Answer: An organelle.", "none"),
        ("The answer is I am not sure.", "none"),
        ("Plan B is a good one.", "none"),
        ("The grade was B.", "none"),
        ("He is of type B.", "none"),
        ("The answer is B\u{2019}s.", "none"),
        ("Options A and C are incorrect.", "none"),
        ("Option A is incorrect.", "none"),
        ("Option A is not correct.", "none"),
        ("Option A is partially correct.", "none"),
        ("A is almost the correct answer.", "none"),
        ("A is not the answer.", "none"),
        ("A can't be the answer.", "none"),
        ("The answer A is wrong.", "none"),
        ("I wouldn't choose A.", "none"),
        ("I choose a good one.", "none"),
        ("If I had to choose, I'd say B.", "none"),
        ("The only even number is (B).", "none"),
        ("Which is the answer? B", "none"),
        ("Is it B?", "none"),
        ("B?", "none"),
        ("Could the answer be B?", "none"),
        ("Suppose the answer is B. Then 12 is even.", "none"),
        ("I don't think the answer is A.", "none"),
        ("There is no way the answer is A.", "none"),
        ("ABCD", "none"),
        ("AB", "none"),
        ("A B C D", "none"),
        ("BBBB", "none"),
        ("answer answer answer answer", "none"),
        ("Answer: \n\n\n", "none"),
    ]);
}
