//! The verdict from the probabilities of one token: the more probable of the two letters.

use tpo_plugin::model::{ChatReply, ChatRequest};
use tpo_plugin::{Preference, Verdict};

/// The beginning of the reply.
const OPENING: &str = "[[";
/// How many tokens' probabilities to request. A letter that is not among them has probability 0.
const TOP: u32 = 20;

/// The request, changed so that the reply begins with the letter.
pub(crate) fn request(request: ChatRequest) -> ChatRequest {
    ChatRequest {
        prefill: Some(OPENING.into()),
        max_new_tokens: 1,
        top_log_probs: TOP,
        ..request
    }
}

/// The more probable letter, and the probability of the first.
pub(crate) fn read(reply: &ChatReply) -> Result<Verdict, String> {
    let tokens = reply.top_log_probs.first().ok_or("no verdict")?;
    let probability = |letter: &str| -> f64 {
        let of_letter = tokens
            .iter()
            .filter(|token| token.token.trim_end_matches(']') == letter);
        of_letter.map(|token| token.log_prob.exp()).sum()
    };
    let (first, second) = (probability("A"), probability("B"));
    let preference = match first.total_cmp(&second) {
        _ if first + second == 0.0 => return Err("no verdict".into()),
        std::cmp::Ordering::Greater => Preference::First,
        std::cmp::Ordering::Less => Preference::Second,
        std::cmp::Ordering::Equal => Preference::Tie,
    };
    let first_probability = first / (first + second);
    Ok(Verdict {
        // The logarithms of a faulty server may be anything.
        first_probability: Some(first_probability).filter(|probability| probability.is_finite()),
        rationale: Some(format!(
            "A has probability {first_probability:.3} of the two"
        )),
        ..preference.into()
    })
}

#[cfg(test)]
mod tests {
    use tpo_plugin::model::TokenLogProb;

    use super::*;

    fn reply(tokens: &[(&str, f64)]) -> ChatReply {
        let token = |(token, probability): &(&str, f64)| TokenLogProb {
            token: (*token).into(),
            log_prob: probability.ln(),
        };
        let top_log_probs = vec![tokens.iter().map(token).collect()];
        ChatReply {
            text: String::new(),
            truncated: true,
            top_log_probs,
            extra: Vec::new(),
        }
    }

    #[test]
    fn the_probability_is_that_of_the_first_among_both() {
        let verdict = read(&reply(&[("B", 0.25), ("A", 0.125), ("C", 0.6)])).expect("a verdict");
        let probability = verdict.first_probability.expect("a probability");
        assert!((probability - 1.0 / 3.0).abs() < 1e-12, "{probability}");
        assert_eq!(
            verdict.rationale.as_deref(),
            Some("A has probability 0.333 of the two")
        );
    }

    #[test]
    fn the_likelier_letter_wins() {
        let preference =
            |tokens: &[(&str, f64)]| read(&reply(tokens)).map(|verdict| verdict.preference);
        assert_eq!(
            preference(&[("B", 0.5), ("A", 0.4)]),
            Ok(Preference::Second)
        );
        assert_eq!(
            preference(&[("B", 0.4), ("A]]", 0.3), ("A", 0.2)]),
            Ok(Preference::First)
        );
        assert_eq!(preference(&[("C", 0.9)]), Err("no verdict".into()));
    }
}
