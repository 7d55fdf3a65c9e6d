//! Calls that end without an answer, and what to tell the user about them.

use std::error::Error;
use std::fmt;

use tpo_types::{Failure, Kind};
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::limits::{Exceeded, Limits};

/// A call that ended without an answer.
pub(crate) struct Crash {
    did: String,
    hint: Option<&'static str>,
    cause: Box<dyn Error + Send + Sync>,
    /// Whether it ended because its types are not the contract's.
    pub(crate) drifted: bool,
}

impl Crash {
    /// What `error` means, with the last lines that the guest printed.
    pub(crate) fn new(error: wasmtime::Error, last_lines: Option<String>, limits: &Limits) -> Self {
        let (did, hint) = explain(&error, limits);
        let drifted = error.downcast_ref::<Drift>().is_some();
        let cause = match last_lines {
            Some(lines) => Failure::new(Kind::Plugin, format!("it printed: {lines}")).because(error).into(),
            None => error.into(),
        };
        Self { did, hint, cause, drifted }
    }

    /// What brought it about.
    pub(crate) fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        self.cause
    }

    /// The failure of `subject`; `place` says when.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        let failure = Failure::new(Kind::Plugin, format!("{subject} {} {place}", self.did)).because(self.cause);
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
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
        Some(Trap::MemoryOutOfBounds) => {
            ("reached outside its memory".into(), Some("endless recursion in compiled code ends like this"))
        }
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
