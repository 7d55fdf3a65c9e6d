//! A plugin that takes and returns JSON, for tools that serve every role, such as `tpo plugin
//! test`.
//!
//! Items and outcomes are the contract's records: fields in snake case, cases in Pascal case.
//! Native plugins exchange the same texts, and failed batches are kept in them.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::Value;
use tpo_types::{Failure, FailureKind, PluginIdentity, PluginRole};

use crate::dispatch::batch;
use crate::dispatch::plugin::RolePlugin;
use crate::dispatch::role::RoleContract;

/// How items are split into batches. It never changes an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Items per batch; a role that needs all items at once gets them at once.
    pub batch_size: usize,
    /// Threads.
    pub threads: usize,
}

/// A plugin in some role, called in JSON.
pub struct JsonPlugin(Box<dyn JsonCalls>);

impl JsonPlugin {
    pub(crate) fn new<R: RoleContract>(plugin: RolePlugin<R>) -> Self {
        Self(Box::new(plugin))
    }

    /// The role that it was loaded in.
    pub fn role(&self) -> PluginRole {
        self.0.role()
    }

    /// Whether the role needs all items in one call, so that batches and threads do not matter.
    pub fn needs_all_items(&self) -> bool {
        self.0.needs_all_items()
    }

    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }

    /// One outcome per item.
    pub fn ask(&self, items: &[Value], batching: Batching) -> Result<Vec<Value>, Failure> {
        self.0.ask(items, batching)
    }

    /// The same, to be written: as JSON values, outcomes take ten times the memory that they take
    /// in the plugin.
    pub fn ask_lines(
        &self,
        items: &[Value],
        batching: Batching,
    ) -> Result<Box<dyn JsonLines>, Failure> {
        self.0.ask_lines(items, batching)
    }

    /// One outcome per item, from an instance that has served the same items before.
    pub fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure> {
        self.0.ask_again(items)
    }

    /// How long it takes to answer the items, conversion from and to JSON left out.
    pub fn time(&self, items: &[Value], batching: Batching) -> Result<Duration, Failure> {
        self.0.time(items, batching)
    }
}

/// Outcomes as lines of JSON.
pub trait JsonLines {
    /// Writes a line of JSON per outcome.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;
}

struct Outcomes<R: RoleContract>(Vec<R::Outcome>);

impl<R: RoleContract> JsonLines for Outcomes<R> {
    fn write(&self, mut out: &mut dyn Write) -> io::Result<()> {
        self.0.iter().try_for_each(|outcome| {
            serde_json::to_writer(&mut out, outcome)?;
            writeln!(out)
        })
    }
}

trait JsonCalls {
    fn role(&self) -> PluginRole;
    fn needs_all_items(&self) -> bool;
    fn identity(&self) -> &PluginIdentity;
    fn ask(&self, items: &[Value], batching: Batching) -> Result<Vec<Value>, Failure>;
    fn ask_lines(&self, items: &[Value], batching: Batching)
    -> Result<Box<dyn JsonLines>, Failure>;
    fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure>;
    fn time(&self, items: &[Value], batching: Batching) -> Result<Duration, Failure>;
}

impl<R: RoleContract> JsonCalls for RolePlugin<R> {
    fn role(&self) -> PluginRole {
        R::ROLE
    }

    fn needs_all_items(&self) -> bool {
        R::AT_ONCE
    }

    fn identity(&self) -> &PluginIdentity {
        self.identity()
    }

    fn ask(&self, items: &[Value], batching: Batching) -> Result<Vec<Value>, Failure> {
        values::<R>(&self.ask_batching(&records::<R>(items)?, batching)?)
    }

    fn ask_lines(
        &self,
        items: &[Value],
        batching: Batching,
    ) -> Result<Box<dyn JsonLines>, Failure> {
        Ok(Box::new(Outcomes::<R>(
            self.ask_batching(&records::<R>(items)?, batching)?,
        )))
    }

    fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure> {
        let all = 0..items.len();
        let outcomes = self.ask_batches(&records::<R>(items)?, &[all.clone(), all], 1)?;
        values::<R>(&outcomes[items.len()..])
    }

    fn time(&self, items: &[Value], batching: Batching) -> Result<Duration, Failure> {
        let items = records::<R>(items)?;
        let start = Instant::now();
        self.ask_batching(&items, batching)?;
        Ok(start.elapsed())
    }
}

impl<R: RoleContract> RolePlugin<R> {
    fn ask_batching(
        &self,
        items: &[R::Item],
        batching: Batching,
    ) -> Result<Vec<R::Outcome>, Failure> {
        let batches = if R::AT_ONCE {
            batch::whole(items.len())
        } else {
            batch::of(batching.batch_size, items.len())
        };
        self.ask_batches(items, &batches, batching.threads)
    }
}

fn values<R: RoleContract>(outcomes: &[R::Outcome]) -> Result<Vec<Value>, Failure> {
    let bug =
        |error| Failure::new(FailureKind::Bug, "an outcome does not serialize").because(error);
    outcomes
        .iter()
        .map(|outcome| serde_json::to_value(outcome).map_err(bug))
        .collect()
}

fn records<R: RoleContract>(items: &[Value]) -> Result<Vec<R::Item>, Failure> {
    let record = |(item, number): (&Value, usize)| {
        serde_json::from_value(item.clone()).map_err(|error| {
            let what = format!("item {number} is not an item of a {}", R::ROLE);
            Failure::new(FailureKind::Input, what).because(error).hint(
                "items are the records of `wit/`, with fields in snake_case and cases in \
                    PascalCase",
            )
        })
    };
    items.iter().zip(1..).map(record).collect()
}
