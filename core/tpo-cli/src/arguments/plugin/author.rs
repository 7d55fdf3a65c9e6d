//! Arguments of `tpo plugin new` and `tpo plugin build`.

use std::path::PathBuf;

use clap::Args;
use tpo_author::Language;
use tpo_types::PluginRole;

use super::{LoadOptions, role};

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Directory to create; the plugin is named after it.
    pub directory: PathBuf,
    /// Language: rust, python, javascript, c or go.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Language,
    /// Role of the plugin. `thought-template` and `response-parser` create one plugin with both
    /// roles.
    #[arg(long, value_parser = role, default_value = "judge")]
    pub role: PluginRole,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// Project directory.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub load: LoadOptions,
}
