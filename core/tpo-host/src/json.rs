//! A plugin asked in JSON: the door for tools that know no role, such as `tpo plugin test`.
//!
//! Items and outcomes are the contract's records: fields in snake case, cases in Pascal case. They
//! are the same texts that native plugins exchange and that failed batches are kept in.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::Value;
use tpo_types::{Failure, FailureKind, PluginIdentity, PluginRole};

use crate::batch;
use crate::conduct::Wanted;
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::roles::Role;
use crate::roles::judge::Judging;
use crate::roles::pairwise::Comparing;
use crate::roles::parser::Parsing;
use crate::roles::selector::Selecting;
use crate::roles::template::Rendering;

/// How items are shared out. It never decides an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Items per batch; a role that needs all items at once gets them at once.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
}

/// A plugin in some role, asked in JSON.
pub struct JsonPlugin {
    role: PluginRole,
    plugin: Box<dyn AskJson>,
}

impl Plugins {
    /// Loads a plugin in the given role.
    pub fn in_json(&self, role: PluginRole, wanted: &Wanted<'_>) -> Result<JsonPlugin, Failure> {
        let plugin: Box<dyn AskJson> = match role {
            PluginRole::ThoughtTemplate => Box::new(self.load::<Rendering>(wanted)?),
            PluginRole::ResponseParser => Box::new(self.load::<Parsing>(wanted)?),
            PluginRole::Judge => Box::new(self.load::<Judging>(wanted)?),
            PluginRole::PairwiseJudge => Box::new(self.load::<Comparing>(wanted)?),
            PluginRole::PairSelector => Box::new(self.load::<Selecting>(wanted)?),
        };
        Ok(JsonPlugin { role, plugin })
    }
}

impl JsonPlugin {
    /// The role it was loaded in.
    pub fn role(&self) -> PluginRole {
        self.role
    }

    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.plugin.identity()
    }

    /// One outcome per item.
    pub fn ask(&self, items: &[Value], cut: Cut) -> Result<Vec<Value>, Failure> {
        self.plugin.ask(items, cut)
    }

    /// The same, to be written: as values, outcomes take ten times the memory that the plugin took
    /// for them.
    pub fn answer(&self, items: &[Value], cut: Cut) -> Result<Box<dyn Answer>, Failure> {
        self.plugin.answer(items, cut)
    }

    /// One outcome per item, of an instance that has answered the same before.
    pub fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure> {
        self.plugin.ask_again(items)
    }

    /// How long it takes to answer the items, conversion from and to JSON left out.
    pub fn time(&self, items: &[Value], cut: Cut) -> Result<Duration, Failure> {
        self.plugin.time(items, cut)
    }
}

/// What a plugin answered.
pub trait Answer {
    /// Writes a line of JSON per outcome.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;
}

struct Outcomes<R: Role>(Vec<R::Outcome>);

impl<R: Role> Answer for Outcomes<R> {
    fn write(&self, mut out: &mut dyn Write) -> io::Result<()> {
        self.0.iter().try_for_each(|outcome| {
            serde_json::to_writer(&mut out, outcome)?;
            writeln!(out)
        })
    }
}

trait AskJson {
    fn identity(&self) -> &PluginIdentity;
    fn ask(&self, items: &[Value], cut: Cut) -> Result<Vec<Value>, Failure>;
    fn answer(&self, items: &[Value], cut: Cut) -> Result<Box<dyn Answer>, Failure>;
    fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure>;
    fn time(&self, items: &[Value], cut: Cut) -> Result<Duration, Failure>;
}

impl<R: Role> AskJson for Plugin<R> {
    fn identity(&self) -> &PluginIdentity {
        self.identity()
    }

    fn ask(&self, items: &[Value], cut: Cut) -> Result<Vec<Value>, Failure> {
        values::<R>(&self.ask_cut(&records::<R>(items)?, cut)?)
    }

    fn answer(&self, items: &[Value], cut: Cut) -> Result<Box<dyn Answer>, Failure> {
        Ok(Box::new(Outcomes::<R>(
            self.ask_cut(&records::<R>(items)?, cut)?,
        )))
    }

    fn ask_again(&self, items: &[Value]) -> Result<Vec<Value>, Failure> {
        let all = 0..items.len();
        let outcomes = self.ask_batches(&records::<R>(items)?, &[all.clone(), all], 1)?;
        values::<R>(&outcomes[items.len()..])
    }

    fn time(&self, items: &[Value], cut: Cut) -> Result<Duration, Failure> {
        let items = records::<R>(items)?;
        let start = Instant::now();
        self.ask_cut(&items, cut)?;
        Ok(start.elapsed())
    }
}

impl<R: Role> Plugin<R> {
    fn ask_cut(&self, items: &[R::Item], cut: Cut) -> Result<Vec<R::Outcome>, Failure> {
        let batches = if R::AT_ONCE {
            batch::whole(items.len())
        } else {
            batch::of(cut.batch, items.len())
        };
        self.ask_batches(items, &batches, cut.threads)
    }
}

fn values<R: Role>(outcomes: &[R::Outcome]) -> Result<Vec<Value>, Failure> {
    let bug =
        |error| Failure::new(FailureKind::Bug, "an outcome does not serialize").because(error);
    outcomes
        .iter()
        .map(|outcome| serde_json::to_value(outcome).map_err(bug))
        .collect()
}

fn records<R: Role>(items: &[Value]) -> Result<Vec<R::Item>, Failure> {
    let record = |(item, number): (&Value, usize)| {
        serde_json::from_value(item.clone()).map_err(|error| {
            let what = format!("item {number} is not what a {} is asked about", R::ROLE);
            Failure::new(FailureKind::Input, what).because(error).hint(
                "items are the records of `wit/`, with fields in snake_case and cases in \
                    PascalCase",
            )
        })
    };
    items.iter().zip(1..).map(record).collect()
}
