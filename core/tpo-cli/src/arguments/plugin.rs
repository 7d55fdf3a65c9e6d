//! Arguments of `tpo plugin`.

mod author;
mod bench;
mod check;
mod compile;
mod inspect;
mod load;
mod published;
mod replay;
mod test;

use clap::Subcommand;
use tpo_types::PluginRole;

pub(crate) use author::{BuildArguments, NewArguments};
pub(crate) use bench::BenchArguments;
pub(crate) use check::CheckArguments;
pub(crate) use compile::{COMPILE, CompileArguments};
pub(crate) use inspect::{InspectArguments, ListArguments};
pub(crate) use load::LoadOptions;
pub(crate) use published::{
    AddArguments, KeygenArguments, PublishArguments, RemoveArguments, UpdateArguments,
    VerifyArguments,
};
pub(crate) use replay::ReplayArguments;
pub(crate) use test::TestArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Create a plugin project that builds out of the box.
    New(NewArguments),
    /// Build the component of a plugin project.
    Build(BuildArguments),
    /// List the built-in plugins.
    List(ListArguments),
    /// Show a plugin's metadata, imports and configuration schema.
    Inspect(InspectArguments),
    /// Validate a component, or all components of a bundle directory.
    Check(CheckArguments),
    /// Run a plugin's test cases, and check determinism, batching and unusual inputs.
    Test(TestArguments),
    /// Benchmark a plugin.
    Bench(BenchArguments),
    /// Run a plugin again on a batch that it failed on.
    Replay(ReplayArguments),
    /// Publish a bundle to an OCI registry.
    Publish(PublishArguments),
    /// Pin a published plugin in `tpo.lock` and download it.
    Add(AddArguments),
    /// Update a pin to its tag's current digest.
    Update(UpdateArguments),
    /// Remove a pin.
    Remove(RemoveArguments),
    /// Check that pinned plugins are unchanged.
    Verify(VerifyArguments),
    /// Generate a key to sign bundles with.
    Keygen(KeygenArguments),
    /// Compile the component on stdin to native code on stdout, within limits. Internal.
    #[command(hide = true)]
    Compile(CompileArguments),
}

/// Parses the name of a role.
fn role(name: &str) -> Result<PluginRole, String> {
    PluginRole::named(name).ok_or_else(|| format!("the roles are {}", PluginRole::names()))
}
