//! Guests that take too much. Each ends in an error, and the host continues.

use std::time::{Duration, Instant};

use serde_json::json;
use tpo_host::{HostConfig, Limits, Plugins};
use tpo_types::{Failure, Judge, Judgment};
use wit_parser::Resolve;

use crate::guests::{Answer, FRAME, Guest};
use crate::{group, instruction, told, wanted};

fn limits() -> Limits {
    Limits {
        memory_mib: 16,
        seconds_per_call: 1,
        ..Limits::default()
    }
}

/// Loads `guest` and has it score one response.
fn score(guest: &Guest) -> Result<Vec<Vec<Judgment>>, Failure> {
    let judge = Plugins::new(HostConfig {
        limits: limits(),
        ..HostConfig::default()
    })?
    .judge(&wanted(&guest.source(), &json!({})))?;
    judge.score(&[group(&instruction("i", "Say hello."), vec!["Hello!"])])
}

/// What is told of a guest that ends while it scores: what it did, and the rest of the message.
#[track_caller]
fn ended(guest: &Guest) -> (String, String) {
    let told = told(score(guest));
    let told = told
        .strip_prefix("Plugin: judge `hostile` 1.0.0 (guest.wasm, sha256 ...) ")
        .unwrap_or(&told);
    let (did, rest) = told
        .split_once(" in batch 1 of 1 (items 1 to 1)")
        .unwrap_or((told, ""));
    (did.into(), rest.into())
}

#[test]
fn endless_loops() {
    let looping = "(loop (br 0)) unreachable";
    let filling =
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x10000)) (br 0)) unreachable";
    let recursing = "(return_call $score (local.get 0) (local.get 1))";
    for body in [looping, filling, recursing] {
        let start = Instant::now();
        let (did, rest) = ended(&Guest::judge(body));
        assert_eq!(did, "used more than 1 s", "{body}");
        assert!(
            rest.ends_with("hint: raise `limits.seconds_per_call`"),
            "{rest}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{body} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn endless_loops_outside_of_the_call() {
    let function = r#"(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (i32.const 0x300))"#;
    let start = Guest::plugin(
        "judge-plugin",
        &format!("{function} (func $start (loop (br 0))) (start $start)"),
    );
    let told_of_start = told(score(&start));
    let expected = "Plugin: `guest.wasm` (sha256 ...) used more than 1 s while it was loaded\n";
    assert!(told_of_start.starts_with(expected), "{told_of_start}");

    let after =
        r#"(func (export "cabi_post_tpo:plugin/judge@0.1.0#score") (param i32) (loop (br 0)))"#;
    let (did, _) = ended(&Guest::plugin(
        "judge-plugin",
        &format!("{function} {after}"),
    ));
    assert_eq!(did, "used more than 1 s");
}

#[test]
fn memory_bombs() {
    let grow = "(loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable";
    let (did, rest) = ended(&Guest::judge(grow));
    assert_eq!(did, "needed 17 MiB of memory (limit 16 MiB)");
    assert!(rest.ends_with("hint: raise `limits.memory_mib`"), "{rest}");

    let function = r#"(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) unreachable)"#;
    let bombs = [
        ("(memory 65536)", "needed 4097 MiB of memory (limit 16 MiB)"),
        (
            "(table 10000000 funcref)",
            "needed 10000000 table entries (limit 100000)",
        ),
    ];
    for (bomb, did) in bombs {
        let told = told(score(&Guest::plugin(
            "judge-plugin",
            &format!("{function} {bomb}"),
        )));
        assert!(
            told.starts_with(&format!(
                "Plugin: `guest.wasm` (sha256 ...) {did} while it was loaded"
            )),
            "{told}"
        );
    }
}

#[test]
fn deep_recursion() {
    // A frame of its own: a tail call would loop.
    let (did, _) = ended(&Guest::judge(
        "(i32.add (call $score (local.get 0) (local.get 1)) (i32.const 1))",
    ));
    assert_eq!(did, "used more than its 1024 KiB of stack");
}

#[test]
fn traps() {
    let (did, rest) = ended(&Guest::judge("unreachable"));
    assert_eq!(did, "panicked or aborted");
    assert!(
        rest.contains("wasm backtrace") && rest.contains("wasm `unreachable` instruction executed"),
        "{rest}"
    );
    let (did, rest) = ended(&Guest::judge("(i32.load (i32.const -4))"));
    assert_eq!(did, "accessed memory out of bounds");
    assert!(
        rest.ends_with("hint: unbounded recursion in compiled code can end like this"),
        "{rest}"
    );
    let (did, _) = ended(&Guest::judge("(i32.div_u (i32.const 1) (i32.const 0))"));
    assert_eq!(did, "crashed");
}

#[test]
fn the_host_outlives_them() {
    let plugins = Plugins::new(HostConfig {
        limits: limits(),
        ..HostConfig::default()
    })
    .unwrap();
    let task = instruction("i", "Say hello.");
    let groups = [group(&task, vec!["Hello!"])];
    let hostile = Guest::judge("unreachable");
    let hostile = plugins
        .judge(&wanted(&hostile.source(), &json!({})))
        .unwrap();
    let answer = Answer::scores(&[&[0.5]]);
    let good = Guest::judge_with(&answer.body(), &answer);
    let good = plugins.judge(&wanted(&good.source(), &json!({}))).unwrap();
    for _ in 0..3 {
        assert!(hostile.score(&groups).is_err());
        assert_eq!(good.score(&groups).unwrap().len(), 1);
    }
}

/// The part of WASI that the guest below uses. Subsets of an interface are the same interface.
const WASI: &str = "
    package tpo:test;
    world judge-with-wasi {
        import wasi:cli/stderr@0.2.6;
        include tpo:plugin/judge-plugin@0.1.0;
    }
    package wasi:io@0.2.6 {
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }
    }
    package wasi:cli@0.2.6 {
        interface stderr {
            use wasi:io/streams@0.2.6.{output-stream};
            get-stderr: func() -> output-stream;
        }
    }
";

/// A judge that prints its last words and aborts.
const LAST_WORDS: &str = r#"
    (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))
    (data (i32.const 0x400) "panicked at src/lib.rs:3:\0aa \1b[31mred\1b[0m message\0a")
    (func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
        (call $write (call $stderr) (i32.const 0x400) (i32.const 49) (i32.const 0x500))
        unreachable)
"#;

#[test]
fn last_words_are_told() {
    let mut contract: Resolve = crate::guests::contract();
    contract.push_str("wasi.wit", WASI).unwrap();
    let module = FRAME.replacen("(module", &format!("(module {LAST_WORDS}"), 1) + ")";
    let (did, rest) = ended(&Guest::component(&contract, "judge-with-wasi", &module));
    assert_eq!(did, "panicked or aborted");
    assert!(
        rest.starts_with(
            "\ncause: it printed: panicked at src/lib.rs:3:\na [31mred[0m message\ncause: "
        ),
        "{rest}"
    );
}
