//! How the commands open a judge that the command line describes.

use std::path::Path;

use tpo_judge::standalone::{self, StandaloneJudge};
use tpo_run::read_standalone_judge;
use tpo_types::Failure;

use crate::arguments::JudgeOverrides;
use crate::plugins;
use crate::printer::Printer;

/// Opens the judge that the options describe.
pub(crate) fn open(options: &JudgeOverrides, printer: Printer) -> Result<StandaloneJudge, Failure> {
    let config = read_standalone_judge(options.config.as_deref(), &options.list()?)?;
    let lock = options
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let host = plugins::host_config(options.trust, &lock)?;
    standalone::open(&config, options.replies.as_deref(), host, &|text| {
        printer.status(text);
    })
}
