//! Compiles components to machine code: in a child process with resource limits, once per
//! component.
//!
//! The time and memory that compiling takes grow faster than a component does, so a hostile one is
//! compiled in a process that the system can stop. The code is kept in a directory that no other
//! user can write to, because it is trusted like the program itself; for that reason it is never
//! taken from anywhere else. Nothing of a component runs here.

mod cache;
mod child;
mod os;
mod service;
mod worker;

use tpo_types::Failure;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::limits::Limits;
use crate::source::Source;

pub use service::CompileService;
pub use worker::compile_worker;

/// Compiles a component, or finds it compiled. Without a service it is compiled in this process,
/// without resource limits.
pub(crate) fn compile(
    engine: &Engine,
    source: &Source,
    limits: &Limits,
    compiler: Option<&CompileService>,
) -> Result<Component, Failure> {
    let Some(service) = compiler else {
        return Component::from_binary(engine, &source.bytes)
            .map_err(|error| source.refusal("does not compile").because(error));
    };
    let cache = cache::Cache::open(&service.cache, engine)?;
    if let Some(component) = cache.load(engine, &source.sha256) {
        return Ok(component);
    }
    let code = child::compile(service, source, limits)?;
    cache.keep(&source.sha256, &code)?;
    cache
        .load(engine, &source.sha256)
        .ok_or_else(|| cache.unreadable(source))
}
