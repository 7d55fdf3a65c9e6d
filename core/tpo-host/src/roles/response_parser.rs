//! The role `response-parser`.

use tpo_types::{
    Completion, Failure, FinishReason, ParseOutcome, Parts, PluginRole, ResponseParser,
};

use super::macros::{interface, role_bindings, stage_plugin};
use crate::contract::convert;
use crate::dispatch::role::RoleContract;
use bindings::exports::tpo::plugin::response_parser::{
    self, Completion as GuestCompletion, Parts as GuestParts,
};

role_bindings!("package tpo:host; world role { export tpo:plugin/response-parser@0.1.0; }");

/// Completions in, their parts out.
pub(crate) struct Parsing;

impl RoleContract for Parsing {
    const ROLE: PluginRole = PluginRole::ResponseParser;
    const ITEMS: &'static str = "completions";
    const SAMPLES: &'static str = include_str!("response_parser.json");
    type Item = GuestCompletion;
    type Outcome = Result<GuestParts, String>;
    interface!(response_parser, call_parse);

    fn bytes(completion: &GuestCompletion) -> usize {
        completion.text.len()
    }

    fn name(_completion: &GuestCompletion, number: usize) -> String {
        format!("completion {number}")
    }

    /// A parser splits a text; it never adds to it.
    fn check(completion: &GuestCompletion, outcome: &Self::Outcome) -> Result<(), String> {
        let Ok(GuestParts { thought, response }) = outcome else {
            return Ok(());
        };
        for (name, part) in [
            ("thought", thought.as_deref()),
            ("response", Some(&**response)),
        ] {
            if !part.is_none_or(|part| completion.text.contains(part)) {
                return Err(format!("a {name} that is not in its text"));
            }
        }
        Ok(())
    }

    fn without_answer(_completion: &GuestCompletion, reason: &str) -> Self::Outcome {
        Err(reason.into())
    }
}

stage_plugin! {
    /// A plugin that splits completions into thought and response.
    ParserPlugin: Parsing, loaded by response_parser
}

impl ResponseParser for ParserPlugin {
    fn parse(&self, completions: &[&Completion]) -> Result<Vec<ParseOutcome>, Failure> {
        let outcomes = self.0.ask(
            &completions
                .iter()
                .copied()
                .map(guest_completion)
                .collect::<Vec<_>>(),
        )?;
        let outcome = |outcome: Result<GuestParts, String>| match outcome {
            Ok(GuestParts { thought, response }) => {
                ParseOutcome::Parsed(Parts { thought, response })
            }
            Err(reason) => ParseOutcome::Malformed(convert::reason(&reason)),
        };
        Ok(outcomes.into_iter().map(outcome).collect())
    }
}

fn guest_completion(completion: &Completion) -> GuestCompletion {
    GuestCompletion {
        text: completion.text.clone(),
        truncated: completion.finish == FinishReason::Length,
        extra: Vec::new(),
    }
}
