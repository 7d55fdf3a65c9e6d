//! `tpo bench`: measures how fast this machine samples and trains.

use tpo_lm::precision::Precision;
use tpo_run::bench::{BenchPlan, BenchRow, bench};
use tpo_types::Failure;

use crate::arguments::{EngineBenchArguments, OutputFormat};
use crate::printer::Printer;
use crate::report;

pub(crate) fn run(arguments: &EngineBenchArguments, printer: Printer) -> Result<(), Failure> {
    let precisions: Vec<Precision> = if arguments.precision.is_empty() {
        let all = Precision::ALL.into_iter();
        all.filter(|precision| precision.check().is_ok()).collect()
    } else {
        let chosen = arguments.precision.iter();
        chosen
            .map(|choice| choice.resolve())
            .collect::<Result<_, _>>()?
    };
    let trained = precisions
        .iter()
        .filter_map(|precision| precision.in_training());
    let plan = BenchPlan {
        train_precisions: trained.collect(),
        precisions,
        repetitions: arguments.repeat.into(),
        new_tokens: arguments.new_tokens.into(),
    };
    let path = tpo_lm::fetch::resolve(&arguments.model, &|text| printer.status(text))?;
    let mut on_row = |row: &BenchRow| printer.status(&report::bench_line(row));
    let results = bench(&path, &plan, &mut on_row)?;
    match arguments.format {
        OutputFormat::Text => printer.data(&report::bench_text(&results)),
        OutputFormat::Json => printer.data_json(|out| {
            serde_json::to_writer_pretty(&mut *out, &results)?;
            writeln!(out)
        }),
    }
    Ok(())
}
