//! The compiling process itself: limits what it may use, reads a component, writes its code.

use std::io::{self, Read, Write};
use std::panic;

use tpo_types::{Failure, FailureKind};
use wasmtime::Engine;

use super::os;
use crate::component::engine;

/// Compiles the component that `input` holds, and writes its code to `output`. On Unix the process
/// gets `seconds` of CPU time and `memory_mib` of writable memory, and the system stops it when it
/// needs more, so call this in a process that does nothing else. Elsewhere nothing limits it.
pub fn compile_worker(
    seconds: u64,
    memory_mib: u64,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    os::limit_this_process(seconds, memory_mib)?;
    // Its readers know the component, not this code.
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(
            io::stderr(),
            "the compiler failed: {}",
            panic.payload_as_str().unwrap_or_default()
        );
    }));
    // Every thread takes memory of its own. If they started at first use, too little of it would be
    // a panic. The message begins like that of Rust's allocator, by which the parent recognizes it.
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                "memory allocation of the compiler's threads failed",
            )
            .because(error)
        })?;
    let engine =
        Engine::new(&engine::config()).map_err(|error| engine::cannot_start().because(error))?;
    let mut component = Vec::new();
    let io =
        |error| Failure::new(FailureKind::Resources, "the compiler lost its pipe").because(error);
    input.read_to_end(&mut component).map_err(io)?;
    let code = engine
        .precompile_component(&component)
        .map_err(|error| Failure::new(FailureKind::Plugin, format!("{error:#}")))?;
    output.write_all(&code).map_err(io)
}
