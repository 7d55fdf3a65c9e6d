//! Options on which plugins may be loaded and how they may be fetched.

use clap::Args;
use tpo_bundle::Mode;

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Trust {
    /// Allow native plugins (`.so`), which are not sandboxed.
    #[arg(long)]
    pub allow_native: bool,
    #[command(flatten)]
    pub lock: LockFlags,
}

/// How the lock file and registries may be used.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LockFlags {
    /// Fail if `tpo.lock` is missing or would change.
    #[arg(long)]
    pub locked: bool,
    /// Do not contact registries.
    #[arg(long)]
    pub offline: bool,
    /// Same as `--locked --offline`.
    #[arg(long)]
    pub frozen: bool,
}

impl LockFlags {
    pub(crate) fn mode(self) -> Mode {
        Mode::of_flags(self.locked, self.offline, self.frozen)
    }
}
