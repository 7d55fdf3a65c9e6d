//! The role `response-parser`.

use tpo_types::{Completion, Failure, FinishReason, Outcome, Parts, PluginIdentity, ResponseParser};

use crate::bindings::exports::tpo::plugin::response_parser::{
    Completion as GuestCompletion, GuestIndices, Parts as GuestParts,
};
use crate::convert;
use crate::plugin::{Call, Plugin};

/// A component that splits completions into thought and response.
pub struct ParserPlugin(pub(crate) Plugin<GuestIndices>);

impl ParserPlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl ResponseParser for ParserPlugin {
    fn parse(&self, completions: &[&Completion]) -> Result<Vec<Outcome>, Failure> {
        let bytes = |completion: &&Completion| completion.text.len();
        self.0.in_batches(completions, bytes, |call, batch| {
            let input: Vec<_> = batch.iter().map(|completion| guest_completion(completion)).collect();
            let outcomes = call.ask(|guest, store| guest.call_parse(store, &input))?;
            call.check_count(outcomes.len(), batch.len(), "completions")?;
            let outcomes = outcomes.into_iter().enumerate().map(|(index, outcome)| match outcome {
                Ok(split) => parts(call, index, &batch[index].text, split).map(Outcome::Parsed),
                Err(reason) => Ok(Outcome::Malformed(convert::reason(&reason))),
            });
            outcomes.collect()
        })
    }
}

fn guest_completion(completion: &Completion) -> GuestCompletion {
    GuestCompletion {
        text: completion.text.clone(),
        truncated: completion.finish == FinishReason::Length,
        extra: Vec::new(),
    }
}

/// A parser cuts; it never writes.
fn parts(call: &Call<'_, GuestIndices>, index: usize, text: &str, parts: GuestParts) -> Result<Parts, Failure> {
    let GuestParts { thought, response } = parts;
    for (noun, part) in [("thought", thought.as_deref()), ("response", Some(&*response))] {
        if !part.is_none_or(|part| text.contains(part)) {
            let what = format!("gave completion {} a {noun} that is not in its text", call.item(index));
            return Err(call.broken(what));
        }
    }
    Ok(Parts { thought, response })
}
