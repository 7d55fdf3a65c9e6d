//! ArmoRM (Wang et al., "Interpretable Preferences via Multi-Objective Reward Modeling", arXiv
//! 2406.12845), the judge of the paper: rewards for nineteen objectives, weighted by a gate that
//! sees only the instruction.
//!
//! The host runs the decoder; regression, gating and the correction for verbosity are here. The
//! gate depends on the instruction alone, so it is computed once for all of its responses.

mod head;

use serde::Deserialize;
use tpo_plugin::model::{EmbedRequest, ModelError, States, embed, in_one_batch, states};
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Message, Plugin, Scored, schemars};

use crate::head::Head;

/// What ArmoRM calls its objectives, in the order of its heads.
const OBJECTIVES: [&str; 19] = [
    "helpsteer-helpfulness",
    "helpsteer-correctness",
    "helpsteer-coherence",
    "helpsteer-complexity",
    "helpsteer-verbosity",
    "ultrafeedback-overall_score",
    "ultrafeedback-instruction_following",
    "ultrafeedback-truthfulness",
    "ultrafeedback-honesty",
    "ultrafeedback-helpfulness",
    "beavertails-is_safe",
    "prometheus-score",
    "argilla-overall_quality",
    "argilla-judge_lm",
    "code-complexity",
    "code-style",
    "code-explanation",
    "code-instruction-following",
    "code-readability",
];

/// `<|eot_id|><|start_header_id|>assistant<|end_header_id|>` and two line breaks, as tokens of
/// Llama 3.
const GATE_TOKENS: [u32; 5] = [128_009, 128_006, 78_191, 128_007, 271];

/// The model, and the position that its gate reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// The tokens between instruction and response; the gate reads the state at the first of them.
    gate_tokens: Vec<u32>,
    /// Temperature of the gate's softmax: `gating_temperature` of the checkpoint's `config.json`.
    #[schemars(range(min = 0.000_001))]
    gating_temperature: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            gate_tokens: GATE_TOKENS.to_vec(),
            gating_temperature: 10.0,
        }
    }
}

struct Armo {
    config: Config,
    head: Head,
}

impl Plugin for Armo {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if config.gate_tokens.is_empty() {
            return Err("`gate_tokens` is empty".into());
        }
        let head = Head::of_model(&config.model, config.gating_temperature)?;
        let question = Message {
            role: "user".into(),
            content: "Hi".into(),
        };
        // Other errors may be temporary.
        if let Some(Err(ModelError::InvalidRequest(why))) = embed(&[config.gate(&[question])]).pop()
        {
            return Err(format!(
                "`gate_tokens` are not those of the model `{}`: {why}",
                config.model
            ));
        }
        Ok(Self { config, head })
    }
}

impl Judge for Armo {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let requests = groups.iter().map(|group| self.requests(group)).collect();
        let outcomes = in_one_batch(requests, |requests| states(&requests))?;
        Ok(outcomes.iter().map(|group| self.judgments(group)).collect())
    }
}

impl Config {
    /// The gate's request: an empty response, so that no response can change the gate.
    fn gate(&self, instruction: &[Message]) -> EmbedRequest {
        self.request(instruction, "", &self.gate_tokens)
    }

    /// A conversation that ends with a response, and the position of the requested state.
    fn request(&self, instruction: &[Message], response: &str, position: &[u32]) -> EmbedRequest {
        let answer = Message {
            role: "assistant".into(),
            content: without_blank_lines(response).to_owned(),
        };
        let messages = instruction.iter().cloned().chain([answer]).collect();
        EmbedRequest {
            model: self.model.clone(),
            messages,
            positions: vec![position.to_vec()],
        }
    }
}

impl Armo {
    /// The gate's request, then one for each response.
    fn requests(&self, group: &Group) -> Vec<EmbedRequest> {
        let instruction = &group.instruction.messages;
        let responses = group
            .responses
            .iter()
            .map(|response| self.config.request(instruction, response, &[]));
        [self.config.gate(instruction)]
            .into_iter()
            .chain(responses)
            .collect()
    }

    /// From the gate's states and those of each response.
    fn judgments(&self, states: &[Result<States, String>]) -> Vec<Judgment> {
        let Some((gate, responses)) = states.split_first() else {
            return Vec::new();
        };
        let weights = only(gate).and_then(|state| self.head.gate(state));
        responses
            .iter()
            .map(|states| self.scored(&weights, states).into())
            .collect()
    }

    fn scored(
        &self,
        weights: &Result<Vec<f64>, String>,
        states: &Result<States, String>,
    ) -> Result<Scored, String> {
        let weights = weights.as_ref().map_err(Clone::clone)?;
        let rewards = self.head.rewards(only(states)?)?;
        let score = rewards
            .iter()
            .zip(weights)
            .map(|(reward, weight)| reward * weight)
            .sum();
        Ok(OBJECTIVES
            .iter()
            .zip(&rewards)
            .fold(Scored::new(score), |scored, (name, reward)| {
                scored.aspect(*name, *reward)
            }))
    }
}

/// The response without line breaks at its beginning, and without white space before them: with the
/// line breaks that end the turn's header they would become one token.
fn without_blank_lines(response: &str) -> &str {
    let blank = &response[..response.len() - response.trim_start().len()];
    blank
        .rfind(['\n', '\r'])
        .map_or(response, |last| &response[last + 1..])
}

/// The one state of a request.
fn only(states: &Result<States, String>) -> Result<&[f32], String> {
    match states.as_ref().map(Vec::as_slice) {
        Ok([state]) => Ok(state),
        Ok(_) => Err("the model gave too few states".into()),
        Err(why) => Err(why.clone()),
    }
}

tpo_plugin::export_judge!(Armo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_at_the_start_go() {
        let texts = [
            ("\n\nYes.", "Yes."),
            (" \n\t\r\n  Yes.", "  Yes."),
            ("    return 1\n", "    return 1\n"),
            ("Yes.\n\nNo.\n", "Yes.\n\nNo.\n"),
            ("\r\n", ""),
            ("\n ", " "),
            (" ", " "),
            ("", ""),
        ];
        for (response, content) in texts {
            assert_eq!(without_blank_lines(response), content, "{response:?}");
        }
    }
}
