//! `tpo instructions label`: a category and a complexity for each instruction.

use std::path::Path;

use serde_json::json;
use tpo_judge::labeling::{
    self, CategoryList, LabelFiles, LabelRows, LabelSummary, Labeler, Proposal,
};
use tpo_types::Failure;

use super::model::bind;
use crate::arguments::{LabelArguments, OutputFormat};
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::label_text;
use crate::text::{printable, printable_json};

pub(super) fn run(arguments: &LabelArguments, printer: Printer) -> Result<(), Failure> {
    let files = LabelFiles::new(
        &arguments.input,
        &arguments.output,
        arguments.category_file.as_deref(),
    )?;
    let mut rows = LabelRows::read(&files, arguments.overwrite)?;
    let list = CategoryList::read(&files.categories)?;
    let asked = bind(arguments, printer)?;
    let labeler = Labeler {
        service: &asked.models,
        alias: &asked.alias,
        seed: arguments.seed,
        max_new_tokens: arguments.max_new_tokens,
    };

    let is_needed = arguments.propose_only || rows.without_category() > 0;
    let list = match list {
        Some(list) => {
            let path = files.categories.display();
            printer.status(&format!("using the {} of `{path}`", categories(list.len())));
            Some(list)
        }
        None if is_needed => {
            let proposal = propose(arguments, &labeler, &rows)?;
            proposal.categories.write(&files.categories)?;
            printer.status(&proposed(&proposal, &files.categories));
            for (reason, batches) in &proposal.failed {
                printer.status(&format!(
                    "warning: no list from {batches} of these requests: {reason}"
                ));
            }
            Some(proposal.categories)
        }
        None => None,
    };
    if let (true, Some(list)) = (arguments.propose_only, &list) {
        printer.data(&proposal_data(list, arguments.format));
        return Ok(());
    }

    let progress = ProgressCounter::new(printer, "label", rows.len());
    labeling::assign(&labeler, &mut rows, list.as_ref(), &mut |rows| {
        progress.advance(rows);
    })?;
    progress.finish();
    let summary = LabelSummary::of(&rows, list.as_ref());
    rows.write(&files.output)?;
    printer.data(&match arguments.format {
        OutputFormat::Json => printable_json(&json!({ "schema_version": 1, "labels": summary })),
        OutputFormat::Text => label_text(&summary),
    });
    hints(&summary, printer);
    Ok(())
}

fn propose(
    arguments: &LabelArguments,
    labeler: &Labeler<'_>,
    rows: &LabelRows,
) -> Result<Proposal, Failure> {
    let LabelArguments {
        categories,
        propose_from,
        ..
    } = *arguments;
    labeling::propose(labeler, rows, categories as usize, propose_from as usize)
}

fn categories(count: usize) -> String {
    match count {
        1 => "1 category".to_owned(),
        _ => format!("{count} categories"),
    }
}

fn proposed(proposal: &Proposal, path: &Path) -> String {
    format!(
        "proposed {}, written to `{}` (instructions shown: {}, of these shortened: {}, requests \
         with instructions: {})",
        categories(proposal.categories.len()),
        path.display(),
        proposal.instructions,
        proposal.shortened,
        proposal.batches,
    )
}

fn proposal_data(list: &CategoryList, format: OutputFormat) -> String {
    match format {
        OutputFormat::Json => printable_json(&json!({ "schema_version": 1, "categories": list })),
        OutputFormat::Text => {
            let line = |category: &labeling::Category| match &category.description {
                Some(description) => format!("{}: {description}", category.name),
                None => category.name.clone(),
            };
            printable(&list.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// What the counts do not say.
fn hints(summary: &LabelSummary, printer: Printer) {
    if summary.shortened > 0 {
        printer.status(&format!(
            "long instructions that the model was shown without their middle: {}",
            summary.shortened
        ));
    }
    if !summary.unlabeled.is_empty() {
        printer.status(
            "the same replies are found again when the command is repeated; another `--seed` asks \
             again about the rows without a label",
        );
    }
}
