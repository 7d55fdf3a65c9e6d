//! What a plugin costs in each language, against the same function without any boundary: `cargo
//! bench --bench plugins`.
//!
//! Builds the five judges of `examples/`, or those of the languages that are named, and prints the
//! table of `docs/plugins.md`. Every figure is the median of several measurements, and the native
//! one is taken between them, so that a busy machine slows both.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a benchmark is for"
)]

use std::ffi::OsString;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tpo_host::{Batching, CompileService, HostConfig, JsonPlugin, OnError, PluginRequest, Plugins};
use tpo_plugin::{Group, Instruction, Judgment, Scored, each_response};
use tpo_tests::{binary, root};
use tpo_types::PluginRole;

/// The allocator of the `tpo` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LANGUAGES: [&str; 5] = ["rust", "c", "go", "javascript", "python"];
const REPEATS: usize = 15;
/// What is asked in one measurement of throughput, in batches as a run makes them.
const ITEMS: usize = 1000;
const BATCH: usize = 256;
/// Enough batches that two threads share them evenly.
const MANY: usize = 8000;
/// A response of about 1.5 KB.
const SENTENCE: &str =
    "The quick brown fox jumps over the lazy dog while it thinks of what to say. ";

fn main() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let cache = scratch.path().join("cache");
    let compiler = [binary().into_os_string()]
        .into_iter()
        .chain(["--quiet", "plugin", "compile"].map(OsString::from));
    let compiler = CompileService {
        cache,
        compiler: compiler.collect(),
        environment: Vec::new(),
    };
    let setup = HostConfig {
        compiler: Some(compiler),
        ..HostConfig::default()
    };

    let groups: Vec<Group> = (0..MANY).map(group).collect();
    let items: Vec<Value> = groups.iter().map(item).collect();
    println!("| judge | KiB | first load | load | call | 1000 items | of native | two threads |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut native = Vec::new();
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    for language in LANGUAGES
        .into_iter()
        .filter(|language| named.is_empty() || named.iter().any(|name| name == language))
    {
        let component = build(language, scratch.path());
        let source = component.display().to_string();
        let wanted = PluginRequest {
            source: &source,
            config: &json!({}),
            on_error: OnError::Fail,
        };
        let load = || {
            let start = Instant::now();
            let plugins = Plugins::new(setup.clone()).expect("a host");
            (
                plugins
                    .in_json(PluginRole::Judge, &wanted)
                    .expect("a judge"),
                start.elapsed(),
            )
        };
        let first = load().1;
        let loaded = median((0..REPEATS).map(|_| load().1).collect());
        let plugin = load().0;
        let mut thousand = Vec::new();
        for _ in 0..REPEATS {
            thousand.push(time(&plugin, &items[..ITEMS], 1));
            native.push(time_native(&groups[..ITEMS]));
        }
        let call = median(
            (0..REPEATS)
                .map(|_| time(&plugin, &items[..1], 1))
                .collect(),
        );
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            one.push(time(&plugin, &items, 1));
            two.push(time(&plugin, &items, 2));
        }
        let thousand = median(thousand);
        println!(
            "| {language} | {} | {} | {} | {} | {} | {:.1} | {:.2} times as fast |",
            fs::metadata(&component).expect("a component").len() >> 10,
            ms(first),
            ms(loaded),
            ms(call),
            ms(thousand),
            thousand.as_secs_f64() / median(native.clone()).as_secs_f64(),
            median(one).as_secs_f64() / median(two).as_secs_f64(),
        );
    }
    println!("| native | | | | | {} | 1 | |", ms(median(native)));
}

fn group(number: usize) -> Group {
    let instruction = Instruction {
        id: number.to_string(),
        ..Instruction::default()
    };
    Group {
        instruction,
        responses: vec![SENTENCE.repeat(20)],
    }
}

fn item(group: &Group) -> Value {
    json!({
        "instruction": {
            "id": group.instruction.id, "messages": [], "category": null, "reference": null, "metadata": [],
        },
        "responses": group.responses,
    })
}

fn build(language: &str, scratch: &Path) -> std::path::PathBuf {
    let project = root().join(format!("examples/judge-in-{language}"));
    let tools = scratch.join("tools");
    let built = tpo_author::build(&project, &tools, &|what| eprintln!("{what}"));
    built
        .unwrap_or_else(|failure| panic!("{language}: {failure}"))
        .component
}

/// The judges' own function.
fn native(groups: &[Group]) -> Vec<Vec<Judgment>> {
    each_response(groups, |_, response| {
        match response.split_ascii_whitespace().count() {
            0 => Judgment::unscored("empty response"),
            words => {
                let words = words as f64;
                Scored::new(1.0 / (1.0 + (words - 60.0).abs() / 60.0))
                    .aspect("words", words)
                    .into()
            }
        }
    })
}

fn time_native(groups: &[Group]) -> Duration {
    let start = Instant::now();
    black_box(native(black_box(groups)));
    start.elapsed()
}

fn time(plugin: &JsonPlugin, items: &[Value], threads: usize) -> Duration {
    plugin
        .time(
            items,
            Batching {
                batch_size: BATCH,
                threads,
            },
        )
        .expect("an answer")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
