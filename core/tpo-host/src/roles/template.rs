//! The role `thought-template`.

use tpo_types::{
    Failure, Message, MessageRole, PluginIdentity, PluginRole, Prompt, RenderOutcome,
    RenderRequest, ThoughtTemplate,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::thought_template::{self, Prompt as GuestPrompt};
use crate::bindings::tpo::plugin::types;
use crate::plugin::Plugin;
use crate::state::State;

/// Instructions in, a prompt each out.
pub(crate) struct Rendering;

impl Role for Rendering {
    const ROLE: PluginRole = PluginRole::ThoughtTemplate;
    const ITEMS: &'static str = "instructions";
    type Item = types::Instruction;
    type Outcome = Result<GuestPrompt, String>;
    call_through!(thought_template, call_render);

    fn bytes(instruction: &types::Instruction) -> usize {
        convert::instruction_bytes(instruction)
    }

    fn name(instruction: &types::Instruction, _number: usize) -> String {
        format!("instruction `{}`", instruction.id)
    }

    fn check(_instruction: &types::Instruction, outcome: &Self::Outcome) -> Result<(), String> {
        let Ok(prompt) = outcome else { return Ok(()) };
        let unknown = |message: &&types::Message| convert::speaker(&message.role).is_none();
        if let Some(message) = prompt.messages.iter().find(unknown) {
            let role = convert::reason(&message.role);
            return Err(format!(
                "a prompt with a message of the unknown role `{role}`"
            ));
        }
        let last = prompt.messages.last().ok_or("a prompt without messages")?;
        let wrong = if convert::speaker(&last.role) != Some(MessageRole::User) {
            "a prompt whose last message is not the user's"
        } else if prompt.stop.iter().any(String::is_empty) {
            "a prompt with an empty stop string"
        } else if prompt
            .response_marker
            .as_ref()
            .is_some_and(String::is_empty)
        {
            "a prompt with an empty response marker"
        } else {
            return Ok(());
        };
        Err(wrong.into())
    }

    fn without_answer(_instruction: &types::Instruction, reason: &str) -> Self::Outcome {
        Err(reason.into())
    }
}

/// A plugin that renders instructions with a thought prompt.
pub struct TemplatePlugin(pub(crate) Plugin<Rendering>);

impl TemplatePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl ThoughtTemplate for TemplatePlugin {
    fn render(&self, requests: &[RenderRequest<'_>]) -> Result<Vec<RenderOutcome>, Failure> {
        let outcomes = self.0.ask(
            &requests
                .iter()
                .map(|request| convert::instruction(request.instruction))
                .collect::<Vec<_>>(),
        )?;
        let outcome = |outcome: Result<GuestPrompt, String>| match outcome {
            Ok(rendered) => RenderOutcome::Prompt(prompt(rendered)),
            Err(reason) => RenderOutcome::Unrendered(convert::reason(&reason)),
        };
        Ok(outcomes.into_iter().map(outcome).collect())
    }
}

fn prompt(prompt: GuestPrompt) -> Prompt {
    let message = |message: types::Message| Message {
        role: convert::speaker(&message.role).expect("the answer was checked"),
        content: message.content,
    };
    Prompt {
        messages: prompt.messages.into_iter().map(message).collect(),
        prefill: prompt.prefill,
        trained_prefill: None,
        stop: prompt.stop,
        response_marker: prompt.response_marker,
    }
}
