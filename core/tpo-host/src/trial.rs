//! A plugin put through what a run will put it through, before a run does.
//!
//! A trial asks about the author's own cases and about inputs that nobody expects, in different
//! batches, of different instances, and twice. It knows the roles only as JSON; what it finds is a
//! list of checks for people.

mod cases;
mod hostile_inputs;

use std::time::Duration;

use serde_json::Value;
use tpo_types::{Failure, PluginRole};

use crate::conduct::{OnError, Wanted};
use crate::json::{Cut, JsonPlugin};
use crate::limits::Limits;
use crate::plugins::{Plugins, Setup};

pub use cases::Case;

/// Items that the speed is measured on.
const MEASURED_ITEMS: usize = 1000;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What should hold.
    pub name: String,
    /// What does not, if anything.
    pub fault: Option<String>,
}

/// What a trial found.
#[derive(Debug)]
pub struct Trial {
    /// What was looked at, in order.
    pub checks: Vec<Check>,
    /// How long 1000 items took, on one thread. None where the plugin failed before.
    pub per_1000_items: Option<Duration>,
}

/// Tries a plugin in a role on the author's cases, or on some of the trial's own where there are
/// none.
pub fn trial(
    setup: &Setup,
    source: &str,
    role: PluginRole,
    cases: &[Case],
) -> Result<Trial, Failure> {
    let own = Case::samples(role)?;
    let (name, cases) = if cases.is_empty() {
        ("answers the trial's own items", own.as_slice())
    } else {
        ("answers the cases", cases)
    };
    let mut checks = Vec::new();
    for (case, number) in cases.iter().zip(1..) {
        let name = format!("{name} ({number} of {})", cases.len());
        checks.push(check(
            name,
            expected(&open(setup, source, role, &case.config)?, case),
        ));
    }
    // A plugin may be given any batch under any of the author's configurations; one is enough for
    // the rest.
    let config = &cases[0].config;
    let items: Vec<Value> = cases
        .iter()
        .filter(|case| case.config == *config)
        .flat_map(|case| case.input.clone())
        .collect();
    let answers = |plugin: &JsonPlugin, batch: usize| plugin.ask(&items, Cut { batch, threads: 1 });
    // An instance for every batch: what it would carry over shows as an outcome that depends on the
    // batches.
    let cold = serving(1, setup);
    let plugin = open(&cold, source, role, config)?;
    if let Ok(first) = answers(&plugin, items.len().max(1)) {
        let same = |outcomes: Result<Vec<Value>, Failure>| same_as(&first, outcomes);
        for batch in [1, 7] {
            let name = format!("answers the same in batches of {batch} as in one");
            checks.push(check(name, same(answers(&plugin, batch))));
        }
        let other = open(&cold, source, role, config)?;
        checks.push(check(
            "answers the same when it is loaded again".into(),
            same(answers(&other, items.len())),
        ));
        let warm = open(&serving(2, setup), source, role, config)?;
        let again = warm.ask_again(&items);
        checks.push(check(
            "answers the same when the same instance is asked again".into(),
            same(again),
        ));
    }
    for (what, hostile) in hostile_inputs::of(&items) {
        let answered = plugin.ask(
            &hostile,
            Cut {
                batch: hostile.len().max(1),
                threads: 1,
            },
        );
        checks.push(check(
            format!("bears {what}"),
            answered.map(drop).map_err(|failure| told(&failure)),
        ));
    }
    let many: Vec<Value> = items
        .iter()
        .cycle()
        .take(if items.is_empty() { 0 } else { MEASURED_ITEMS })
        .cloned()
        .collect();
    let per_1000_items = open(setup, source, role, config)?
        .time(
            &many,
            Cut {
                batch: 256,
                threads: 1,
            },
        )
        .ok();
    Ok(Trial {
        checks,
        per_1000_items,
    })
}

fn open(
    setup: &Setup,
    source: &str,
    role: PluginRole,
    config: &Value,
) -> Result<JsonPlugin, Failure> {
    Plugins::new(setup.clone())?.in_json(
        role,
        &Wanted {
            source,
            config,
            on_error: OnError::Fail,
        },
    )
}

/// The same with instances that serve so many batches, whatever the user's limit.
fn serving(batches_per_instance: u32, setup: &Setup) -> Setup {
    Setup {
        limits: Limits {
            batches_per_instance,
            ..setup.limits.clone()
        },
        ..setup.clone()
    }
}

fn check(name: String, held: Result<(), String>) -> Check {
    Check {
        name,
        fault: held.err(),
    }
}

fn expected(plugin: &JsonPlugin, case: &Case) -> Result<(), String> {
    let batch = case.input.len().max(1);
    let outcomes = plugin
        .ask(&case.input, Cut { batch, threads: 1 })
        .map_err(|failure| told(&failure))?;
    case.compare(&outcomes)
}

fn same_as(first: &[Value], outcomes: Result<Vec<Value>, Failure>) -> Result<(), String> {
    let outcomes = outcomes.map_err(|failure| told(&failure))?;
    match first
        .iter()
        .zip(&outcomes)
        .zip(1..)
        .find(|((first, other), _)| first != other)
    {
        None => Ok(()),
        Some(((first, other), number)) => {
            Err(format!("item {number}: {first} at first, then {other}"))
        }
    }
}

fn told(failure: &Failure) -> String {
    let mut told = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    told
}
