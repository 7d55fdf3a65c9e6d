//! A judge that has a language model rate one response at a time by a rubric, on a scale from 1.
//!
//! The score is the rating that the model writes, or its expected rating: the mean of the scale
//! under the probabilities of the rating's token.

mod config;
mod expected;
mod prompt;

use std::ops::RangeInclusive;

use tpo_plugin::model::{ChatReply, ChatRequest, in_one_batch};
use tpo_plugin::{Error, Group, Judge, Judgment, Plugin, Scored, verdict};

use crate::config::{Config, Rubric, ScoreBy};

impl Plugin for Rubric {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        config.check()
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(1.0..=f64::from(self.scale))
    }
}

impl Judge for Rubric {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let requests = groups.iter().map(|group| self.requests(group)).collect();
        let outcomes = in_one_batch(requests, |requests| {
            self.model.ask(requests, |reply| self.read(reply))
        })?;
        Ok(outcomes
            .into_iter()
            .map(|group| group.into_iter().map(Judgment::from).collect())
            .collect())
    }
}

impl Rubric {
    fn requests(&self, group: &Group) -> Vec<ChatRequest> {
        let instruction = group.instruction.text();
        group
            .responses
            .iter()
            .map(|response| self.request(&instruction, response))
            .collect()
    }

    fn request(&self, instruction: &str, response: &str) -> ChatRequest {
        let request = self.model.request(
            prompt::system(self.score, self.scale),
            prompt::user(&self.text, instruction, response),
        );
        match self.score {
            ScoreBy::Rating => request,
            ScoreBy::Expected => expected::request(request),
        }
    }

    fn read(&self, reply: &ChatReply) -> Result<Scored, String> {
        match self.score {
            ScoreBy::Rating => {
                let scale = 1.0..=f64::from(self.scale);
                let rating = verdict::rating(&reply.text, prompt::MARKER, scale)?;
                Ok(Scored::new(rating).because(&*reply.text))
            }
            ScoreBy::Expected => expected::read(reply, self.scale),
        }
    }
}

tpo_plugin::export_judge!(Rubric);

#[cfg(test)]
mod tests;
