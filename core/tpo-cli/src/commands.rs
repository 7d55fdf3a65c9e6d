//! The commands, one file each; subcommands are in a directory.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod eval;
pub(crate) mod init;
pub(crate) mod instructions;
pub(crate) mod judge;
pub(crate) mod model;
pub(crate) mod plugin;
pub(crate) mod quickstart;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod status;
