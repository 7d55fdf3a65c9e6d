//! Calls that end without an answer, and what to tell the user about them.
//!
//! Most are the guest's own doing. Where it is not, because what a guest asked of its host could
//! not be done, the host's failure is told as it is and the guest is not blamed.

use std::fmt;

use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::limits::{Exceeded, Limits};

/// What is told of one of the engine's texts: lines, and bytes of a line.
const TOLD_LINES: usize = 30;
const TOLD_LINE_BYTES: usize = 200;

/// A call that ended without an answer.
pub(crate) enum Crash {
    /// The guest's own doing.
    Guest(Misdeed),
    /// Something that it asked of the host could not be done.
    Host(Failure),
}

/// What a guest did instead of answering.
pub(crate) struct Misdeed {
    did: String,
    hint: Option<&'static str>,
    /// What brought it about.
    cause: Option<Failure>,
    /// Whether its types are not the contract's.
    drifted: bool,
}

impl Crash {
    /// What `error` means, with the last lines that the guest printed.
    pub(crate) fn new(error: wasmtime::Error, last_lines: Option<String>, limits: &Limits) -> Self {
        match error.downcast::<Failure>() {
            Ok(failure) => Self::Host(failure),
            Err(error) => Self::Guest(Misdeed::new(&error, last_lines, limits)),
        }
    }

    /// Whether it ended because the guest's types are not the contract's.
    pub(crate) fn is_drift(&self) -> bool {
        matches!(self, Self::Guest(misdeed) if misdeed.drifted)
    }

    /// What brought it about, or what the guest did.
    pub(crate) fn into_cause(self) -> Failure {
        match self {
            Self::Guest(Misdeed { did, cause, .. }) => {
                cause.unwrap_or_else(|| Failure::new(FailureKind::Plugin, did))
            }
            Self::Host(failure) => failure,
        }
    }

    /// The failure of `subject`; `place` says when. A failure of the host is told as it is.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        let Misdeed {
            did, hint, cause, ..
        } = match self {
            Self::Guest(misdeed) => misdeed,
            Self::Host(failure) => return failure,
        };
        let failure = Failure::new(FailureKind::Plugin, format!("{subject} {did} {place}"));
        let failure = match cause {
            Some(cause) => failure.because(cause),
            None => failure,
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl Misdeed {
    fn new(error: &wasmtime::Error, last_lines: Option<String>, limits: &Limits) -> Self {
        let (did, hint) = explain(error, limits);
        let drifted = error.downcast_ref::<Drift>().is_some();
        let mut causes: Vec<_> = error
            .chain()
            .map(|cause| told(&cause.to_string()))
            .collect();
        // What it did says so already.
        causes.retain(|cause| *cause != did);
        causes.reverse();
        causes.extend(last_lines.map(|lines| format!("it printed: {lines}")));
        let cause = causes
            .into_iter()
            .fold(None, |cause: Option<Failure>, what| {
                let failure = Failure::new(FailureKind::Plugin, what);
                Some(match cause {
                    Some(cause) => failure.because(cause),
                    None => failure,
                })
            });
        Self {
            did,
            hint,
            cause,
            drifted,
        }
    }
}

/// A text of the engine, which may quote names of functions: they may be as long as a component and
/// have line breaks.
fn told(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .take(TOLD_LINES)
        .map(|line| sanitize(line, TOLD_LINE_BYTES))
        .collect();
    lines.join("\n")
}

/// What the guest did, and what the user can do about it.
fn explain(error: &wasmtime::Error, limits: &Limits) -> (String, Option<&'static str>) {
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return (exceeded.to_string(), Some(exceeded.hint()));
    }
    if error.downcast_ref::<Drift>().is_some() {
        return (Drift.to_string(), Some(Drift::HINT));
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return (format!("exited with status {status}"), None);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            let did = format!("used more than {} s", limits.seconds_per_call);
            (did, Some("`limits.seconds_per_call` gives plugins more"))
        }
        Some(Trap::StackOverflow) => {
            let did = format!("used more than its {} KiB of stack", limits.stack_kib);
            (did, Some("`limits.stack_kib` gives plugins more"))
        }
        Some(Trap::MemoryOutOfBounds) => (
            "reached outside its memory".into(),
            Some("endless recursion in compiled code ends like this"),
        ),
        Some(Trap::UnreachableCodeReached) => ("panicked or aborted".into(), None),
        Some(_) => ("crashed".into(), None),
        None => ("failed".into(), None),
    }
}

/// Something that a component exports or imports has another type than the contract gives it.
#[derive(Debug)]
pub(crate) struct Drift;

impl Drift {
    pub(crate) const HINT: &str =
        "it was built from an edited copy of the contract; build it from the `wit/` of this tpo";
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("does not have the types of the contract")
    }
}
