//! `tpo model`: download a model; print logits for comparison with other engines.

use serde_json::json;
use tpo_lm::decoder::Decoder;
use tpo_types::{Failure, FailureKind};

use crate::arguments::{LogitsArguments, ModelCommand, PullArguments};
use crate::printer::Printer;

pub(crate) fn run(command: &ModelCommand, printer: Printer) -> Result<(), Failure> {
    match command {
        ModelCommand::Pull(arguments) => pull(arguments, printer),
        ModelCommand::Logits(arguments) => logits(arguments, printer),
    }
}

fn pull(arguments: &PullArguments, printer: Printer) -> Result<(), Failure> {
    let path = tpo_lm::fetch::resolve(&arguments.model, &|text| printer.status(text))?;
    printer.data(&path.display().to_string());
    Ok(())
}

fn logits(arguments: &LogitsArguments, printer: Printer) -> Result<(), Failure> {
    let policy = tpo_lm::load::load(&arguments.model)?;
    let vocab_size = policy.spec.vocab_size;
    if let Some(id) = arguments.ids.iter().find(|id| **id as usize >= vocab_size) {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("token {id} is outside the vocabulary of {vocab_size} tokens"),
        ));
    }
    let decoder = Decoder::new(&policy.spec, &policy.params, policy.adapter.as_ref());
    let logits_tv = decoder.logits(&arguments.ids);
    let rows: Vec<&[f32]> = logits_tv.chunks(vocab_size).collect();
    printer.data(&json!({ "logits": rows }).to_string());
    Ok(())
}
