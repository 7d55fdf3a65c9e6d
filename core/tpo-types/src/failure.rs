//! The one error of every room: what failed, why, and what to do.
//!
//! A failure names its item in `what`, keeps its cause as a cause, and its [`FailureKind`] decides
//! the exit code. There is one such type, not one per crate, because nothing in `tpo` recovers by
//! matching on an error's variant: what can go on (a malformed completion, an unscored response, a
//! group without a pair) is a value of its own type, never an error.

use std::error::Error;

/// Which documented exit code a failure ends the process with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The command line or the configuration makes no sense.
    Usage,
    /// A data set, model or other input file is missing or malformed.
    Input,
    /// A plugin is refused, failed, or answered wrongly; or no pair could be made.
    Plugin,
    /// A network peer gave up. What was done is kept.
    Network,
    /// Something is not what its digest says.
    Integrity,
    /// Disk or memory is exhausted, or the system refused an operation on a file.
    Resources,
    /// Another process writes the same run directory.
    InUse,
    /// Training produced a number that is not finite.
    Numeric,
    /// A broken invariant of `tpo` itself.
    Bug,
}

impl FailureKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 9] = [
        Self::Usage,
        Self::Input,
        Self::Plugin,
        Self::Network,
        Self::Integrity,
        Self::Resources,
        Self::InUse,
        Self::Numeric,
        Self::Bug,
    ];

    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Input => 3,
            Self::Plugin => 4,
            Self::Network => 5,
            Self::Integrity => 6,
            Self::Resources => 7,
            Self::InUse => 8,
            Self::Numeric => 9,
            Self::Bug => 70,
        }
    }

    /// One line for the table of exit codes.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Usage => "the command line or the configuration makes no sense",
            Self::Input => "a data set, model or other input file is missing or malformed",
            Self::Plugin => "a plugin is refused or failed, or no pair could be made",
            Self::Network => "a network peer gave up; what was done is kept",
            Self::Integrity => "something is not what its digest says",
            Self::Resources => "disk or memory is exhausted, or a file operation was refused",
            Self::InUse => "another process writes the same run directory",
            Self::Numeric => "training produced a number that is not finite",
            Self::Bug => "a fault of tpo itself",
        }
    }
}

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    kind: FailureKind,
    what: String,
    hint: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure of the given kind. `what` names the item: a lower-case sentence without a full
    /// stop.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            hint: None,
            cause: None,
        }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what brought it about.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Which exit code it leads to.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What the user can do about it; the nearest hint along the chain of causes.
    pub fn nearest_hint(&self) -> Option<&str> {
        self.hint.as_deref().or_else(|| {
            let cause: &(dyn Error + 'static) = self.cause.as_deref()?;
            cause.downcast_ref::<Self>()?.nearest_hint()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_distinct() {
        let mut codes: Vec<u8> = FailureKind::ALL
            .iter()
            .map(|kind| kind.exit_code())
            .collect();
        codes.dedup();
        assert_eq!(codes.len(), FailureKind::ALL.len());
        assert!(!codes.contains(&0) && !codes.contains(&1));
    }

    #[test]
    fn the_hint_of_a_cause_is_found() {
        let inner = Failure::new(FailureKind::Input, "no such file").hint("look again");
        let outer = Failure::new(FailureKind::Usage, "judge `x` cannot be loaded").because(inner);
        assert_eq!(outer.nearest_hint(), Some("look again"));
        assert_eq!(
            outer.source().map(ToString::to_string).as_deref(),
            Some("no such file")
        );
    }
}
