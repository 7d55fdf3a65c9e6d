//! `tpo plugin bench`: benchmarks a plugin.

use std::time::{Duration, Instant};

use serde_json::Value;
use tpo_host::{Batching, Case, OnError, PluginRequest, Plugins};
use tpo_types::Failure;

use super::cases::{RoleCases, role_cases};
use crate::arguments::BenchArguments;
use crate::printer::Printer;

/// How often each time is measured; the median is printed.
const REPEATS: usize = 9;
/// Items per measurement; the cases are repeated as often as needed.
const ITEMS: usize = 1000;
/// Items per batch, as in a run.
const BATCH: usize = 256;

pub(super) fn run(arguments: &BenchArguments, printer: Printer) -> Result<(), Failure> {
    let source = &arguments.plugin;
    let host = arguments.load.host_config()?;
    for tested in role_cases(&host, source, arguments.role, arguments.cases.as_deref())? {
        let RoleCases { role, mut cases } = tested;
        if cases.is_empty() {
            cases = Case::samples(role)?;
        }
        let config = cases[0].config.clone();
        let items: Vec<Value> = cases
            .into_iter()
            .flat_map(|case| case.input)
            .cycle()
            .take(ITEMS)
            .collect();
        let request = PluginRequest {
            source,
            config: &config,
            on_error: OnError::Fail,
        };
        let load = || {
            let start = Instant::now();
            Plugins::new(host.clone())?
                .in_json(role, &request)
                .map(|_| start.elapsed())
        };
        // The first load compiles the component unless it is already in the cache.
        load()?;
        let plugin = Plugins::new(host.clone())?.in_json(role, &request)?;
        let one = Batching {
            batch_size: BATCH,
            threads: 1,
        };
        let many = median(|| plugin.time(&items, one))?;
        printer.data(&format!("{role}, median of {REPEATS}:"));
        printer.data(&row("load from cache", median(load)?));
        printer.data(&row(
            "one call, one item",
            median(|| plugin.time(&items[..1], one))?,
        ));
        printer.data(&row("1000 items, one thread", many));
        if !plugin.needs_all_items() {
            let two = median(|| {
                plugin.time(
                    &items,
                    Batching {
                        batch_size: BATCH / 2,
                        threads: 2,
                    },
                )
            })?;
            printer.data(&row("1000 items, two threads", two));
        }
        printer.data(&format!(
            "  {:26}{:>12.0}",
            "items per second",
            ITEMS as f64 / many.as_secs_f64()
        ));
    }
    Ok(())
}

fn row(what: &str, time: Duration) -> String {
    format!("  {what:26}{:>9.3} ms", time.as_secs_f64() * 1000.0)
}

fn median(mut measure: impl FnMut() -> Result<Duration, Failure>) -> Result<Duration, Failure> {
    let mut times = (0..REPEATS)
        .map(|_| measure())
        .collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times[REPEATS / 2])
}
