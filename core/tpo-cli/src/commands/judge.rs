//! `tpo judge`: a judge on its own. It scores a file, is compared with labels, or is attacked.

mod agree;
mod score;
mod stress_test;

use std::path::Path;
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_run::scoring::Scoring;
use tpo_run::stages::open_scoring;
use tpo_run::{JudgeAlone, Models};
use tpo_types::{Failure, ModelService};

use crate::arguments::{JudgeArguments, JudgeCommand, JudgeOverrides};
use crate::plugins;
use crate::printer::Printer;

/// The default cache of model replies, in the user's data directory.
const REPLIES: &str = "replies.db";

pub(crate) fn run(arguments: &JudgeArguments, printer: Printer) -> Result<(), Failure> {
    match &arguments.command {
        None => score::run(&arguments.score, printer),
        Some(JudgeCommand::Agree(arguments)) => agree::run(arguments, printer),
        Some(JudgeCommand::StressTest(arguments)) => stress_test::run(arguments, printer),
    }
}

/// Opens the judge that the options describe.
fn open(options: &JudgeOverrides, printer: Printer) -> Result<Scoring, Failure> {
    let JudgeAlone {
        judge,
        models,
        limits,
    } = JudgeAlone::read(options.config.as_deref(), &options.list()?)?;
    let service = if models.is_empty() {
        None
    } else {
        let replies = match &options.replies {
            Some(path) => path.clone(),
            None => tpo_lm::fetch::data_dir()?.join(REPLIES),
        };
        let models = Models::bind(&models, &replies, &|text| printer.status(text))?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let lock = options
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let setup = HostConfig {
        models: service,
        limits,
        ..plugins::setup(options.trust, &lock)?
    };
    Ok(open_scoring(&judge, !models.is_empty(), &Plugins::new(setup)?)?.0)
}
