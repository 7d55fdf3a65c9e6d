//! `tpo quickstart`: trains on the example that ships inside the binary.

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
    init::write_example(&input, "quickstart", init::Existing::Keep)?;
    let mut overrides = arguments.overrides.clone();
    overrides.dir = Some(directory);
    let config = input.join("tpo.toml");
    let plan = run::plan(&config, &overrides, printer)?;
    let base = run::fetch_model(&plan, printer)?;
    let pipeline = run::open_pipeline(&plan, &config, overrides.trust, printer)?;
    run::start(&plan, &base, &pipeline, printer)
}
