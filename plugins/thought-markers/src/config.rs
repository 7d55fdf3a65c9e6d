//! The configuration, and its check, which makes a [`Format`].

use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

use crate::format::{Format, Marked, Opening, PromptText};
use crate::marker::Marker;
use crate::preset::Preset;

/// Either a preset of the paper or a prompt of your own with its markers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// A thought format of the paper. `generic` unless `prompt` is given.
    preset: Option<Preset>,
    /// Your own prompt. The instruction takes the place of `{instruction}`, or follows after a
    /// blank line.
    prompt: Option<String>,
    /// The text that opens the thought in your own format. Without it the thought begins with the
    /// completion.
    thought_marker: Option<String>,
    /// The text that opens the response in your own format.
    response_marker: Option<String>,
    /// Whether the assistant's turn begins with the thought marker, because small models do not
    /// keep a format by themselves. True if there is a thought marker.
    prefill: Option<bool>,
}

impl Config {
    pub(crate) fn check(self) -> Result<Format, String> {
        let prefill = self.prefill;
        let format = match (self.preset, self.prompt) {
            (Some(_), Some(_)) => {
                return Err(
                    "`preset` and `prompt` exclude each other: set only one of them".into(),
                );
            }
            (preset, None) if self.thought_marker.is_some() || self.response_marker.is_some() => {
                return Err(match preset {
                    Some(preset) => format!(
                        "`thought_marker` and `response_marker` belong to a `prompt` of your own: \
                         preset `{}` has its own markers",
                        preset.name()
                    ),
                    None => {
                        "`thought_marker` and `response_marker` need a `prompt` that asks for them"
                            .into()
                    }
                });
            }
            (preset, None) => preset.unwrap_or_default().format(prefill.unwrap_or(true)),
            (None, Some(prompt)) => own(
                &prompt,
                self.thought_marker,
                self.response_marker,
                prefill.unwrap_or(true),
            )?,
        };
        if prefill.is_some() && !format.has_thought_marker() {
            return Err("`prefill` has no effect: this format has no thought marker".into());
        }
        Ok(format)
    }
}

fn own(
    prompt: &str,
    thought_marker: Option<String>,
    response_marker: Option<String>,
    prefill: bool,
) -> Result<Format, String> {
    if prompt.trim().is_empty() {
        return Err("`prompt` is empty; for the bare instruction use preset `direct`".into());
    }
    let Some(response) = response_marker else {
        return Err(
            "a `prompt` of your own needs a `response_marker`, which opens the response".into(),
        );
    };
    let thought = thought_marker
        .map(|text| marker("thought_marker", &text))
        .transpose()?;
    Ok(Format::Marked(Marked {
        text: PromptText::new(prompt),
        thought: thought.map(|marker| Opening { marker, prefill }),
        response: marker("response_marker", &response)?,
    }))
}

fn marker(key: &str, text: &str) -> Result<Marker, String> {
    if text.trim().is_empty() {
        Err(format!("`{key}` is blank"))
    } else {
        Ok(Marker::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<Format, String> {
        serde_json::from_str::<Config>(json)
            .expect("the configuration has the right shape")
            .check()
    }

    #[test]
    fn the_default_is_the_generic_preset_with_prefill() {
        assert_eq!(check("{}").ok(), Some(Preset::Generic.format(true)));
        assert_eq!(
            check(r#"{"prefill": false}"#).ok(),
            Some(Preset::Generic.format(false))
        );
    }

    #[test]
    fn an_own_format_may_lack_a_thought_marker() {
        assert!(check(r#"{"prompt": "Think.", "response_marker": "ANSWER:"}"#).is_ok());
        assert!(
            check(r#"{"prompt": "Think.", "response_marker": "ANSWER:", "prefill": true}"#)
                .is_err()
        );
    }

    #[test]
    fn incomplete_formats_are_refused() {
        for (json, reason) in [
            (
                r#"{"preset": "direct", "prompt": "Think."}"#,
                "exclude each other",
            ),
            (
                r#"{"preset": "generic", "response_marker": "A:"}"#,
                "preset `generic` has its own markers",
            ),
            (r#"{"thought_marker": "T:"}"#, "need a `prompt`"),
            (r#"{"prompt": "Think."}"#, "needs a `response_marker`"),
            (
                r#"{"prompt": " ", "response_marker": "A:"}"#,
                "`prompt` is empty",
            ),
            (
                r#"{"prompt": "Think.", "response_marker": "\n"}"#,
                "`response_marker` is blank",
            ),
            (
                r#"{"preset": "specific", "prefill": true}"#,
                "this format has no thought marker",
            ),
            (
                r#"{"preset": "direct", "prefill": false}"#,
                "this format has no thought marker",
            ),
        ] {
            let refusal = check(json).expect_err(json);
            assert!(refusal.contains(reason), "{json}: {refusal}");
        }
    }
}
