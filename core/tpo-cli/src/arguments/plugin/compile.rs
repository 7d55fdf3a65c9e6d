//! Arguments of `tpo plugin compile`, which `tpo` starts to compile components in a process of
//! their own.

use clap::Args;

/// The command line of [`super::PluginCommand::Compile`], without its arguments.
pub(crate) const COMPILE: [&str; 3] = ["--quiet", "plugin", "compile"];

#[derive(Debug, Args)]
pub(crate) struct CompileArguments {
    /// Limit on CPU time, in seconds.
    pub seconds: u64,
    /// Limit on memory, in MiB.
    pub memory_mib: u64,
}
