//! The role `thought-template`.

use tpo_types::{
    Failure, Message, MessageRole, PluginRole, Prompt, RenderOutcome, RenderRequest,
    ThoughtTemplate,
};

use super::macros::{interface, role_bindings, stage_plugin};
use crate::contract::bindings::tpo::plugin::types;
use crate::contract::convert;
use crate::dispatch::role::RoleContract;
use bindings::exports::tpo::plugin::thought_template::{
    self, Prompt as GuestPrompt, RenderRequest as GuestRequest,
};

role_bindings!("package tpo:host; world role { export tpo:plugin/thought-template@0.1.0; }");

/// Instructions in, a prompt each out.
pub(crate) struct Rendering;

impl RoleContract for Rendering {
    const ROLE: PluginRole = PluginRole::ThoughtTemplate;
    const ITEMS: &'static str = "instructions";
    const SAMPLES: &'static str = include_str!("thought_template.json");
    type Item = GuestRequest;
    type Outcome = Result<GuestPrompt, String>;
    interface!(thought_template, call_render);

    fn bytes(request: &GuestRequest) -> usize {
        convert::instruction_bytes(&request.instruction)
    }

    fn name(request: &GuestRequest, _number: usize) -> String {
        format!("instruction `{}`", request.instruction.id)
    }

    fn check(_request: &GuestRequest, outcome: &Self::Outcome) -> Result<(), String> {
        let Ok(prompt) = outcome else { return Ok(()) };
        let unknown = |message: &&types::Message| convert::message_role(&message.role).is_none();
        if let Some(message) = prompt.messages.iter().find(unknown) {
            let role = convert::reason(&message.role);
            return Err(format!(
                "a prompt with a message of the unknown role `{role}`"
            ));
        }
        let last = prompt.messages.last().ok_or("a prompt without messages")?;
        let wrong = if convert::message_role(&last.role) != Some(MessageRole::User) {
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

stage_plugin! {
    /// A plugin that renders instructions with a thought prompt.
    TemplatePlugin: Rendering, loaded by thought_template
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
        role: convert::message_role(&message.role).expect("the outcome was checked"),
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
