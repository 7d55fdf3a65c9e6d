//! `tpo plugin test`: test cases, determinism, unusual inputs, speed.

use tpo_host::{Check, check_conformance};
use tpo_types::{Failure, FailureKind};

use super::cases::{RoleCases, role_cases};
use crate::arguments::TestArguments;
use crate::printer::Printer;
use crate::text::printable;

pub(super) fn run(arguments: &TestArguments, printer: Printer) -> Result<(), Failure> {
    let host = arguments.load.host_config()?;
    let source = &arguments.plugin;
    let mut failed = 0;
    for tested in role_cases(&host, source, arguments.role, arguments.cases.as_deref())? {
        let RoleCases { role, cases } = tested;
        let conformance = check_conformance(&host, source, role, &cases)?;
        printer.data(&format!("{role}:"));
        for check in &conformance.checks {
            printer.data(&line(check));
        }
        if let Some(time) = conformance.per_1000_items {
            printer.data(&format!(
                "  speed    1000 items in {:.1} ms",
                time.as_secs_f64() * 1000.0
            ));
        }
        failed += conformance
            .checks
            .iter()
            .filter(|check| check.fault.is_some())
            .count();
    }
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Plugin,
        format!("`{source}` failed {failed} checks"),
    ))
}

fn line(check: &Check) -> String {
    match &check.fault {
        None => format!("  ok       {}", check.name),
        Some(fault) => {
            format!(
                "  FAILED   {}\n           {}",
                check.name,
                printable(fault).replace('\n', "\n           ")
            )
        }
    }
}
