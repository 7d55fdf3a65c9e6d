//! Any Bradley-Terry reward model in Hugging Face layout: one linear head over the last token's
//! hidden state.
//!
//! The score is `w . h`, where `h` is the state after the last norm at the last token of the
//! conversation and `w` the head (`score.weight` of transformers' `ForSequenceClassification`).
//! Knows nothing of the decoder behind it.

use serde::Deserialize;
use tpo_plugin::model::{EmbedRequest, states, tensor_of};
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Message, Plugin, Scored, schemars};

/// Which model.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// The name of the head's weight in the checkpoint: one row as wide as the model.
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
        let responses = groups.iter().flat_map(|group| {
            group
                .responses
                .iter()
                .map(move |response| (group, response))
        });
        let requests: Vec<EmbedRequest> = responses
            .map(|(group, response)| self.request(group, response))
            .collect();
        let mut outcomes = states(&requests)?.into_iter();
        let mut next = || match outcomes.next() {
            Some(Ok(states)) => self.judgment(&states),
            Some(Err(why)) => Judgment::unscored(why),
            None => Judgment::unscored("not asked"),
        };
        Ok(groups
            .iter()
            .map(|group| group.responses.iter().map(|_| next()).collect())
            .collect())
    }
}

impl RewardModel {
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

    fn judgment(&self, states: &[Vec<f32>]) -> Judgment {
        match states {
            [state] if state.len() == self.weight.len() => {
                let products = state
                    .iter()
                    .zip(&self.weight)
                    .map(|(h, w)| f64::from(*h) * f64::from(*w));
                Scored::new(products.sum()).into()
            }
            _ => Judgment::unscored("the model's width is not its head's"),
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
        assert_eq!(model.judgment(&[vec![0.5, 3.0]]), Scored::new(-2.0).into());
        assert_eq!(
            model.judgment(&[vec![0.5]]),
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
