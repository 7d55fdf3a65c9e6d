//! `tpo quickstart`: the example that ships inside the binary, run for real.

use std::path::Path;

use tpo_types::Failure;

use crate::arguments::QuickstartArguments;
use crate::commands::{init, run};
use crate::printer::Printer;

pub(crate) fn run(arguments: &QuickstartArguments, printer: Printer) -> Result<(), Failure> {
    let directory = arguments
        .overrides
        .dir
        .clone()
        .unwrap_or_else(|| Path::new("runs").join("quickstart"));
    let input = directory.join("input");
    init::write_example(&input, init::Existing::Keep)?;
    let mut overrides = arguments.overrides.clone();
    overrides.dir = Some(directory);
    let plan = run::plan(&input.join("tpo.toml"), &overrides, printer)?;
    let stages = run::stages(&plan, &input.join("tpo.toml"), overrides.trust, printer)?;
    run::start(&plan, &stages, printer)
}
