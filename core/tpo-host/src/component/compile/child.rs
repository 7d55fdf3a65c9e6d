//! Runs the compiling process: component in, code out, and what it means if no code comes.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};

use super::os;
use super::service::CompileService;
use crate::limits::Limits;
use crate::source::Source;

/// The longest text of the compiler that is read, in bytes.
const MESSAGE_BYTES: u64 = 4000;

/// Compiles a component in a process of its own.
pub(crate) fn compile(
    service: &CompileService,
    source: &Source,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let cannot = || Failure::new(FailureKind::Resources, "cannot run the compiler of plugins");
    let (program, arguments) = service.compiler.split_first().ok_or_else(cannot)?;
    let mut child = Command::new(program)
        .args(arguments)
        .args([
            limits.compile_seconds.to_string(),
            limits.compile_memory_mib.to_string(),
        ])
        .env_clear()
        .envs(service.environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot().because(error))?;
    let (code, messages) = communicate(&mut child, &source.bytes);
    let status = child.wait().map_err(|error| cannot().because(error))?;
    if status.success() {
        return Ok(code);
    }
    Err(explain(status, &messages, source, limits))
}

/// Writes the component to the child and reads what it writes. A child that ends early closes its
/// pipes; its exit status explains why.
fn communicate(child: &mut Child, component: &[u8]) -> (Vec<u8>, String) {
    let (mut stdin, mut stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut code, mut messages) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(mut stdin) = stdin.take() {
                let _ = stdin.write_all(component);
            }
        });
        scope.spawn(|| stderr.map(|stderr| stderr.take(MESSAGE_BYTES).read_to_end(&mut messages)));
        if let Some(stdout) = &mut stdout {
            let _ = stdout.read_to_end(&mut code);
        }
    });
    (code, String::from_utf8_lossy(&messages).trim().to_owned())
}

fn explain(status: ExitStatus, messages: &str, source: &Source, limits: &Limits) -> Failure {
    // Rust's advice about backtraces is for its programmers.
    let lines: Vec<&str> = messages
        .lines()
        .filter(|line| !line.contains("RUST_BACKTRACE"))
        .collect();
    let messages = sanitize(&lines.join("\n"), MESSAGE_BYTES as usize);
    // A compiler that gets no memory fails in many ways; its last message tells them from a crash.
    let no_memory = [
        "memory allocation",
        "Cannot allocate memory",
        "out of memory",
        "out-of-memory",
        "OutOfMemory",
    ]
    .iter()
    .any(|words| messages.contains(words));
    let (what, hint) = if os::reached_cpu_limit(status) {
        let seconds = limits.compile_seconds;
        (
            format!("takes more than {seconds} s of CPU time to compile"),
            "raise `limits.compile_seconds`",
        )
    } else if no_memory || os::aborted(status) {
        let mib = limits.compile_memory_mib;
        (
            format!("takes more than {mib} MiB to compile"),
            "raise `limits.compile_memory_mib`",
        )
    } else {
        let failure = source.refusal("does not compile");
        return failure
            .because(Failure::new(FailureKind::Plugin, messages))
            .hint("build it again with a newer compiler");
    };
    let failure = source.refusal(what).hint(hint);
    if messages.is_empty() {
        failure
    } else {
        failure.because(Failure::new(FailureKind::Plugin, messages))
    }
}
