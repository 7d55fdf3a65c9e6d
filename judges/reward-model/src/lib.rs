//! Any Bradley-Terry reward model in Hugging Face layout: one linear head over the last token's
//! hidden state.
//!
//! The score is `w . h`, where `h` is the state after the last norm at the last token of the
//! conversation and `w` the head (`score.weight` of transformers' `ForSequenceClassification`). The
//! host runs the decoder.

use serde::Deserialize;
use tpo_plugin::model::{EmbedRequest, States, in_one_batch, states, tensor_of};
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Message, Plugin, Scored, schemars};

/// The model and its head.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// The name of the head's weight in the checkpoint: one row, as wide as the model.
    head: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            head: "score.weight".into(),
        }
    }
}

struct RewardModel {
    model: String,
    weight: Vec<f32>,
}

impl Plugin for RewardModel {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        let weight = tensor_of(&config.model, &config.head, &[Some(1), None])?.values;
        Ok(Self {
            model: config.model,
            weight,
        })
    }
}

impl Judge for RewardModel {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let requests = groups.iter().map(|group| self.requests(group)).collect();
        let outcomes = in_one_batch(requests, |requests| states(&requests))?;
        Ok(outcomes
            .into_iter()
            .map(|group| {
                group
                    .into_iter()
                    .map(|states| self.judgment(states))
                    .collect()
            })
            .collect())
    }
}

impl RewardModel {
    fn requests(&self, group: &Group) -> Vec<EmbedRequest> {
        group
            .responses
            .iter()
            .map(|response| self.request(group, response))
            .collect()
    }

    fn request(&self, group: &Group, response: &str) -> EmbedRequest {
        let answer = Message {
            role: "assistant".into(),
            content: response.to_owned(),
        };
        let messages = group
            .instruction
            .messages
            .iter()
            .cloned()
            .chain([answer])
            .collect();
        EmbedRequest {
            model: self.model.clone(),
            messages,
            positions: vec![Vec::new()],
        }
    }

    fn judgment(&self, states: Result<States, String>) -> Judgment {
        states.and_then(|states| self.scored(&states)).into()
    }

    fn scored(&self, states: &[Vec<f32>]) -> Result<Scored, String> {
        match states {
            [state] if state.len() == self.weight.len() => {
                let products = state
                    .iter()
                    .zip(&self.weight)
                    .map(|(h, w)| f64::from(*h) * f64::from(*w));
                Ok(Scored::new(products.sum()))
            }
            _ => Err("the model's width is not its head's".into()),
        }
    }
}

tpo_plugin::export_judge!(RewardModel);

#[cfg(test)]
mod tests {
    use tpo_plugin::Instruction;

    use super::*;

    #[test]
    fn the_score_is_a_product() {
        let model = RewardModel {
            model: "judge".into(),
            weight: vec![2.0, -1.0],
        };
        assert_eq!(
            model.judgment(Ok(vec![vec![0.5, 3.0]])),
            Scored::new(-2.0).into()
        );
        assert_eq!(
            model.judgment(Ok(vec![vec![0.5]])),
            Judgment::unscored("the model's width is not its head's")
        );
    }

    #[test]
    fn the_response_is_the_last_turn() {
        let model = RewardModel {
            model: "judge".into(),
            weight: Vec::new(),
        };
        let group = Group {
            instruction: Instruction::default(),
            responses: Vec::new(),
        };
        let request = model.request(&group, "Yes.");
        assert_eq!(
            (request.messages[0].role.as_str(), request.positions.len()),
            ("assistant", 1)
        );
    }
}
