//! The compiling process itself: caps what it may use, reads a component, writes its code.

use std::io::{self, Read, Write};
use std::panic;

use rustix::process::{Resource, Rlimit, setrlimit};
use tpo_types::{Failure, FailureKind};
use wasmtime::Engine;

use crate::engine;

/// Compiles the component that `input` holds, and writes its code to `output`. The process gets
/// `seconds` of CPU time and `memory_mib` of memory that it can write, and is ended by the system
/// when it wants more: it is for a process that does nothing else.
pub fn compile_worker(
    seconds: u64,
    memory_mib: u64,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let cap = |resource, limit| {
        setrlimit(
            resource,
            Rlimit {
                current: Some(limit),
                maximum: Some(limit),
            },
        )
        .map_err(|error| {
            Failure::new(FailureKind::Resources, "the compiler cannot be capped").because(error)
        })
    };
    cap(Resource::Cpu, seconds)?;
    cap(Resource::Data, memory_mib << 20)?;
    cap(Resource::Core, 0)?;
    // Who reads it knows the component and not this code.
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(
            io::stderr(),
            "the compiler failed: {}",
            panic.payload_as_str().unwrap_or_default()
        );
    }));
    // Every thread takes memory of its own. Left to the first use, too little of it would be a
    // panic. The words begin like those of Rust's allocator, which is how the parent knows.
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
