//! What a command may do to reach its plugins. The words are cargo's, and so is their meaning.

use tpo_types::{Failure, FailureKind};

use crate::reference::Reference;

/// What a command may do to reach its plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Adds what the lock file does not have, and never moves what it has.
    #[default]
    Default,
    /// Changes nothing in the lock file: what it does not have is an error.
    Locked,
    /// Uses no network: what is not here is an error.
    Offline,
    /// Both.
    Frozen,
}

impl Mode {
    /// What the flags of the same names ask for.
    pub fn of_flags(locked: bool, offline: bool, frozen: bool) -> Self {
        match (locked || frozen, offline || frozen) {
            (false, false) => Self::Default,
            (true, false) => Self::Locked,
            (false, true) => Self::Offline,
            (true, true) => Self::Frozen,
        }
    }

    /// Whether registries may be asked.
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

    /// Refuses what needs a registry.
    pub(crate) fn require_network(self, reference: &Reference) -> Result<(), Failure> {
        if self.has_network() {
            return Ok(());
        }
        let what = format!(
            "`{reference}` is not in the content store, and `{}` forbids to fetch it",
            self.flag()
        );
        Err(Failure::new(FailureKind::Network, what).hint("run the command once without the flag"))
    }

    /// Refuses what would change the lock file; `what` says how it would.
    pub(crate) fn require_change(self, what: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.may_change_lock() {
            return Ok(());
        }
        let what = format!("{}, and `{}` forbids to change that", what(), self.flag());
        Err(Failure::new(FailureKind::Usage, what)
            .hint("run the command once without the flag, and commit the lock file"))
    }
}
