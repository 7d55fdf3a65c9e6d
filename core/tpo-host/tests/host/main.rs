//! The plugin host against guests that are good, bad and hostile.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod answers;
mod conduct;
mod guests;
mod limits;
mod model_access;
mod refusals;
mod shipped;

use std::error::Error;

use serde_json::Value;
use tpo_host::{OnError, PluginRequest};
use tpo_types::{Comparison, Failure, Instruction, Message, ResponseGroup};

/// Everything that a user reads of a failure. What differs between machines and builds is left out.
#[track_caller]
fn told<T>(result: Result<T, Failure>) -> String {
    let Err(failure) = result else {
        panic!("it succeeded")
    };
    let mut text = format!("{:?}: {failure}", failure.kind());
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(&format!("\ncause: {error}"));
        cause = error.source();
    }
    if let Some(hint) = failure.nearest_hint() {
        text.push_str(&format!("\nhint: {hint}"));
    }
    without_digests(&without_directories(&text))
}

fn without_directories(text: &str) -> String {
    let directory = format!("{}/", std::env::temp_dir().display());
    let mut pieces = text.split(&directory);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('/').map_or(piece, |(_, file)| file)
    })
}

fn without_digests(text: &str) -> String {
    let mut pieces = text.split("sha256 ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "sha256 ..." + &piece[12..])
}

/// A plugin as most runs want it.
fn wanted<'a>(source: &'a str, config: &'a Value) -> PluginRequest<'a> {
    PluginRequest {
        source,
        config,
        on_error: OnError::Fail,
    }
}

fn instruction(id: &str, content: &str) -> Instruction {
    Instruction {
        id: id.into(),
        messages: vec![Message::user(content)],
        category: None,
        reference: None,
        metadata: std::collections::BTreeMap::new(),
    }
}

fn group<'a>(instruction: &'a Instruction, responses: Vec<&'a str>) -> ResponseGroup<'a> {
    ResponseGroup {
        instruction,
        responses,
    }
}

fn comparison<'a>(instruction: &'a Instruction, first: &'a str, second: &'a str) -> Comparison<'a> {
    Comparison {
        instruction,
        first,
        second,
    }
}
