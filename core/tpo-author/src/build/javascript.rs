//! JavaScript: jco combines QuickJS and `plugin.js` into one component.

use std::path::Path;
use std::process::Command;

use tpo_types::Failure;

use super::job::Job;
use crate::{command, tools};

pub(super) fn build(job: &Job<'_>, component: &Path) -> Result<String, Failure> {
    let tool = tools::JCO.fetch(job.tools, job.on_status)?;
    let mut node = Command::new("node");
    node.arg(tool.join("node_modules/@bytecodealliance/jco/dist/jco.js"))
        .args(["componentize", "plugin.js", "--wit"]);
    node.arg(job.wit)
        .args(["--world-name", &job.world, "--out"])
        .arg(component);
    // QuickJS is as fast as jco's default engine for plugins, at a seventh of its size. With a stub
    // of WASI the component imports only the contract.
    node.args([
        "--backend",
        "qjs",
        "--backend-qjs-disable-async",
        "--backend-qjs-stub-wasi",
    ]);
    let output = command::compile(
        node.current_dir(job.directory),
        "jco",
        "install Node.js 20 with npm",
    )?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}
