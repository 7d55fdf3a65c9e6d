//! `tpo chat`: talk to a model, with its thought folded or shown.

use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tpo_host::{OnError, PluginRequest, Plugins};
use tpo_lm::sample::LocalSampler;
use tpo_run::config::ThoughtConfig;
use tpo_run::{RunConfig, RunDirectory, Store};
use tpo_types::{
    Checkpoint, Completion, Failure, FailureKind, Instruction, Message, ParseOutcome,
    RenderOutcome, RenderRequest, ResponseParser, SampleId, SampleJob, Sampler, SamplingParams,
    ThoughtTemplate,
};

use crate::arguments::ChatArguments;
use crate::plugins;
use crate::printer::Printer;
use crate::text::printable;

pub(crate) fn run(arguments: &ChatArguments, printer: Printer) -> Result<(), Failure> {
    let mut chat = Chat::open(arguments, printer)?;
    if let Some(prompt) = &arguments.prompt {
        return chat.turn(prompt);
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        printer.talk("ask something; an empty line ends");
    }
    for line in stdin.lock().lines() {
        let line = line.map_err(|error| {
            Failure::new(FailureKind::Input, "cannot read the question").because(error)
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
        let Subject {
            policy,
            config,
            max_thought_tokens,
        } = Subject::named(&arguments.model, printer)?;
        let thought = arguments.thought.clone().map_or(config.thought, |plugin| {
            (plugin, Value::Object(serde_json::Map::new()))
        });
        let parser = if arguments.thought.is_some() {
            &thought
        } else {
            config.parser.as_ref().unwrap_or(&thought)
        };
        let plugins = Plugins::new(plugins::setup(
            arguments.trust,
            Path::new(tpo_bundle::LOCK_FILE),
        )?)?;
        Ok(Self {
            arguments,
            printer,
            template: Box::new(plugins.thought_template(&wanted(&thought))?),
            parser: Box::new(plugins.response_parser(&wanted(parser))?),
            sampler: LocalSampler::new(Arc::new(tpo_lm::load::load(&policy.path)?)),
            params: SamplingParams {
                temperature: arguments.temperature,
                top_p: 1.0,
                top_k: 0,
                max_new_tokens: arguments.max_new_tokens,
                max_thought_tokens: Some(
                    max_thought_tokens
                        .unwrap_or(arguments.max_new_tokens)
                        .min(arguments.max_new_tokens / 2),
                ),
            },
            messages: Vec::new(),
        })
    }

    /// Asks, answers, and remembers the response but not the thought.
    fn turn(&mut self, question: &str) -> Result<(), Failure> {
        self.messages.push(Message::user(question));
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
                self.printer.talk(&format!(
                    "note: the completion is malformed ({reason}); it is shown whole"
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
        let turn = self.messages.len();
        let instruction = Instruction {
            id: format!("turn-{turn}"),
            messages: self.messages.clone(),
            category: None,
            reference: None,
            metadata: std::collections::BTreeMap::new(),
        };
        let outcome = self
            .template
            .render(&[RenderRequest {
                instruction: &instruction,
                thought_budget: self.params.max_thought_tokens.map(|tokens| tokens as u32),
            }])?
            .into_iter()
            .next();
        let prompt = match outcome {
            Some(RenderOutcome::Prompt(prompt)) => prompt,
            Some(RenderOutcome::Unrendered(reason)) => {
                let what = format!("the thought template refuses this turn: {reason}");
                return Err(Failure::new(FailureKind::Plugin, what));
            }
            None => {
                let what = "the thought template rendered no prompt";
                return Err(Failure::new(FailureKind::Bug, what));
            }
        };
        let prompt_ids = self.sampler.encode(&prompt)?;
        let sample = SampleId {
            seed: 0,
            slice: "chat".into(),
            instruction_id: instruction.id,
            index: 0,
        };
        let job = SampleJob {
            prompt: &prompt,
            prompt_ids: &prompt_ids,
            samples: vec![sample],
        };
        let mut written = None;
        self.sampler
            .sample(&[job], &self.params, &mut |_, completion| {
                written = Some(completion);
                Ok(())
            })?;
        written.ok_or_else(|| Failure::new(FailureKind::Bug, "the sampler wrote nothing"))
    }
}

/// What to talk to, and in which format it thinks.
struct Subject {
    policy: Checkpoint,
    config: Format,
    max_thought_tokens: Option<usize>,
}

/// Plugins and their configurations.
struct Format {
    thought: (String, Value),
    parser: Option<(String, Value)>,
}

impl Subject {
    /// A run's best checkpoint, or a model as for `--model`.
    fn named(name: &str, printer: Printer) -> Result<Self, Failure> {
        let directory = RunDirectory::at(name);
        if !directory.store().exists() {
            let path = tpo_lm::fetch::resolve(name, &|text| printer.talk(text))?;
            let thought = ThoughtConfig::default();
            let config = Format {
                thought: (thought.plugin, Value::Object(thought.config)),
                parser: None,
            };
            return Ok(Self {
                policy: Checkpoint::at(path),
                config,
                max_thought_tokens: None,
            });
        }
        let store = Store::open_read_only(&directory.store())?;
        let missing = |what: &str| {
            Failure::new(
                FailureKind::Input,
                format!("the run `{name}` has no {what} yet"),
            )
        };
        let text = store
            .value("config")?
            .ok_or_else(|| missing("configuration"))?;
        let config: RunConfig = serde_json::from_str(&text)
            .map_err(|error| missing("readable configuration").because(error))?;
        let best = directory.checkpoints().join("best");
        let path = if best.exists() {
            best
        } else {
            printer.talk(
                "note: the run has no checkpoint that beats its base model; this is the base model",
            );
            Path::new(&store.value("base_model")?.ok_or_else(|| missing("model"))?).to_path_buf()
        };
        Ok(Self {
            policy: Checkpoint::at(path),
            max_thought_tokens: config.thought.max_tokens,
            config: Format {
                thought: (config.thought.plugin, Value::Object(config.thought.config)),
                parser: config
                    .parser
                    .map(|parser| (parser.plugin, Value::Object(parser.config))),
            },
        })
    }
}

fn wanted((source, config): &(String, Value)) -> PluginRequest<'_> {
    PluginRequest {
        source,
        config,
        on_error: OnError::Fail,
    }
}
