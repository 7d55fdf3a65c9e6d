//! Any bytes as a judge's answer: judgments that keep to the contract, or a failure.
//!
//! The guest copies the bytes, which it is given in hex as the response, to address 0x1000 and says
//! that its answer is there. Pointers in them name anything, themselves among it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tempfile::TempDir;
use tpo_host::{Batching, JsonPlugin, Limits, OnError, Plugins, HostConfig, PluginRequest};
use tpo_types::PluginRole;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A group is 56 bytes in the guest's memory; its responses are a list at offset 48.
const SCORE: &str = r#"
(func $digit (param i32) (result i32)
  (i32.sub
     (local.get 0)
     (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get 0) (i32.const 57)))))
(func (export "tpo:plugin/judge@0.1.0#score") (param $groups i32) (param i32) (result i32)
  (local $from i32) (local $end i32) (local $to i32) (local $text i32)
  (local.set $text (i32.load offset=48 (local.get $groups)))
  (local.set $from (i32.load (local.get $text)))
  (local.set $end (i32.add (local.get $from) (i32.load offset=4 (local.get $text))))
  (local.set $to (i32.const 0x1000))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (i32.store8 (local.get $to) (i32.add
        (i32.shl (call $digit (i32.load8_u (local.get $from))) (i32.const 4))
        (call $digit (i32.load8_u offset=1 (local.get $from)))))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $next)))
  (i32.const 0x1000))
"#;

thread_local! {
    static JUDGE: (TempDir, JsonPlugin) = judge();
}

fn judge() -> (TempDir, JsonPlugin) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("guest.wasm");
    std::fs::write(&path, component()).expect("a file");
    let limits = Limits {
        memory_mib: 16,
        answer_mib: 8,
        ..Limits::default()
    };
    let plugins = Plugins::new(HostConfig {
        limits,
        ..HostConfig::default()
    })
    .expect("a host");
    let source = path.display().to_string();
    let wanted = PluginRequest {
        source: &source,
        config: &json!({}),
        on_error: OnError::Fail,
    };
    let judge = plugins
        .in_json(PluginRole::Judge, &wanted)
        .expect("a judge");
    // What it is given is where it looks, and 0.5 comes back.
    let words = [
        "00000000", "10100000", "01000000", "00000000", "20100000", "01000000", "00000000",
        "00000000",
    ];
    let judgment = ["0000000000000000", "000000000000e03f"];
    let good = words.concat() + &judgment.concat() + &"0".repeat(64);
    let outcomes = ask(&judge, good).expect("an answer");
    assert_eq!(outcomes[0][0]["Score"]["value"], 0.5);
    (directory, judge)
}

fn component() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let frame =
        std::fs::read_to_string(root.join("tests/guests/frame.wat")).expect("the frame of guests");
    let parts: Vec<&str> = frame
        .split("\n\n")
        .filter(|part| !part.contains("judge@0.1.0#score"))
        .collect();
    let mut module =
        wat::parse_str(format!("(module {}\n{SCORE})", parts.join("\n"))).expect("a module");
    let mut contract = Resolve::default();
    let (package, _) = contract.push_dir(root.join("wit")).expect("the contract");
    let world = contract
        .select_world(&[package], Some("judge-plugin"))
        .expect("the world of judges");
    embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8)
        .expect("a module");
    ComponentEncoder::default()
        .module(&module)
        .expect("a module")
        .encode()
        .expect("a component")
}

fn ask(judge: &JsonPlugin, response: String) -> Result<Vec<Value>, tpo_types::Failure> {
    let instruction =
        json!({"id": "", "messages": [], "category": null, "reference": null, "metadata": []});
    judge.ask(
        &[json!({"instruction": instruction, "responses": [response]})],
        Batching {
            batch_size: 1,
            threads: 1,
        },
    )
}

fuzz_target!(|bytes: &[u8]| {
    let hex = bytes
        .iter()
        .take(0x8000)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let Ok(outcomes) = JUDGE.with(|(_, judge)| ask(judge, hex)) else {
        return;
    };
    // What got through keeps to the contract.
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].as_array().map(Vec::len), Some(1));
    if let Some(value) = outcomes[0][0].pointer("/Score/value") {
        assert!(value.as_f64().is_some_and(f64::is_finite), "{value}");
    }
});
