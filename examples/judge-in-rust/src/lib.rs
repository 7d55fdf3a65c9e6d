//! Prefers responses of about the right length.
//!
//! The right length is `words` words, 60 by default.

use serde::Deserialize;
use tpo_plugin::{
    Error, Group, JsonSchema, Judge, Judgment, Plugin, Scored, each_response, schemars,
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The preferred number of words.
    #[schemars(range(min = 1))]
    words: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { words: 60 }
    }
}

struct RightLength {
    wanted: f64,
}

impl Plugin for RightLength {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        // The SDK has checked `words` against the range in its schema.
        Ok(Self {
            wanted: config.words.into(),
        })
    }
}

impl Judge for RightLength {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        Ok(each_response(
            groups,
            |_instruction, response| match response.split_ascii_whitespace().count() {
                0 => Judgment::unscored("empty response"),
                words => {
                    let words = words as f64;
                    let value = 1.0 / (1.0 + (words - self.wanted).abs() / self.wanted);
                    Scored::new(value).aspect("words", words).into()
                }
            },
        ))
    }
}

tpo_plugin::export_judge!(RightLength);

/// `cargo test` runs these natively, without a component.
#[cfg(test)]
mod tests {
    use super::*;

    fn judge(response: &str) -> Judgment {
        let judge = RightLength::new(Config { words: 3 }).expect("a valid configuration");
        let group = Group {
            instruction: Default::default(),
            responses: vec![response.into()],
        };
        judge
            .score(&[group])
            .expect("judgments")
            .remove(0)
            .remove(0)
    }

    #[test]
    fn the_right_length_scores_one() {
        assert_eq!(
            judge("one two three"),
            Scored::new(1.0).aspect("words", 3.0).into()
        );
    }

    #[test]
    fn nothing_is_not_judged() {
        assert_eq!(judge("  "), Judgment::unscored("empty response"));
    }
}
