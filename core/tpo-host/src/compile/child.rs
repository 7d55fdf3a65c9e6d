//! The side of the compiling process that waits for it: component in, code out, and what an end
//! without code means.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::Signal;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};

use super::Workshop;
use crate::limits::Limits;
use crate::source::Source;

/// What the compiler may say, in bytes.
const TALK_BYTES: u64 = 4000;

/// Has the workshop's compiler compile a component.
pub(crate) fn compile(
    workshop: &Workshop,
    source: &Source,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let cannot = || {
        Failure::new(
            FailureKind::Resources,
            "the compiler of plugins does not run",
        )
    };
    let (program, arguments) = workshop.compiler.split_first().ok_or_else(cannot)?;
    let mut child = Command::new(program)
        .args(arguments)
        .args([
            limits.compile_seconds.to_string(),
            limits.compile_memory_mib.to_string(),
        ])
        .env_clear()
        .envs(workshop.environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot().because(error))?;
    let (code, talk) = talk_to(&mut child, &source.bytes);
    let status = child.wait().map_err(|error| cannot().because(error))?;
    if status.success() {
        return Ok(code);
    }
    Err(explain(status, &talk, source, limits))
}

/// Feeds the child and listens to it. A child that ends early closes its pipes, and what it left
/// unread or unsaid shows in how it ended.
fn talk_to(child: &mut Child, component: &[u8]) -> (Vec<u8>, String) {
    let (mut stdin, mut stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut code, mut talk) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(mut stdin) = stdin.take() {
                let _ = stdin.write_all(component);
            }
        });
        scope.spawn(|| stderr.map(|stderr| stderr.take(TALK_BYTES).read_to_end(&mut talk)));
        if let Some(stdout) = &mut stdout {
            let _ = stdout.read_to_end(&mut code);
        }
    });
    (code, String::from_utf8_lossy(&talk).trim().to_owned())
}

fn explain(status: ExitStatus, talk: &str, source: &Source, limits: &Limits) -> Failure {
    let ended_by = |signal: Signal| status.signal() == Some(signal.as_raw());
    // What Rust advises is for its programmers.
    let lines: Vec<&str> = talk
        .lines()
        .filter(|line| !line.contains("RUST_BACKTRACE"))
        .collect();
    let talk = sanitize(&lines.join("\n"), TALK_BYTES as usize);
    // The memory cap shows as whatever the compiler does when it gets none; its last words tell it
    // from a crash.
    let no_memory = [
        "memory allocation",
        "Cannot allocate memory",
        "out of memory",
        "out-of-memory",
        "OutOfMemory",
    ]
    .iter()
    .any(|words| talk.contains(words));
    let (what, hint) = if ended_by(Signal::XCPU) || ended_by(Signal::KILL) {
        let seconds = limits.compile_seconds;
        (
            format!("takes more than {seconds} s of CPU time to compile"),
            "`limits.compile_seconds` gives it more",
        )
    } else if no_memory || ended_by(Signal::ABORT) || ended_by(Signal::SEGV) {
        let mib = limits.compile_memory_mib;
        (
            format!("takes more than {mib} MiB to compile"),
            "`limits.compile_memory_mib` gives it more",
        )
    } else {
        let failure = source.refusal("does not compile");
        return failure
            .because(Failure::new(FailureKind::Plugin, talk))
            .hint("build it again with a newer compiler");
    };
    let failure = source.refusal(what).hint(hint);
    if talk.is_empty() {
        failure
    } else {
        failure.because(Failure::new(FailureKind::Plugin, talk))
    }
}
