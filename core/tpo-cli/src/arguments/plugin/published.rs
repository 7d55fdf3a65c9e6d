//! Arguments of the commands for published plugins and the lock file.

use std::path::PathBuf;

use clap::Args;
use tpo_bundle::BundleReference;

use crate::arguments::LockFlags;

/// The lock file, and how it may be used.
#[derive(Debug, Clone, Args)]
pub(crate) struct LockOptions {
    /// Lock file.
    #[arg(long = "lock", value_name = "FILE", default_value = tpo_bundle::LOCK_FILE)]
    pub file: PathBuf,
    #[command(flatten)]
    pub flags: LockFlags,
}

#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    /// Directory with `tpo-plugin.toml` and the components that it lists.
    pub directory: PathBuf,
    /// Destination: `oci://host/name`, optionally with a tag [default tag: the bundle's version].
    pub reference: BundleReference,
    /// Publish the only component in the CNCF layout for Wasm artifacts, which `wkg` and others
    /// read.
    #[arg(long)]
    pub wasm: bool,
    /// Sign with this secret key, made by `tpo plugin keygen`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Move the tag if it already points to another bundle.
    #[arg(long)]
    pub move_tag: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// Plugin: `oci://host/name:tag`.
    pub reference: BundleReference,
    /// Grant an import that the plugin requests, for example `model`; repeatable.
    #[arg(long, value_name = "IMPORT")]
    pub grant: Vec<String>,
    #[command(flatten)]
    pub lock: LockOptions,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// Plugin, as it is pinned.
    pub reference: BundleReference,
    /// Grant an import that the new version requests; repeatable.
    #[arg(long, value_name = "IMPORT")]
    pub grant: Vec<String>,
    /// Accept a new version that is signed by another key or unsigned.
    #[arg(long)]
    pub accept_signer: bool,
    #[command(flatten)]
    pub lock: LockOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// Plugin, as it is pinned.
    pub reference: BundleReference,
    #[command(flatten)]
    pub lock: LockOptions,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub lock: LockOptions,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// File to write the secret key to.
    pub file: PathBuf,
}
