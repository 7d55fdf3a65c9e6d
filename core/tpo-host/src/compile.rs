//! Components into machine code: in a child process under caps, and only once per component.
//!
//! The time and memory that compiling takes grow faster than a component does, so a hostile one is
//! compiled where it can be ended. What comes back is kept in a directory that nobody else can
//! write, because compiled code is trusted like the program itself; for that reason none is ever
//! taken from anywhere else. Runs nothing of a component.

mod cache;
mod child;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;

use tpo_types::Failure;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::limits::Limits;
use crate::source::Source;

pub use worker::compile_worker;

/// Where components are compiled, and where what comes out is kept.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Directory of compiled components. Made if it is missing; refused if anybody else can write
    /// to it.
    pub cache: PathBuf,
    /// Command line of a program that runs [`compile_worker`] with the two numbers that are
    /// appended: seconds and MiB.
    pub compiler: Vec<OsString>,
    /// Environment of that program; it gets nothing else.
    pub environment: Vec<(OsString, OsString)>,
}

/// Compiles a component, or finds it compiled. Without a workshop it is compiled right here, with
/// no caps.
pub(crate) fn compile(
    engine: &Engine,
    source: &Source,
    limits: &Limits,
    workshop: Option<&Workshop>,
) -> Result<Component, Failure> {
    let Some(workshop) = workshop else {
        return Component::from_binary(engine, &source.bytes)
            .map_err(|error| source.refusal("does not compile").because(error));
    };
    let cache = cache::Cache::open(&workshop.cache, engine)?;
    if let Some(component) = cache.load(engine, &source.sha256) {
        return Ok(component);
    }
    let code = child::compile(workshop, source, limits)?;
    cache.keep(&source.sha256, &code)?;
    cache
        .load(engine, &source.sha256)
        .ok_or_else(|| cache.unreadable(source))
}
