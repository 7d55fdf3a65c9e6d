//! The pairwise judge of the paper: a language model explains which of two responses is better and
//! ends with a verdict.
//!
//! Prompt and verdict are those of the self-taught evaluator (arXiv 2408.02666), whose released
//! file has a backslash before each quotation mark of the last sentence. The judge sees one order
//! of the responses; the host asks for both.

mod config;
mod likelier;

use model_judge::ChatModel;
use tpo_plugin::model::{ChatReply, ChatRequest};
use tpo_plugin::{Comparison, Error, PairwiseJudge, Plugin, Preference, Verdict, verdict};

use crate::config::{Config, VerdictBy};

const SYSTEM: &str = include_str!("prompt.txt");

struct SelfTaught {
    verdict: VerdictBy,
    model: ChatModel,
}

impl Plugin for SelfTaught {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self {
            verdict: config.verdict,
            model: config.into_model(),
        })
    }
}

impl PairwiseJudge for SelfTaught {
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

impl SelfTaught {
    fn request(&self, comparison: &Comparison) -> ChatRequest {
        let request = self.model.request(SYSTEM.into(), question(comparison));
        match self.verdict {
            VerdictBy::Written => request,
            VerdictBy::Likelier => likelier::request(request),
        }
    }

    fn read(&self, reply: &ChatReply) -> Result<Verdict, String> {
        match self.verdict {
            VerdictBy::Written => written(reply),
            VerdictBy::Likelier => likelier::read(reply),
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
    use tpo_plugin::{Instruction, Message, configured};

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
            "[User Question]\nSay hello.\n\n\
             [The Start of Assistant A's Answer]\nHello!\n[The End of Assistant A's Answer]\n\n\
             [The Start of Assistant B's Answer]\nNo.\n\n[The End of Assistant B's Answer]\n"
        );
    }

    #[test]
    fn wrong_settings_are_refused_by_key() {
        for (config, refusal) in [
            (
                r#"{"attempts": 0}"#,
                "`attempts` is 0; it must be between 1 and 10",
            ),
            (
                r#"{"temperature": -1}"#,
                "`temperature` is -1; it must be between 0 and 10",
            ),
            (
                r#"{"max_new_tokens": 0}"#,
                "`max_new_tokens` is 0; it must be at least 1",
            ),
        ] {
            let refused = configured::<SelfTaught>(config).err();
            assert_eq!(refused.as_deref(), Some(refusal));
        }
    }
}
