//! Rust: cargo builds components for the target `wasm32-wasip2`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tpo_types::{Failure, FailureKind};

use super::job::{Job, read};
use crate::command;
use crate::create::write;

const TARGET: &str = "wasm32-wasip2";
const HINT: &str = "install Rust with rustup, and run `rustup target add wasm32-wasip2`";

pub(super) fn build(job: &Job<'_>, component: &Path) -> Result<String, Failure> {
    ensure_target(job.directory)?;
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = command::compile(cargo.current_dir(job.directory), "cargo", HINT)?;
    let file = artifact(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        Failure::new(FailureKind::Plugin, "cargo did not build a component")
            .hint("the package must be a library with `crate-type = [\"cdylib\"]`")
    })?;
    write(component, &read(&file)?)?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The path of the component in cargo's messages. The project's own package is compiled last.
fn artifact(messages: &str) -> Option<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files =
        messages.flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    let is_component = |file: &PathBuf| {
        file.extension()
            .is_some_and(|extension| extension == "wasm")
    };
    files
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .rfind(is_component)
}

/// Installs the target if it is missing.
fn ensure_target(directory: &Path) -> Result<(), Failure> {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(directory);
    let output = command::compile(&mut rustc, "rustc", HINT)?;
    if !Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        let mut rustup = Command::new("rustup");
        rustup
            .args(["target", "add", TARGET])
            .current_dir(directory);
        command::install(&mut rustup, "rustup", TARGET, HINT)?;
    }
    Ok(())
}
