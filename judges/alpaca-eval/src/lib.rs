//! The judge of AlpacaEval 2: a language model names the better of two models, `m` or `M`, and the
//! probabilities of the two names say how sure it is.
//!
//! Prompt and formula are those of `weighted_alpaca_eval_gpt4_turbo`; see the README for their
//! source. The judge sees one order of the responses; the host asks for both.

mod config;
mod identifier;

use model_judge::{ChatModel, Placeholder, fill};
use tpo_plugin::model::{ChatRequest, REFUSED};
use tpo_plugin::{Comparison, Error, PairwiseJudge, Plugin, Preference, Verdict};

use crate::config::{Config, VerdictBy};

const SYSTEM: &str = include_str!("system.txt");
const USER: &str = include_str!("user.txt");
/// How many tokens' probabilities to request, as AlpacaEval does.
const TOP: u32 = 5;

/// A verdict, or the short phrase for `unscored`.
type Outcome = Result<Verdict, String>;

struct AlpacaEval {
    verdict: VerdictBy,
    model: ChatModel,
}

impl Plugin for AlpacaEval {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        let (verdict, model) = (config.verdict, config.model());
        Ok(Self { verdict, model })
    }
}

impl PairwiseJudge for AlpacaEval {
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error> {
        self.compare_through(
            |requests| self.model.ask(requests, identifier::read),
            comparisons,
        )
    }
}

impl AlpacaEval {
    /// One verdict per comparison. Equal responses tie without a request.
    fn compare_through(
        &self,
        ask: impl Fn(Vec<ChatRequest>) -> Result<Vec<Outcome>, Error>,
        comparisons: &[Comparison],
    ) -> Result<Vec<Verdict>, Error> {
        let are_equal = |comparison: &Comparison| comparison.first == comparison.second;
        let different: Vec<&Comparison> = comparisons
            .iter()
            .filter(|comparison| !are_equal(comparison))
            .collect();
        let mut outcomes = self.outcomes(ask, &different)?.into_iter();
        let verdict = |comparison: &Comparison| {
            if are_equal(comparison) {
                return equal();
            }
            let outcome = outcomes.next().expect("an outcome per comparison");
            outcome.unwrap_or_else(|why| Preference::Unscored(why).into())
        };
        Ok(comparisons.iter().map(verdict).collect())
    }

    fn outcomes(
        &self,
        ask: impl Fn(Vec<ChatRequest>) -> Result<Vec<Outcome>, Error>,
        comparisons: &[&Comparison],
    ) -> Result<Vec<Outcome>, Error> {
        let requests = |which: &[usize], top_log_probs: u32| {
            which
                .iter()
                .map(|&at| self.request(comparisons[at], top_log_probs))
                .collect()
        };
        let all: Vec<usize> = (0..comparisons.len()).collect();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        if self.verdict == VerdictBy::Written {
            return ask(requests(&all, 0));
        }
        let mut outcomes = ask(requests(&all, TOP))?;
        // A server without probabilities refuses the request, and so does one for which the prompt
        // is too long.
        let refused: Vec<usize> = all
            .into_iter()
            .filter(|&at| outcomes[at].as_ref().is_err_and(|why| why == REFUSED))
            .collect();
        if !refused.is_empty() {
            let again = ask(requests(&refused, 0))?;
            for (at, outcome) in refused.into_iter().zip(again) {
                outcomes[at] = outcome;
            }
        }
        Ok(outcomes)
    }

    fn request(&self, comparison: &Comparison, top_log_probs: u32) -> ChatRequest {
        let place = |name, value| Placeholder { name, value };
        let user = fill(
            USER,
            &[
                place("{instruction}", comparison.instruction.text().as_str()),
                place("{output_1}", &comparison.first),
                place("{output_2}", &comparison.second),
            ],
        );
        ChatRequest {
            top_log_probs,
            ..self.model.request(SYSTEM.into(), user)
        }
    }
}

/// The verdict on equal responses.
fn equal() -> Verdict {
    Verdict {
        first_probability: Some(0.5),
        rationale: Some("the responses are equal".into()),
        ..Preference::Tie.into()
    }
}

tpo_plugin::export_pairwise_judge!(AlpacaEval);

#[cfg(test)]
mod tests;
