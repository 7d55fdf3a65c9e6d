//! ArmoRM (Wang et al., "Interpretable Preferences via Multi-Objective Reward Modeling", arXiv 2406.12845), the judge of the
//! paper: rewards for nineteen objectives, weighed by a gate that has read the instruction only.
//!
//! The decoder runs in the host; regression, gating and the correction for verbosity are here. The gate depends on the
//! instruction alone, so it is computed once for all of its responses.

mod head;

use serde::Deserialize;
use tpo_plugin::model::{EmbedRequest, states};
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

/// `<|eot_id|><|start_header_id|>assistant<|end_header_id|>` and two line breaks, as tokens of Llama 3.
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
        Self { model: "judge".into(), gate_tokens: GATE_TOKENS.to_vec(), gating_temperature: 10.0 }
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
            return Err(format!("`gating_temperature` must be more than 0, not {}", config.gating_temperature));
        }
        let head = Head::of_model(&config.model, config.gating_temperature)?;
        Ok(Self { config, head })
    }
}

impl Judge for Armo {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let requests: Vec<EmbedRequest> = groups.iter().flat_map(|group| self.requests(group)).collect();
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

impl Armo {
    /// What the gate reads, then what the heads read of each response.
    fn requests(&self, group: &Group) -> Vec<EmbedRequest> {
        let request = |response: &str, position: &[u32]| {
            // A line break at the start would become one token with those before it.
            let content = response.trim_start_matches('\n').to_owned();
            let answer = Message { role: "assistant".into(), content };
            let messages = group.instruction.messages.iter().cloned().chain([answer]).collect();
            EmbedRequest { model: self.config.model.clone(), messages, positions: vec![position.to_vec()] }
        };
        let gate = request("", &self.config.gate_tokens);
        [gate].into_iter().chain(group.responses.iter().map(|response| request(response, &[]))).collect()
    }

    /// From the gate's states and those of each response.
    fn judgments(&self, states: &[Result<Vec<Vec<f32>>, String>]) -> Vec<Judgment> {
        let Some((gate, responses)) = states.split_first() else { return Vec::new() };
        let gate = gate.as_ref().map_err(Clone::clone).and_then(|states| self.head.gate(only(states)?));
        let judgment = |states: &Result<Vec<Vec<f32>>, String>| {
            let gate = gate.as_ref().map_err(Clone::clone)?;
            let rewards = self.head.rewards(only(states.as_ref().map_err(Clone::clone)?)?)?;
            let score = rewards.iter().zip(gate).map(|(reward, weight)| reward * weight).sum();
            let scored = OBJECTIVES
                .iter()
                .zip(&rewards)
                .fold(Scored::new(score), |scored, (name, reward)| scored.aspect(*name, *reward));
            Ok::<_, String>(scored.into())
        };
        responses.iter().map(|states| judgment(states).unwrap_or_else(Judgment::unscored)).collect()
    }
}

fn only(states: &[Vec<f32>]) -> Result<&[f32], String> {
    match states {
        [state] => Ok(state),
        _ => Err("the model gave too few states".into()),
    }
}

tpo_plugin::export_judge!(Armo);
