//! The role `response-parser`.

use tpo_types::{
    Completion, Failure, FinishReason, ParseOutcome, Parts, PluginIdentity, PluginRole,
    ResponseParser,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::response_parser::{
    self, Completion as GuestCompletion, Parts as GuestParts,
};
use crate::plugin::Plugin;
use crate::state::State;

/// Completions in, their parts out.
pub(crate) struct Parsing;

impl Role for Parsing {
    const ROLE: PluginRole = PluginRole::ResponseParser;
    const ITEMS: &'static str = "completions";
    type Item = GuestCompletion;
    type Outcome = Result<GuestParts, String>;
    call_through!(response_parser, call_parse);

    fn bytes(completion: &GuestCompletion) -> usize {
        completion.text.len()
    }

    fn name(_completion: &GuestCompletion, number: usize) -> String {
        format!("completion {number}")
    }

    /// A parser cuts; it never writes.
    fn check(completion: &GuestCompletion, outcome: &Self::Outcome) -> Result<(), String> {
        let Ok(GuestParts { thought, response }) = outcome else {
            return Ok(());
        };
        for (noun, part) in [
            ("thought", thought.as_deref()),
            ("response", Some(&**response)),
        ] {
            if !part.is_none_or(|part| completion.text.contains(part)) {
                return Err(format!("a {noun} that is not in its text"));
            }
        }
        Ok(())
    }

    fn without_answer(_completion: &GuestCompletion, reason: &str) -> Self::Outcome {
        Err(reason.into())
    }
}

/// A plugin that splits completions into thought and response.
pub struct ParserPlugin(pub(crate) Plugin<Parsing>);

impl ParserPlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
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
