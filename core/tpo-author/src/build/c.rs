//! C: compiles the project's `.c` files and the generated bindings with zig's clang and libc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tpo_types::{Failure, FailureKind};

use super::job::{Job, read};
use crate::create::write;
use crate::{adapter, command, tools};

pub(super) fn build(job: &Job<'_>, component: &Path) -> Result<String, Failure> {
    let contract = job.contract()?;
    let bindings = job.bindings();
    contract.generate(wit_bindgen_c::Opts::default().build(), &bindings)?;
    let sources = [
        sources(job.directory, &["c"])?,
        sources(&bindings, &["c", "o"])?,
    ]
    .concat();

    let tool = tools::ZIG.fetch(job.tools, job.on_status)?;
    let module = component.with_extension("core");
    let mut zig = Command::new("python3");
    zig.env("PYTHONPATH", &tool).args([
        "-m",
        "ziglang",
        "cc",
        "--target=wasm32-wasi",
        "-mexec-model=reactor",
    ]);
    zig.args(["-O2", "-s", "-Wall", "-Wextra", "-o"])
        .arg(&module)
        .arg("-I")
        .arg(&bindings)
        .args(sources);
    let output = command::compile(&mut zig, "the C compiler", "install Python 3 with pip")?;
    write(
        component,
        &adapter::component(&read(&module)?, &contract.resolve)?,
    )?;
    Ok(command::tool_output(&output))
}

/// The files of a directory with one of these extensions, in order.
fn sources(directory: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` cannot be read", directory.display()),
        )
        .because(error)
    };
    let entries = fs::read_dir(directory).map_err(unreadable)?;
    let paths: Result<Vec<PathBuf>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let is_source = |path: &PathBuf| {
        path.extension()
            .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    };
    let mut sources: Vec<PathBuf> = paths
        .map_err(unreadable)?
        .into_iter()
        .filter(is_source)
        .collect();
    sources.sort();
    Ok(sources)
}
