//! The error type of every crate: what failed, why, and what to do about it.
//!
//! A failure names its item in `what` and keeps its cause, and its [`FailureKind`] decides the exit
//! code. One type serves all crates because an outcome that a run can continue with (a malformed
//! completion, an unscored response, a group without a pair) is a value of its own type, never an
//! error.

use std::error::Error;

/// What kind of failure it is, which decides the documented exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The command line or the configuration is invalid.
    Usage,
    /// A data set, model or other input file is missing or malformed.
    Input,
    /// A plugin was rejected, failed, or returned an invalid result; or no pair could be made.
    Plugin,
    /// A network request failed, retries included. Finished work is saved.
    Network,
    /// A checksum or signature does not match.
    Integrity,
    /// Disk or memory is exhausted, or the system denied a file operation.
    Resources,
    /// Another process is writing to the run directory.
    InUse,
    /// Training produced a non-finite number.
    Numeric,
    /// A model is worse than the command accepts.
    BelowThreshold,
    /// A bug in `tpo` itself.
    Bug,
}

impl FailureKind {
    /// All kinds, ordered by exit code.
    pub const ALL: [Self; 10] = [
        Self::Usage,
        Self::Input,
        Self::Plugin,
        Self::Network,
        Self::Integrity,
        Self::Resources,
        Self::InUse,
        Self::Numeric,
        Self::BelowThreshold,
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
            Self::BelowThreshold => 10,
            Self::Bug => 70,
        }
    }

    /// One line for the table of exit codes.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Usage => "invalid command line or configuration",
            Self::Input => "missing or malformed data set, model or other input file",
            Self::Plugin => "plugin rejected or failed, or no pair could be made",
            Self::Network => "network error after retries; finished work is saved",
            Self::Integrity => "checksum or signature mismatch",
            Self::Resources => "out of disk space or memory, or file operation denied",
            Self::InUse => "run directory in use by another process",
            Self::Numeric => "training produced a non-finite number",
            Self::BelowThreshold => "a model is below the threshold of `tpo eval --fail-below`",
            Self::Bug => "internal error, please report",
        }
    }
}

/// An error: what failed, its cause, and a hint.
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

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What the user can do about it: the first hint along the chain of causes.
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
        let inner = Failure::new(FailureKind::Input, "no such file").hint("check the path");
        let outer = Failure::new(FailureKind::Usage, "judge `x` cannot be loaded").because(inner);
        assert_eq!(outer.nearest_hint(), Some("check the path"));
        assert_eq!(
            outer.source().map(ToString::to_string).as_deref(),
            Some("no such file")
        );
    }
}
