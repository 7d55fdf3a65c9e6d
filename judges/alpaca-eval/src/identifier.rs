//! The verdict from a reply of one token, which is the identifier of the better model.

use tpo_plugin::model::{ChatReply, TokenLogProb};
use tpo_plugin::{Preference, Verdict};

/// The identifier of the model whose response is shown first.
const FIRST: &str = "m";
/// The identifier of the other one.
const SECOND: &str = "M";

/// Why there is no verdict although there are probabilities.
pub(crate) const NEITHER: &str = "neither `m` nor `M` is among the 5 most probable tokens";
/// Why there is no verdict where there are no probabilities.
pub(crate) const NOTHING: &str = "the reply is neither `m` nor `M`, and the server returned no \
                                  log-probabilities; use a server that does";

/// The verdict from the probabilities of the first token, or from the reply's text if it has none.
pub(crate) fn read(reply: &ChatReply) -> Result<Verdict, String> {
    match reply.top_log_probs.first() {
        Some(tokens) if !tokens.is_empty() => weighted(tokens),
        _ => written(&reply.text),
    }
}

/// The probability of the first identifier among the two. One that is not among the tokens has
/// probability 0.
fn weighted(tokens: &[TokenLogProb]) -> Result<Verdict, String> {
    let (first, second) = (log_prob(tokens, FIRST), log_prob(tokens, SECOND));
    if first == f64::NEG_INFINITY && second == f64::NEG_INFINITY {
        return Err(NEITHER.into());
    }
    // exp(first - logsumexp(first, second)), which is defined where both probabilities are too
    // small for a float.
    let first_probability = 1.0 / (1.0 + (second - first).exp());
    let preference = match first_probability.total_cmp(&0.5) {
        std::cmp::Ordering::Greater => Preference::First,
        std::cmp::Ordering::Less => Preference::Second,
        std::cmp::Ordering::Equal => Preference::Tie,
    };
    Ok(Verdict {
        first_probability: Some(first_probability),
        rationale: Some(format!(
            "`m` (shown first) has probability {first_probability:.6} of `m` and `M`"
        )),
        ..preference.into()
    })
}

/// The logarithm of the probability of all tokens that are the identifier, apart from white space
/// around it; negative infinity if there are none.
fn log_prob(tokens: &[TokenLogProb], identifier: &str) -> f64 {
    let found = tokens
        .iter()
        // The logarithms of a faulty server may be anything.
        .filter(|token| token.token.trim() == identifier && token.log_prob.is_finite())
        .map(|token| token.log_prob);
    found.fold(f64::NEG_INFINITY, |sum, next| {
        let (more, less) = (sum.max(next), sum.min(next));
        more + (less - more).exp().ln_1p()
    })
}

/// The identifier that the model wrote, without a probability.
fn written(text: &str) -> Result<Verdict, String> {
    let preference = match text.trim() {
        FIRST => Preference::First,
        SECOND => Preference::Second,
        _ => return Err(NOTHING.into()),
    };
    Ok(Verdict {
        rationale: Some(format!("the model wrote `{}`", text.trim())),
        ..preference.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str, positions: &[&[(&str, f64)]]) -> ChatReply {
        let position = |tokens: &&[(&str, f64)]| {
            let token = |&(token, log_prob): &(&str, f64)| TokenLogProb {
                token: token.into(),
                log_prob,
            };
            tokens.iter().map(token).collect()
        };
        ChatReply {
            text: text.into(),
            truncated: true,
            top_log_probs: positions.iter().map(position).collect(),
            extra: Vec::new(),
        }
    }

    /// The verdict from the log-probabilities of the first token.
    fn weigh(tokens: &[(&str, f64)]) -> Result<Verdict, String> {
        read(&reply("?", &[tokens]))
    }

    fn probability(tokens: &[(&str, f64)]) -> f64 {
        let verdict = weigh(tokens).expect("a verdict");
        verdict.first_probability.expect("a probability")
    }

    /// The example in the source of `alpaca_eval`, and its number.
    #[test]
    fn the_probability_is_that_of_alpaca_eval() {
        let verdict = weigh(&[
            ("M", -0.017_597_131),
            ("m", -4.048_847),
            ("Both", -14.908_222),
            ("The", -15.705_097),
            ("Based", -15.955_097),
        ])
        .expect("a verdict");
        let probability = verdict.first_probability.expect("a probability");
        assert!((probability - 0.017_442).abs() < 5e-7, "{probability}");
        let preference = 2.0 - probability;
        assert!((preference - 1.982_558).abs() < 5e-7, "{preference}");
        assert_eq!(verdict.preference, Preference::Second);
        assert_eq!(verdict.strength, None);
        assert_eq!(
            verdict.rationale.as_deref(),
            Some("`m` (shown first) has probability 0.017442 of `m` and `M`")
        );

        let swapped = weigh(&[("m", -0.017_597_131), ("M", -4.048_847)]).expect("a verdict");
        let swapped_probability = swapped.first_probability.expect("a probability");
        assert!((swapped_probability + probability - 1.0).abs() < 1e-12);
        assert_eq!(swapped.preference, Preference::First);
    }

    #[test]
    fn a_missing_identifier_has_probability_zero() {
        for (tokens, expected, preference) in [
            ([("m", -9.0), ("x", -0.1)], 1.0, Preference::First),
            ([("x", -0.1), ("M", -9.0)], 0.0, Preference::Second),
        ] {
            let verdict = weigh(&tokens).expect("a verdict");
            assert_eq!(verdict.first_probability, Some(expected));
            assert_eq!(verdict.preference, preference);
        }
    }

    #[test]
    fn without_either_identifier_there_is_no_verdict_whatever_the_text() {
        let tokens: &[(&str, f64)] = &[("Both", -0.1), ("mM", -3.0), ("m.", -4.0), ("\u{0}", -5.0)];
        for text in ["?", "m", "M", ""] {
            assert_eq!(read(&reply(text, &[tokens])), Err(NEITHER.into()), "{text}");
        }
    }

    #[test]
    fn equal_probabilities_are_a_tie() {
        let verdict = weigh(&[("M", -0.7), ("m", -0.7)]).expect("a verdict");
        assert_eq!(verdict.preference, Preference::Tie);
        assert_eq!(verdict.first_probability, Some(0.5));
        assert_eq!(verdict.strength, None);
    }

    #[test]
    fn only_the_first_token_counts() {
        let verdict = read(&reply("M m", &[&[("M", -0.1)], &[("m", -0.1)]])).expect("a verdict");
        assert_eq!(verdict.preference, Preference::Second);
    }

    #[test]
    fn white_space_around_an_identifier_makes_no_difference() {
        let apart = probability(&[
            ("m", 0.2f64.ln()),
            (" m", 0.3f64.ln()),
            ("M\n", 0.25f64.ln()),
        ]);
        assert!((apart - 0.5 / 0.75).abs() < 1e-12, "{apart}");
    }

    #[test]
    fn probabilities_too_small_or_too_large_for_a_float_are_compared() {
        assert!(probability(&[("m", -9999.0), ("M", -9998.0)]) < 0.5);
        assert_eq!(
            probability(&[("m", -1.0), ("M", -9999.0)]).to_bits(),
            1.0f64.to_bits()
        );
        assert_eq!(
            probability(&[("m", -9999.0), ("M", 9999.0)]).to_bits(),
            0.0f64.to_bits()
        );
    }

    #[test]
    fn logarithms_that_are_no_numbers_are_ignored() {
        for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(probability(&[("m", nonsense), ("M", -1.0)]).to_bits(), 0);
            assert_eq!(
                weigh(&[("m", nonsense), ("M", nonsense)]),
                Err(NEITHER.into())
            );
        }
    }

    #[test]
    fn without_probabilities_the_written_identifier_counts() {
        for positions in [&[][..], &[&[][..]][..]] {
            for (text, preference) in [
                ("m", Preference::First),
                ("M", Preference::Second),
                (" M\n", Preference::Second),
            ] {
                let verdict = read(&reply(text, positions)).expect("a verdict");
                assert_eq!(verdict.preference, preference, "{text}");
                assert_eq!(verdict.first_probability, None);
                assert_eq!(verdict.strength, None);
            }
        }
    }

    #[test]
    fn without_probabilities_no_other_text_is_a_verdict() {
        let huge = "m".repeat(1 << 20);
        for text in [
            "",
            " ",
            "mM",
            "m or M",
            "m.",
            "\"m\"",
            "The best model is m",
            "\u{0}m",
            "m\u{200b}",
            "\u{ff4d}",
            &huge,
        ] {
            assert_eq!(read(&reply(text, &[])), Err(NOTHING.into()), "{text:.20}");
        }
    }
}
