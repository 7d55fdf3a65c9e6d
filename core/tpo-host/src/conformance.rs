//! Tests whether a plugin keeps the contract, before a run depends on it.
//!
//! It gets the author's own cases and unexpected inputs, in different batches, from different
//! instances, and twice. Roles appear only as JSON; the result is a list of checks for people.

mod cases;
mod hostile_inputs;

use std::time::Duration;

use serde_json::Value;
use tpo_types::{Failure, PluginRole};

use crate::dispatch::failure_policy::{OnError, PluginRequest};
use crate::dispatch::json::{Batching, JsonPlugin};
use crate::limits::Limits;
use crate::plugins::{HostConfig, Plugins};

pub use cases::Case;

/// Items that the speed is measured on.
const MEASURED_ITEMS: usize = 1000;
/// Items of a batch while the speed is measured, as in a run.
const MEASURED_BATCH: usize = 256;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What should hold.
    pub name: String,
    /// Why it does not, if so.
    pub fault: Option<String>,
}

/// How a plugin did.
#[derive(Debug)]
pub struct Conformance {
    /// What was checked, in order.
    pub checks: Vec<Check>,
    /// How long 1000 items took, on one thread. None where the plugin failed on them.
    pub per_1000_items: Option<Duration>,
}

/// Tests a plugin in a role on the author's cases, or on the role's samples if there are none.
pub fn check_conformance(
    config: &HostConfig,
    source: &str,
    role: PluginRole,
    cases: &[Case],
) -> Result<Conformance, Failure> {
    let samples = Case::samples(role)?;
    let (name, cases) = if cases.is_empty() {
        ("handles the sample items", samples.as_slice())
    } else {
        ("gives the expected outcomes", cases)
    };
    let mut checks = Vec::new();
    for (case, number) in cases.iter().zip(1..) {
        let plugin = open(config, source, role, &case.config)?;
        checks.push(check(
            format!("{name} ({number} of {})", cases.len()),
            expected(&plugin, case),
        ));
    }
    // One configuration is enough for the other checks: a plugin must accept any batch under any of
    // the author's.
    let plugin_config = &cases[0].config;
    let items: Vec<Value> = cases
        .iter()
        .filter(|case| case.config == *plugin_config)
        .flat_map(|case| case.input.clone())
        .collect();
    // A fresh instance for every batch, so that anything kept between batches shows.
    let fresh = with_batches_per_instance(1, config);
    let plugin = open(&fresh, source, role, plugin_config)?;
    if let Ok(first) = plugin.ask(&items, one_thread(items.len())) {
        for size in [1, 7] {
            checks.push(check(
                format!("gives the same outcomes in batches of {size} as in one"),
                same_as(&first, plugin.ask(&items, one_thread(size))),
            ));
        }
        let other = open(&fresh, source, role, plugin_config)?;
        checks.push(check(
            "gives the same outcomes after loading it again".into(),
            same_as(&first, other.ask(&items, one_thread(items.len()))),
        ));
        let reused = open(
            &with_batches_per_instance(2, config),
            source,
            role,
            plugin_config,
        )?;
        checks.push(check(
            "gives the same outcomes from the same instance again".into(),
            same_as(&first, reused.ask_again(&items)),
        ));
    }
    for hostile in hostile_inputs::of(&items) {
        let outcomes = plugin.ask(&hostile.items, one_thread(hostile.items.len()));
        checks.push(check(
            format!("handles {}", hostile.description),
            outcomes.map(drop).map_err(|failure| with_causes(&failure)),
        ));
    }
    Ok(Conformance {
        checks,
        per_1000_items: time(&open(config, source, role, plugin_config)?, &items),
    })
}

/// How long 1000 items take on one thread, taken round and round from `items`.
fn time(plugin: &JsonPlugin, items: &[Value]) -> Option<Duration> {
    let count = if items.is_empty() { 0 } else { MEASURED_ITEMS };
    let items: Vec<Value> = items.iter().cycle().take(count).cloned().collect();
    plugin.time(&items, one_thread(MEASURED_BATCH)).ok()
}

fn one_thread(batch_size: usize) -> Batching {
    Batching {
        batch_size: batch_size.max(1),
        threads: 1,
    }
}

fn open(
    host_config: &HostConfig,
    source: &str,
    role: PluginRole,
    config: &Value,
) -> Result<JsonPlugin, Failure> {
    Plugins::new(host_config.clone())?.in_json(
        role,
        &PluginRequest {
            source,
            config,
            on_error: OnError::Fail,
        },
    )
}

/// The same configuration, with instances that serve that many batches.
fn with_batches_per_instance(batches_per_instance: u32, config: &HostConfig) -> HostConfig {
    HostConfig {
        limits: Limits {
            batches_per_instance,
            ..config.limits.clone()
        },
        ..config.clone()
    }
}

fn check(name: String, result: Result<(), String>) -> Check {
    Check {
        name,
        fault: result.err(),
    }
}

fn expected(plugin: &JsonPlugin, case: &Case) -> Result<(), String> {
    let outcomes = plugin
        .ask(&case.input, one_thread(case.input.len()))
        .map_err(|failure| with_causes(&failure))?;
    case.compare(&outcomes)
}

fn same_as(first: &[Value], outcomes: Result<Vec<Value>, Failure>) -> Result<(), String> {
    let outcomes = outcomes.map_err(|failure| with_causes(&failure))?;
    match first
        .iter()
        .zip(&outcomes)
        .zip(1..)
        .find(|((first, other), _)| first != other)
    {
        None => Ok(()),
        Some(((first, other), number)) => {
            Err(format!("item {number}: first {first}, then {other}"))
        }
    }
}

/// The failure and its causes, in one line.
fn with_causes(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
