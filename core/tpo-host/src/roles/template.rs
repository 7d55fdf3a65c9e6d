//! The role `thought-template`.

use tpo_types::{
    Failure, Message, MessageRole, PluginIdentity, PluginRole, Prompt, RenderOutcome,
    RenderRequest, ThoughtTemplate,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::thought_template::{
    self, Prompt as GuestPrompt, RenderRequest as GuestRequest,
};
use crate::bindings::tpo::plugin::types;
use crate::plugin::Plugin;
use crate::state::State;

/// Instructions in, a prompt each out.
pub(crate) struct Rendering;

impl Role for Rendering {
    const ROLE: PluginRole = PluginRole::ThoughtTemplate;
    const ITEMS: &'static str = "instructions";
    type Item = GuestRequest;
    type Outcome = Result<GuestPrompt, String>;
    call_through!(thought_template, call_render);

    fn bytes(request: &GuestRequest) -> usize {
        convert::instruction_bytes(&request.instruction)
    }

    fn name(request: &GuestRequest, _number: usize) -> String {
        format!("instruction `{}`", request.instruction.id)
    }

    fn check(_request: &GuestRequest, outcome: &Self::Outcome) -> Result<(), String> {
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
        } else if prompt.response_marker.as_deref() == Some("") {
            "a prompt with an empty response marker"
        } else if prompt.trained_prefill.as_deref() == Some("") {
            "a prompt with an empty trained prefill"
        } else {
            return Ok(());
        };
        Err(wrong.into())
    }

    fn without_answer(_request: &GuestRequest, reason: &str) -> Self::Outcome {
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
        let outcomes = self
            .0
            .ask(&requests.iter().map(guest_request).collect::<Vec<_>>())?;
        let outcome = |outcome: Result<GuestPrompt, String>| match outcome {
            Ok(rendered) => RenderOutcome::Prompt(prompt(rendered)),
            Err(reason) => RenderOutcome::Unrendered(convert::reason(&reason)),
        };
        Ok(outcomes.into_iter().map(outcome).collect())
    }
}

fn guest_request(request: &RenderRequest<'_>) -> GuestRequest {
    GuestRequest {
        instruction: convert::instruction(request.instruction),
        thought_budget: request.thought_budget,
        extra: Vec::new(),
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
        trained_prefill: prompt.trained_prefill,
        stop: prompt.stop,
        response_marker: prompt.response_marker,
    }
}
