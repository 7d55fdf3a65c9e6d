//! Go: compiles the project's packages and the generated bindings to a module for WASI preview 1.

use std::fs;
use std::path::Path;
use std::process::Command;

use tpo_types::{Failure, FailureKind};

use super::job::{Job, read};
use crate::create::write;
use crate::{adapter, command, copies, tools};

pub(super) fn build(job: &Job<'_>, component: &Path) -> Result<String, Failure> {
    let contract = job.contract()?;
    let bindings = job.bindings();
    let module = module_of(job.directory)?;
    let options = wit_bindgen_go::Opts {
        pkg_name: Some(format!("{module}/bindings")),
        // The module of the author's packages, such as `export_tpo_plugin_judge`.
        export_pkg_name: Some(module),
        ..wit_bindgen_go::Opts::default()
    };
    contract.generate(options.build(), &bindings)?;
    for (name, text) in copies::GO_RUNTIME {
        write(&bindings.join("pkg").join(name), text.as_bytes())?;
    }

    let tool = tools::GO.fetch(job.tools, job.on_status)?;
    let file = component.with_extension("core");
    let mut go = Command::new(tool.join("bin/go"));
    go.args([
        "build",
        "-buildmode=c-shared",
        "-trimpath",
        "-ldflags=-checklinkname=0 -s -w",
        "-o",
    ])
    .arg(&file);
    go.env("PYTHONPATH", &tool)
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOWORK", "off")
        .env("GOTOOLCHAIN", "local");
    let output = command::compile(
        go.current_dir(job.directory),
        "go",
        "install Python 3 with pip",
    )?;
    let mut core = read(&file)?;
    adapter::embed(&mut core, &contract.resolve, contract.world)?;
    write(component, &adapter::component(&core, &contract.resolve)?)?;
    Ok(command::tool_output(&output))
}

/// The name of the project's module.
fn module_of(directory: &Path) -> Result<String, Failure> {
    let path = directory.join("go.mod");
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` cannot be read", path.display()),
        )
        .because(error)
    })?;
    let name = text.lines().find_map(|line| line.strip_prefix("module "));
    name.map(|name| name.trim().to_owned()).ok_or_else(|| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` has no `module` line", path.display()),
        )
    })
}
