//! Arguments of `tpo schema`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Which configuration file.
    #[arg(value_enum, default_value_t = SchemaOf::Run)]
    pub of: SchemaOf,
}

/// A kind of configuration file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The file of `tpo run`.
    Run,
    /// The file of `tpo eval`.
    Eval,
}
