//! `tpo chat`: a conversation with a model, with its thoughts shown or hidden.

mod target;

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use tpo_host::Plugins;
use tpo_lm::precision::Precision;
use tpo_lm::sample::LocalSampler;
use tpo_types::{
    Completion, Failure, FailureKind, Instruction, Message, ParseOutcome, Prompt, RenderOutcome,
    RenderRequest, ResponseParser, SampleId, SampleJob, Sampler, SamplingParams, ThoughtTemplate,
};

use crate::arguments::ChatArguments;
use crate::plugins;
use crate::printer::Printer;
use crate::text::printable;
use target::{ChatTarget, ConfiguredPlugin};

pub(crate) fn run(arguments: &ChatArguments, printer: Printer) -> Result<(), Failure> {
    let mut chat = Chat::open(arguments, printer)?;
    if let Some(prompt) = &arguments.prompt {
        return chat.turn(prompt);
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        printer.status("type a message; an empty line exits");
    }
    for line in stdin.lock().lines() {
        let line = line.map_err(|error| {
            Failure::new(FailureKind::Input, "cannot read the message").because(error)
        })?;
        if line.trim().is_empty() {
            break;
        }
        chat.turn(&line)?;
    }
    Ok(())
}

struct Chat<'a> {
    arguments: &'a ChatArguments,
    printer: Printer,
    template: Box<dyn ThoughtTemplate>,
    parser: Box<dyn ResponseParser>,
    sampler: LocalSampler,
    params: SamplingParams,
    messages: Vec<Message>,
}

impl<'a> Chat<'a> {
    fn open(arguments: &'a ChatArguments, printer: Printer) -> Result<Self, Failure> {
        let target = ChatTarget::named(&arguments.model, printer)?;
        let (thought, parser) = match &arguments.thought {
            Some(plugin) => (ConfiguredPlugin::unconfigured(plugin), None),
            None => (target.thought, target.parser),
        };
        let parser = parser.as_ref().unwrap_or(&thought);
        let plugins = Plugins::new(plugins::host_config(
            arguments.trust,
            Path::new(tpo_bundle::LOCK_FILE),
        )?)?;
        let max_new_tokens = arguments.max_new_tokens;
        let max_thought_tokens = target.max_thought_tokens.unwrap_or(max_new_tokens);
        Ok(Self {
            arguments,
            printer,
            template: Box::new(plugins.thought_template(&thought.request())?),
            parser: Box::new(plugins.response_parser(&parser.request())?),
            sampler: LocalSampler::new(
                Arc::new(tpo_lm::load::load(&target.policy.path)?),
                Precision::fastest_like_f32(),
            )?,
            params: SamplingParams {
                temperature: arguments.temperature,
                top_p: 1.0,
                top_k: 0,
                max_new_tokens,
                max_thought_tokens: Some(max_thought_tokens.min(max_new_tokens / 2)),
            },
            messages: Vec::new(),
        })
    }

    /// Answers a message. The conversation keeps the response but not the thought.
    fn turn(&mut self, message: &str) -> Result<(), Failure> {
        self.messages.push(Message::user(message));
        let completion = self.complete()?;
        let outcome = self.parser.parse(&[&completion])?.into_iter().next();
        let response = match outcome {
            Some(ParseOutcome::Parsed(parts)) => {
                if let Some(thought) = parts.thought.filter(|_| self.arguments.show_thought) {
                    self.printer
                        .data(&format!("[thought]\n{}\n[response]", printable(&thought)));
                }
                parts.response
            }
            Some(ParseOutcome::Malformed(reason)) => {
                self.printer.status(&format!(
                    "note: the completion is malformed ({reason}) and shown in full"
                ));
                completion.text
            }
            None => completion.text,
        };
        self.printer.data(&printable(&response));
        self.messages.push(Message::assistant(response));
        Ok(())
    }

    fn complete(&mut self) -> Result<Completion, Failure> {
        let instruction = Instruction {
            id: format!("turn-{}", self.messages.len()),
            messages: self.messages.clone(),
            category: None,
            reference: None,
            metadata: BTreeMap::new(),
        };
        let prompt = self.render(&instruction)?;
        let prompt_ids = self.sampler.encode(&prompt)?;
        let sample = SampleId {
            seed: 0,
            stream: "chat".into(),
            instruction_id: instruction.id,
            index: 0,
        };
        let job = SampleJob {
            prompt: &prompt,
            prompt_ids: &prompt_ids,
            samples: vec![sample],
        };
        let mut sampled = None;
        self.sampler
            .sample(&[job], &self.params, &mut |_, completion| {
                sampled = Some(completion);
                Ok(())
            })?;
        sampled.ok_or_else(|| Failure::new(FailureKind::Bug, "the sampler returned no completion"))
    }

    fn render(&self, instruction: &Instruction) -> Result<Prompt, Failure> {
        let request = RenderRequest {
            instruction,
            thought_budget: self.params.max_thought_tokens.map(|tokens| tokens as u32),
        };
        match self.template.render(&[request])?.into_iter().next() {
            Some(RenderOutcome::Prompt(prompt)) => Ok(prompt),
            Some(RenderOutcome::Unrendered(reason)) => Err(Failure::new(
                FailureKind::Plugin,
                format!("the thought template cannot render this message: {reason}"),
            )),
            None => Err(Failure::new(
                FailureKind::Bug,
                "the thought template returned no prompt",
            )),
        }
    }
}
