//! A language model as a judge of one response at a time: it rates by a rubric, on a scale from 1.
//!
//! The score is the rating that the model writes, or what it would write on average: the mean of
//! the scale under the probabilities of the token that the rating is. Knows nothing of which model
//! is asked.

mod expected;
mod prompt;

use serde::Deserialize;
use tpo_plugin::model::{ChatReply, ChatRequest, ask};
use tpo_plugin::{
    Error, Group, JsonSchema, Judge, Judgment, Message, Plugin, Scored, schemars, verdict,
};

/// Which model is asked, and what for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// What makes a response good, in your words.
    rubric: String,
    /// The best rating; the worst is 1.
    #[schemars(range(min = 2, max = 100))]
    scale: u32,
    /// How the score comes from the reply.
    score: ScoreBy,
    /// At most this many tokens of explanation and rating.
    #[schemars(range(min = 1))]
    max_new_tokens: u32,
    /// 0 takes the likeliest token every time.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// How often a model is asked in all whose reply holds no rating; again at a temperature of at
    /// least 0.7.
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
    /// Seed of what is sampled.
    seed: u64,
}

/// How the score comes from the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ScoreBy {
    /// The model explains, then writes the rating.
    Rating,
    /// The model writes nothing but the rating, and its mean under the token's probabilities is the
    /// score. The scale ends at 9 at most.
    Expected,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            rubric: "The response does what the instruction asks for, is correct, and is as long \
                as it needs to be."
                .into(),
            scale: 5,
            score: ScoreBy::Rating,
            max_new_tokens: 1024,
            temperature: 0.0,
            attempts: 2,
            seed: 0,
        }
    }
}

struct LlmRubric(Config);

impl Plugin for LlmRubric {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if config.rubric.trim().is_empty() {
            return Err("`rubric` is empty".into());
        }
        if !(2..=100).contains(&config.scale) {
            return Err(format!(
                "`scale` must be from 2 to 100, not {}",
                config.scale
            ));
        }
        if config.score == ScoreBy::Expected && config.scale > 9 {
            return Err(format!(
                "with `score` = \"expected\", `scale` must be 9 or less, not {}: a rating is one \
                    token",
                config.scale
            ));
        }
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

impl Judge for LlmRubric {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let responses = groups.iter().flat_map(|group| {
            group
                .responses
                .iter()
                .map(move |response| (group, response))
        });
        let requests = responses
            .map(|(group, response)| self.request(&group.instruction.text(), response))
            .collect();
        let mut outcomes = ask(requests, self.0.attempts, |reply| self.read(reply))?.into_iter();
        let mut next = || match outcomes.next() {
            Some(Ok(scored)) => Judgment::Score(scored),
            Some(Err(why)) => Judgment::unscored(why),
            None => Judgment::unscored("not asked"),
        };
        Ok(groups
            .iter()
            .map(|group| group.responses.iter().map(|_| next()).collect())
            .collect())
    }
}

impl LlmRubric {
    fn request(&self, instruction: &str, response: &str) -> ChatRequest {
        let message = |role: &str, content: String| Message {
            role: role.into(),
            content,
        };
        let Config {
            model,
            rubric,
            scale,
            score,
            max_new_tokens,
            temperature,
            seed,
            ..
        } = &self.0;
        let asked = ChatRequest {
            model: model.clone(),
            messages: vec![
                message("system", prompt::system(*score, *scale)),
                message("user", prompt::user(rubric, instruction, response)),
            ],
            max_new_tokens: *max_new_tokens,
            temperature: *temperature,
            seed: *seed,
            ..ChatRequest::default()
        };
        match score {
            ScoreBy::Rating => asked,
            ScoreBy::Expected => expected::request(asked),
        }
    }

    fn read(&self, reply: &ChatReply) -> Result<Scored, String> {
        let scale = self.0.scale;
        match self.0.score {
            ScoreBy::Rating => {
                let rating = verdict::rating(&reply.text, prompt::MARKER, 1.0..=f64::from(scale))?;
                Ok(Scored {
                    rationale: Some(reply.text.clone()),
                    ..Scored::new(rating)
                })
            }
            ScoreBy::Expected => expected::read(reply, scale),
        }
    }
}

tpo_plugin::export_judge!(LlmRubric);

#[cfg(test)]
mod tests;
