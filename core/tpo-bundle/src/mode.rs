//! Whether a command may use the network and change the lock file, with cargo's flags.

use tpo_types::{Failure, FailureKind};

use crate::reference::BundleReference;

/// Whether a command may use the network and change the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Adds missing pins to the lock file and never changes existing ones.
    #[default]
    Default,
    /// Does not change the lock file: a missing pin is an error.
    Locked,
    /// Does not contact registries: a plugin that is not downloaded is an error.
    Offline,
    /// Same as `--locked --offline`.
    Frozen,
}

impl Mode {
    /// The mode of the flags of the same names.
    pub fn of_flags(locked: bool, offline: bool, frozen: bool) -> Self {
        match (locked || frozen, offline || frozen) {
            (false, false) => Self::Default,
            (true, false) => Self::Locked,
            (false, true) => Self::Offline,
            (true, true) => Self::Frozen,
        }
    }

    /// Whether registries may be contacted.
    pub fn has_network(self) -> bool {
        matches!(self, Self::Default | Self::Locked)
    }

    /// Whether the lock file may change.
    pub fn may_change_lock(self) -> bool {
        matches!(self, Self::Default | Self::Offline)
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Default => "no flag",
            Self::Locked => "--locked",
            Self::Offline => "--offline",
            Self::Frozen => "--frozen",
        }
    }

    /// Fails if registries may not be contacted.
    pub(crate) fn require_network(self, reference: &BundleReference) -> Result<(), Failure> {
        if self.has_network() {
            return Ok(());
        }
        let what = format!(
            "`{reference}` is not downloaded, and `{}` does not allow contacting its registry",
            self.flag()
        );
        Err(Failure::new(FailureKind::Network, what).hint("run the command once without the flag"))
    }

    /// Fails if the lock file may not change; `what` is the beginning of the message.
    pub(crate) fn require_change(self, what: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.may_change_lock() {
            return Ok(());
        }
        let what = format!(
            "{}, and `{}` does not allow changing the lock file",
            what(),
            self.flag()
        );
        Err(Failure::new(FailureKind::Usage, what)
            .hint("run the command once without the flag, and commit the lock file"))
    }
}
