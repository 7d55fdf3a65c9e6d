//! The pairwise judge of the paper: a language model explains which of two responses is better and
//! ends with a verdict.
//!
//! Prompt and verdict are those of the self-taught evaluator (arXiv 2408.02666), whose released
//! file has a backslash before each quotation mark of the last sentence. Knows nothing of the other
//! order: the host asks both.

mod likelier;

use serde::Deserialize;
use tpo_plugin::model::{ChatReply, ChatRequest, ask};
use tpo_plugin::{
    Comparison, Error, JsonSchema, Message, PairwiseJudge, Plugin, Preference, Verdict, schemars,
    verdict,
};

const SYSTEM: &str = include_str!("prompt.txt");

/// Which model is asked, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// How the verdict is had.
    verdict: VerdictBy,
    /// At most this many tokens of explanation and verdict.
    #[schemars(range(min = 1))]
    max_new_tokens: u32,
    /// 0 takes the likeliest token every time, as the paper does.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// How often a model is asked in all whose reply holds no verdict; again at a temperature of at
    /// least 0.7.
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
    /// Seed of what is sampled.
    seed: u64,
}

/// How the verdict is had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum VerdictBy {
    /// The model explains, then writes it, as in the paper.
    #[default]
    Written,
    /// The model is made to begin with the verdict, and the likelier of the two letters is taken:
    /// one token per comparison, for models that are too small to explain.
    Likelier,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            verdict: VerdictBy::default(),
            max_new_tokens: 2048,
            temperature: 0.0,
            attempts: 2,
            seed: 0,
        }
    }
}

struct SelfTaught(Config);

impl Plugin for SelfTaught {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if config.max_new_tokens == 0 {
            return Err("`max_new_tokens` must be 1 or more".into());
        }
        if !(0.0..=10.0).contains(&config.temperature) {
            return Err(format!(
                "`temperature` must be from 0 to 10, not {}",
                config.temperature
            ));
        }
        if !(1..=10).contains(&config.attempts) {
            return Err(format!(
                "`attempts` must be from 1 to 10, not {}",
                config.attempts
            ));
        }
        Ok(Self(config))
    }
}

impl PairwiseJudge for SelfTaught {
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error> {
        let requests = comparisons
            .iter()
            .map(|comparison| self.request(comparison))
            .collect();
        let outcomes = ask(requests, self.0.attempts, |reply| match self.0.verdict {
            VerdictBy::Written => written(reply),
            VerdictBy::Likelier => likelier::read(reply),
        })?;
        let verdict = |outcome| match outcome {
            Ok(verdict) => verdict,
            Err(why) => Preference::Unscored(why).into(),
        };
        Ok(outcomes.into_iter().map(verdict).collect())
    }
}

impl SelfTaught {
    fn request(&self, comparison: &Comparison) -> ChatRequest {
        let message = |role: &str, content: String| Message {
            role: role.into(),
            content,
        };
        let Config {
            model,
            max_new_tokens,
            temperature,
            seed,
            ..
        } = &self.0;
        let asked = ChatRequest {
            model: model.clone(),
            messages: vec![
                message("system", SYSTEM.into()),
                message("user", question(comparison)),
            ],
            max_new_tokens: *max_new_tokens,
            temperature: *temperature,
            seed: *seed,
            ..ChatRequest::default()
        };
        match self.0.verdict {
            VerdictBy::Written => asked,
            VerdictBy::Likelier => likelier::request(asked),
        }
    }
}

/// The verdict at the end of an explanation, which becomes the rationale.
fn written(reply: &ChatReply) -> Result<Verdict, String> {
    match verdict::preference(&reply.text) {
        Preference::Unscored(why) if reply.truncated => {
            Err(format!("{why} before the tokens ran out"))
        }
        Preference::Unscored(why) => Err(why),
        preference => Ok(Verdict {
            rationale: Some(reply.text.clone()),
            ..preference.into()
        }),
    }
}

fn question(comparison: &Comparison) -> String {
    let Comparison {
        instruction,
        first,
        second,
    } = comparison;
    format!(
        "[User Question]\n{}\n\n\
         [The Start of Assistant A's Answer]\n{first}\n[The End of Assistant A's Answer]\n\n\
         [The Start of Assistant B's Answer]\n{second}\n[The End of Assistant B's Answer]\n",
        instruction.text()
    )
}

tpo_plugin::export_pairwise_judge!(SelfTaught);

#[cfg(test)]
mod tests {
    use tpo_plugin::Instruction;

    use super::*;

    #[test]
    fn the_prompt_is_that_of_the_evaluator() {
        let messages = vec![Message {
            role: "user".into(),
            content: "Say hello.".into(),
        }];
        let instruction = Instruction {
            messages,
            ..Instruction::default()
        };
        let comparison = Comparison {
            instruction,
            first: "Hello!".into(),
            second: "No.\n".into(),
        };
        let request = SelfTaught::new(Config::default())
            .expect("a judge")
            .request(&comparison);
        assert_eq!(request.temperature.to_bits(), 0.0f64.to_bits());
        assert!(
            request.messages[0]
                .content
                .starts_with("Please act as an impartial judge and evaluate")
        );
        assert!(request.messages[0].content.ends_with(
            r#"following this format: \"[[A]]\" if assistant A is better, \"[[B]]\" if assistant B is better."#
        ));
        assert_eq!(
            request.messages[1].content,
            "[User Question]\nSay hello.\n\n[The Start of Assistant A's Answer]\nHello!\n[The End \
                of Assistant A's Answer]\n\n\
             [The Start of Assistant B's Answer]\nNo.\n\n[The End of Assistant B's Answer]\n"
        );
    }

    #[test]
    fn a_configuration_without_sense_is_refused() {
        let refused = |config| SelfTaught::new(config).err().expect("refused");
        assert!(
            refused(Config {
                attempts: 0,
                ..Config::default()
            })
            .contains("`attempts`")
        );
        assert!(
            refused(Config {
                temperature: -1.0,
                ..Config::default()
            })
            .contains("`temperature`")
        );
        assert!(
            refused(Config {
                max_new_tokens: 0,
                ..Config::default()
            })
            .contains("`max_new_tokens`")
        );
    }
}
