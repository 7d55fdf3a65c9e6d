//! What a model with an opinion answers to the judges that ship: the longer response is better.
//!
//! Reads the prompts of `judges/self-taught` and `judges/llm-rubric`.

use super::Asked;

/// What it writes: a verdict on two responses, or a rating of one.
pub fn opinion(asked: &Asked) -> String {
    match (longer(&asked.prompt), rating(&asked.prompt)) {
        (Some(letter), _) => format!("The other one is shorter. [[{letter}]]"),
        (None, Some(rating)) => format!("It is as long as it is.\nScore: {rating}"),
        (None, None) => "I was not asked to judge.".into(),
    }
}

/// The two responses that are to be compared, in the order shown.
pub fn compared(prompt: &str) -> Option<[&str; 2]> {
    let [first, second] = ["A", "B"].map(|letter| {
        let (start, end) = (
            format!("[The Start of Assistant {letter}'s Answer]\n"),
            format!("\n[The End of Assistant {letter}'s"),
        );
        between(prompt, &start, &end)
    });
    Some([first?, second?])
}

/// Of two responses the letter of the longer one; `C` is neither.
pub fn longer(prompt: &str) -> Option<char> {
    let [first, second] = compared(prompt)?.map(str::len);
    Some(match first.cmp(&second) {
        std::cmp::Ordering::Greater => 'A',
        std::cmp::Ordering::Less => 'B',
        std::cmp::Ordering::Equal => 'C',
    })
}

/// The rating of one response, from 1 to 5: one more than what is left of its length when it is
/// divided by 5.
pub fn rating(prompt: &str) -> Option<usize> {
    Some(1 + reading(prompt)?.len() % 5)
}

/// The response that is to be rated.
pub fn reading(prompt: &str) -> Option<&str> {
    between(prompt, "<response>\n", "\n</response>")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
