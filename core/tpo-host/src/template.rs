//! The role `thought-template`.

use tpo_types::{Failure, Instruction, Message, PluginIdentity, Prompt, Role, ThoughtTemplate};

use crate::bindings::exports::tpo::plugin::thought_template::{GuestIndices, Prompt as GuestPrompt};
use crate::convert;
use crate::plugin::{Call, Plugin};

/// A component that renders instructions with a thought prompt.
pub struct TemplatePlugin(pub(crate) Plugin<GuestIndices>);

impl TemplatePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl ThoughtTemplate for TemplatePlugin {
    fn render(&self, instructions: &[Instruction]) -> Result<Vec<Result<Prompt, String>>, Failure> {
        self.0.in_batches(instructions, convert::instruction_bytes, |call, batch| {
            let input: Vec<_> = batch.iter().map(convert::instruction).collect();
            let outcomes = call.ask(|guest, store| guest.call_render(store, &input))?;
            call.check_count(outcomes.len(), batch.len(), "instructions")?;
            let outcomes = batch.iter().zip(outcomes).map(|(instruction, outcome)| match outcome {
                Ok(rendered) => prompt(call, instruction, rendered).map(Ok),
                Err(reason) => Ok(Err(convert::reason(&reason))),
            });
            outcomes.collect()
        })
    }
}

fn prompt(call: &Call<'_, GuestIndices>, instruction: &Instruction, prompt: GuestPrompt) -> Result<Prompt, Failure> {
    let broken = |what: &str| Err(call.broken(format!("gave instruction `{}` a prompt {what}", instruction.id)));
    let mut messages = Vec::with_capacity(prompt.messages.len());
    for message in prompt.messages {
        let Some(role) = convert::role(&message.role) else {
            return broken(&format!("with a message of the unknown role `{}`", convert::reason(&message.role)));
        };
        messages.push(Message { role, content: message.content });
    }
    match messages.last() {
        None => return broken("without messages"),
        Some(last) if last.role != Role::User => return broken("whose last message is not the user's"),
        Some(_) => {}
    }
    if prompt.stop.iter().any(String::is_empty) {
        return broken("with an empty stop string");
    }
    if prompt.response_marker.as_ref().is_some_and(String::is_empty) {
        return broken("with an empty response marker");
    }
    Ok(Prompt { messages, prefill: prompt.prefill, stop: prompt.stop, response_marker: prompt.response_marker })
}
