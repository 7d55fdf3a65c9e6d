//! `tpo quickstart`: trains on the example that ships inside the binary.

use std::path::Path;

use tpo_run::Arm;
use tpo_types::Failure;

use crate::arguments::QuickstartArguments;
use crate::commands::{init, run, status};
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
    let arms = run::arms(&plan, &[Arm::Direct])?;
    let base = run::fetch_model(&plan, printer)?;
    let mut runs = Vec::new();
    let opening = run::Opening {
        config: &config,
        trust: overrides.trust,
        dry_run: false,
    };
    for plan in [&plan].into_iter().chain(&arms) {
        let pipeline = run::open_pipeline(plan, &opening, printer)?;
        runs.push(run::OpenedRun { plan, pipeline });
    }
    run::start(&runs, &base, printer)?;
    if let Some(example) = status::example(&plan.directory)? {
        printer.data(&format!("\n{example}"));
    }
    Ok(())
}
