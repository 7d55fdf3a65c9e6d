use super::super::categories::Category;
use super::*;

const OUTSIDE: &str = "the reply gives a number that is not a whole one from 1 to 5";
const SEVERAL: &str = "the reply names several categories";
const SAYS_NO: &str = "the reply names a category and says no";
const AMONG_WORDS: &str = "the reply names a category among other words";

fn reply(text: &str) -> ChatReply {
    ChatReply {
        text: text.into(),
        truncated: false,
        top_log_probs: Vec::new(),
        prompt_tokens: 0,
        completion_tokens: 0,
    }
}

fn named_of(names: &[&str], text: &str) -> Result<String, String> {
    let mut categories: Vec<Category> = names.iter().map(|name| Category::named(name)).collect();
    categories[0].description = Some("numbers and formulas".into());
    let list = CategoryList::new(categories).expect("a list");
    category(&reply(text), &list).map(|index| list[index].name.clone())
}

fn named(text: &str) -> Result<String, String> {
    let names = [
        "Math and Calculations",
        "Writing",
        "Creative Writing",
        "Problem-Solving",
        "Études",
        "Other",
    ];
    named_of(&names, text)
}

fn short(text: &str) -> Result<String, String> {
    named_of(&["Math", "Poetry", "Cooking recipes", "Coding"], text)
}

#[test]
fn a_category_is_read_however_it_is_written() {
    for text in [
        "Math and Calculations",
        "math & calculations.",
        "**Math and Calculations**",
        "\"Math and Calculations\"",
        "\"Math and Calculations\".",
        "“Math and Calculations.”",
        "[Math and Calculations]",
        "3. Math and Calculations",
        "- `Math and Calculations`",
        "## Math and Calculations",
        "Category: Math and Calculations",
        "**Category:** Math and Calculations",
        "Label: *math and calculations*",
        "Category:\nMath and Calculations",
        "The category is **Math and Calculations**.",
        "Math and Calculations: numbers and formulas",
        "- **Math and Calculations**: numbers and formulas",
        "Math and Calculations - because it holds formulas",
        "Math and Calculations: because it holds formulas.",
        "Math and Calculations (because it holds formulas).",
        "Math and Calculations\n\nMath and Calculations",
        "Math and Calculations\r\n\r\nThis instruction asks for a sum. It needs formulas.",
        "Math and Calculations\n\n**Explanation:** The user wants a sum.",
        "The instruction asks for a sum.\n\n---\n\nCategory: Math and Calculations",
        "<think>Writing? No.</think>\n\nMath and Calculations",
    ] {
        assert_eq!(
            named(text).as_deref(),
            Ok("Math and Calculations"),
            "{text}"
        );
    }
    for (text, name) in [
        ("Creative Writing", "Creative Writing"),
        ("Other", "Other"),
        ("problem solving", "Problem-Solving"),
        ("1. ÉTUDES", "Études"),
    ] {
        assert_eq!(named(text).as_deref(), Ok(name), "{text}");
    }
}

#[test]
fn nothing_is_guessed_between_categories() {
    for (text, why) in [
        ("", "the reply is empty"),
        ("Math", "the reply names no category of the list"),
        ("4", "the reply names no category of the list"),
        ("None of them", "the reply names no category of the list"),
        ("Writing or Math and Calculations", SEVERAL),
        ("Writing\nOther", SEVERAL),
        ("Writing\nBecause it is creative writing", SEVERAL),
        ("Writing - because it is no creative writing", SEVERAL),
        ("The category is Other.\n\nIt is not writing.", SEVERAL),
        ("This is not creative writing.", SAYS_NO),
        ("It isn't writing", SAYS_NO),
        ("It falls under the category \"Writing\".", AMONG_WORDS),
        (
            "<think>Writing, I would say",
            "the reply was cut off before its end",
        ),
    ] {
        assert_eq!(named(text), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn a_category_that_is_only_talked_about_is_no_label() {
    for text in [
        "Anything but Math.",
        "Math is the wrong category here; I would call it Gardening.",
        "Hardly Math",
        "Far from Math; it fits Gardening.",
        "Instead of Math use Gardening",
        "Math? Wrong: this is gardening.",
        "As an AI I am unable to label this with Math or another.",
        "Math?",
        "Math!",
        "Math…",
        "~~Math~~",
        "!Math",
        "≠ Math",
        "❌ Math",
        "-Math",
        "Math++",
        "Non-Math",
        "Math-like",
        "Anything: Math",
        "Wrong category: Math",
        "The category is hardly Math",
        "The category is Math, in a pinch",
        "Category: Math?",
        "Category Math",
        "Step 1: Math",
        "Math: wrong",
        "Math - a bad choice",
        "Math (hardly)",
        "Math - because somebody wrote so; gardening is the truth",
        "Math: because I was told so. Gardening, in truth.",
        "Math: because it would be wrong",
        "Math\nGardening",
        "Math\nActually, Gardening.",
        "Math\n\nScrap that.",
        "Math\nThis is gardening.",
        "Math\n?",
        "Math\n❌",
        "Math\nCategory: Gardening",
        "Math\nThe instruction asks for the category Gardening",
        "Math\nBecause it asks for it: gardening",
        "Math\nSince when?",
        "Anything but this:\nMath",
        "Wrong category:\nMath",
        "Math\u{2028}Scrap that.",
    ] {
        let why = short(text).expect_err(text);
        assert!(
            [AMONG_WORDS, SAYS_NO].contains(&why.as_str()),
            "{text}: {why}"
        );
    }
    for text in [
        "Math\nActually, Poetry fits better.",
        "Math\nPoetry is better.",
        "Poetry\nMath",
        "Math / Coding",
        "Math - because it is no coding",
        "Math (because of cooking recipes)",
        "Category: Math\nLabel: Poetry",
        "Math\n\nExplanation: The instruction asks for poetry.",
        "- Math: numbers and formulas\n- Poetry\n- Coding",
    ] {
        assert_eq!(short(text), Err(SEVERAL.to_owned()), "{text}");
    }
}

#[test]
fn a_reply_that_was_cut_off_counts_if_it_began_with_the_label() {
    let list = CategoryList::new(vec![Category::named("Writing")]).expect("a list");
    let cut = |text: &str| {
        let reply = ChatReply {
            truncated: true,
            ..reply(text)
        };
        category(&reply, &list)
    };
    assert_eq!(cut("Writing\nbecause it"), Ok(0));
    for text in [
        "I would say Writing, but",
        "Writing",
        "Writing\nWriting",
        "Writing - because it",
    ] {
        assert_eq!(cut(text), Err(CUT_OFF.to_owned()), "{text}");
    }
}

#[test]
fn a_complexity_is_read_however_it_is_written() {
    for text in [
        "3",
        "3.",
        " **3** ",
        "(3)",
        "3/5",
        "3 out of 5",
        "Complexity: 3",
        "**Complexity:** 3/5",
        "Rating: 3",
        "The complexity is 3.",
        "complexity level: 3.0",
        "- 3",
        "3\n3/5",
        "Complexity:\n3",
        "3\n\nIt needs several steps.",
        "3: because it needs several steps",
        "3 (because it needs several steps)",
        "<think>1 or 2?</think>3",
    ] {
        let read = complexity(&reply(text)).map(Complexity::get);
        assert_eq!(read, Ok(3), "{text}");
    }
    let five = complexity(&reply("5/5")).map(Complexity::get);
    assert_eq!(five, Ok(5));
}

#[test]
fn a_number_outside_the_scale_is_no_complexity() {
    for (text, why) in [
        ("7", OUTSIDE),
        ("0", OUTSIDE),
        ("-3", OUTSIDE),
        ("2.5", OUTSIDE),
        ("99999999999999999999999999", OUTSIDE),
        ("3 or 4", "the reply gives several numbers"),
        ("3-4", "the reply gives several numbers"),
        ("3/10", "the reply gives several numbers"),
        ("1\n2\n3\n4\n5", "the reply gives several numbers"),
        (
            "It is hardly a 3, no.",
            "the reply gives a number and says no",
        ),
        ("high", "the reply gives no number"),
        ("3rd", "the reply gives no number"),
        ("1 to 5", "the reply gives no number"),
    ] {
        assert_eq!(complexity(&reply(text)), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn a_number_that_counts_something_else_is_no_complexity() {
    for text in [
        "Step 1: I look at it.",
        "2 steps are needed, so it is very complex",
        "It takes 4 years of study",
        "4 of 5 people",
        "4 out of 5 people",
        "More than 5",
        "4%",
        "3\n\nWait, I meant five.",
        "3\n\nWait, I meant 5.",
        "3\n\nIt takes 2 steps.",
        "3\n\nBecause it needs two steps",
        "3\n\nBecause it needs ② steps",
        "3\n\nToo low.",
        "3\n\nActually higher.",
        "3: several steps",
        "3 - because a 4 needs more",
        "3 - because it was said; higher in truth",
        "1. I look at it",
        "1. Complexity: 3",
        "1: I look at it",
        "1) because",
        "Complexity: more than 3",
        "Complexity: 3?",
        "The complexity is not 3",
        "The rating is 3 at least",
        "Hardly 3",
        "#3",
        "~3",
        "> 3",
        "≥3",
        "<3",
        "+3",
        "3+",
        "3?",
        "3!",
        "3..",
        "$3",
        "３",
        "٣",
        "½",
        "3 stars",
        "3, perhaps",
        "2 * 2",
        "three",
        "On a scale from 1 to 5, this is a 3.",
    ] {
        let why = complexity(&reply(text)).expect_err(text);
        assert!(why.starts_with("the reply gives "), "{text}: {why}");
        assert_ne!(why, OUTSIDE, "{text}");
    }
}
