//! The judge of Arena-Hard: a language model answers the prompt itself, compares two responses with
//! its answer, and ends with one of five labels.
//!
//! Prompts and labels are those of Arena-Hard v0.1 and v2.0; see the README for their source. The
//! judge sees one order of the responses; the host asks for both.

mod config;
mod label;

use model_judge::{ChatModel, Placeholder, fill};
use tpo_plugin::model::{ChatReply, ChatRequest};
use tpo_plugin::{Comparison, Error, PairwiseJudge, Plugin, Preference, Verdict};

use crate::config::{Config, Version};
use crate::label::NoVerdict;

const SYSTEM: &str = include_str!("system.txt");
/// The system message of v2 for the category [`CREATIVE_WRITING`]: the model does not answer first.
const SYSTEM_OF_CREATIVE_WRITING: &str = include_str!("creative_writing.txt");
const CREATIVE_WRITING: &str = "creative_writing";
const USER: &str = include_str!("user.txt");

struct ArenaHard {
    version: Version,
    model: ChatModel,
}

impl Plugin for ArenaHard {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        let (version, model) = (config.version, config.model());
        Ok(Self { version, model })
    }
}

impl PairwiseJudge for ArenaHard {
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error> {
        let requests = comparisons
            .iter()
            .map(|comparison| self.request(comparison))
            .collect();
        let outcomes = self.model.ask(requests, |reply| self.read(reply))?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|why| Preference::Unscored(why).into()))
            .collect())
    }
}

impl ArenaHard {
    fn request(&self, comparison: &Comparison) -> ChatRequest {
        let Comparison {
            instruction,
            first,
            second,
        } = comparison;
        let system = match (self.version, instruction.category.as_deref()) {
            (Version::V2, Some(CREATIVE_WRITING)) => SYSTEM_OF_CREATIVE_WRITING,
            _ => SYSTEM,
        };
        let place = |name, value| Placeholder { name, value };
        let user = fill(
            USER,
            &[
                place("{QUESTION}", instruction.text().as_str()),
                place("{ANSWER_A}", first),
                place("{ANSWER_B}", second),
            ],
        );
        self.model.request(system.into(), user)
    }

    /// The verdict of a reply, which becomes the rationale. An error makes another request; where
    /// there is a label that is no verdict, Arena-Hard makes none.
    fn read(&self, reply: &ChatReply) -> Result<Verdict, String> {
        let unscored = |why: &str| Ok(Preference::Unscored(why.into()).into());
        match label::read(self.version, &reply.text) {
            Ok(verdict) => Ok(Verdict {
                rationale: Some(reply.text.clone()),
                ..verdict
            }),
            Err(NoVerdict::Contradictory) => unscored("contradictory verdicts"),
            Err(NoVerdict::Unknown) => unscored("unknown verdict"),
            Err(NoVerdict::Missing) if reply.truncated => {
                Err("no verdict before the tokens ran out".into())
            }
            Err(NoVerdict::Missing) => Err("no verdict".into()),
        }
    }
}

tpo_plugin::export_pairwise_judge!(ArenaHard);

#[cfg(test)]
mod tests;
