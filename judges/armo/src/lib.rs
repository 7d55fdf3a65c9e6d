//! ArmoRM (Wang et al., "Interpretable Preferences via Multi-Objective Reward Modeling", arXiv
//! 2406.12845), the judge of the paper: rewards for nineteen objectives, weighed by a gate that has
//! read the instruction only.
//!
//! The decoder runs in the host; regression, gating and the correction for verbosity are here. The
//! gate depends on the instruction alone, so it is computed once for all of its responses.

mod head;

use serde::Deserialize;
use tpo_plugin::model::{EmbedRequest, ModelError, embed, states};
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

/// Which model, and where its gate reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// The tokens between the instruction and the response; the gate reads where they begin.
    gate_tokens: Vec<u32>,
    /// Divides the gate's logits; `gating_temperature` of the checkpoint's `config.json`.
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
        if !(config.gating_temperature > 0.0 && config.gating_temperature.is_finite()) {
            return Err(format!(
                "`gating_temperature` must be more than 0, not {}",
                config.gating_temperature
            ));
        }
        let head = Head::of_model(&config.model, config.gating_temperature)?;
        let question = Message {
            role: "user".into(),
            content: "Hi".into(),
        };
        // Anything else that keeps the model from answering may pass.
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
        let requests: Vec<EmbedRequest> = groups
            .iter()
            .flat_map(|group| self.requests(group))
            .collect();
        let mut outcomes = states(&requests)?.into_iter();
        Ok(groups
            .iter()
            .map(|group| {
                let states: Vec<_> = outcomes.by_ref().take(group.responses.len() + 1).collect();
                self.judgments(&states)
            })
            .collect())
    }
}

impl Config {
    /// What the gate reads of an instruction: no response, so that none can change it.
    fn gate(&self, instruction: &[Message]) -> EmbedRequest {
        self.request(instruction, "", &self.gate_tokens)
    }

    /// A conversation that ends with a response, and where its state is wanted.
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
    /// What the gate reads, then what the heads read of each response.
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
    fn judgments(&self, states: &[Result<Vec<Vec<f32>>, String>]) -> Vec<Judgment> {
        let Some((gate, responses)) = states.split_first() else {
            return Vec::new();
        };
        let gate = gate
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|states| self.head.gate(only(states)?));
        let judgment = |states: &Result<Vec<Vec<f32>>, String>| {
            let gate = gate.as_ref().map_err(Clone::clone)?;
            let rewards = self
                .head
                .rewards(only(states.as_ref().map_err(Clone::clone)?)?)?;
            let score = rewards
                .iter()
                .zip(gate)
                .map(|(reward, weight)| reward * weight)
                .sum();
            let scored = OBJECTIVES
                .iter()
                .zip(&rewards)
                .fold(Scored::new(score), |scored, (name, reward)| {
                    scored.aspect(*name, *reward)
                });
            Ok::<_, String>(scored.into())
        };
        responses
            .iter()
            .map(|states| judgment(states).unwrap_or_else(Judgment::unscored))
            .collect()
    }
}

/// A line break that a response begins with, and white space before it, would become one token with
/// the line breaks that end the turn's header.
fn without_blank_lines(response: &str) -> &str {
    let blank = &response[..response.len() - response.trim_start().len()];
    blank
        .rfind(['\n', '\r'])
        .map_or(response, |last| &response[last + 1..])
}

fn only(states: &[Vec<f32>]) -> Result<&[f32], String> {
    match states {
        [state] => Ok(state),
        _ => Err("the model gave too few states".into()),
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
