//! A thought format: asks the model to think first, and splits its completion into thought and
//! response.
//!
//! Template and parser are one component, so that they agree on the markers. Prompts do not depend
//! on the thought budget.

mod config;
mod format;
mod marker;
mod parse;
mod preset;
#[cfg(test)]
mod tests;

use tpo_plugin::{
    Completion, Parts, Plugin, Prompt, RenderRequest, ResponseParser, ThoughtTemplate,
};

use crate::config::Config;
use crate::format::Format;

impl Plugin for Format {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        config.check()
    }
}

impl ThoughtTemplate for Format {
    fn render(&self, request: &RenderRequest) -> Result<Prompt, String> {
        Self::render(self, &request.instruction)
    }
}

impl ResponseParser for Format {
    fn parse(&self, completion: &Completion) -> Result<Parts, String> {
        parse::parse(self, completion).map_err(|malformed| malformed.reason().into())
    }
}

tpo_plugin::export_thought_format!(Format);
