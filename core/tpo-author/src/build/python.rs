//! Python: componentize-py combines the interpreter and `plugin.py` into one component.

use std::path::Path;
use std::process::Command;

use tpo_types::Failure;

use super::job::Job;
use crate::{command, tools};

pub(super) fn build(job: &Job<'_>, component: &Path) -> Result<String, Failure> {
    let tool = tools::COMPONENTIZE_PY.fetch(job.tools, job.on_status)?;
    let mut python = Command::new(tool.join("bin/componentize-py"));
    python
        .env("PYTHONPATH", &tool)
        .arg("--wit-path")
        .arg(job.wit);
    // With a stub of WASI the component imports only the contract.
    python
        .args([
            "--world",
            &job.world,
            "componentize",
            "--stub-wasi",
            "plugin",
            "--output",
        ])
        .arg(component);
    let output = command::compile(
        python.current_dir(job.directory),
        "componentize-py",
        "install Python 3 with pip",
    )?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}
