//! Calls that end without outcomes, and how messages explain them.
//!
//! Most are the guest's own fault. A failure of what a guest asked of the host, such as a model, is
//! not: it passes through the guest unchanged.

use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::component::meter::LimitExceeded;
use crate::contract::bindings::tpo::plugin::types;
use crate::contract::mismatch::ContractMismatch;
use crate::limits::Limits;

/// How much of one of the engine's texts is shown: lines, and bytes of a line.
const SHOWN_LINES: usize = 30;
const SHOWN_LINE_BYTES: usize = 200;
/// The longest error text of a guest that is shown, in bytes.
const REPORTED_BYTES: usize = 2000;

/// A call that ended without outcomes.
pub(crate) enum CallError {
    /// The guest's own fault.
    Guest(Box<GuestFault>),
    /// What it asked of the host failed.
    Host(Failure),
}

/// What a guest did instead of returning outcomes.
pub(crate) struct GuestFault {
    /// What it did, after its name.
    pub(crate) did: String,
    /// Its own words about it.
    pub(crate) reported: Option<String>,
    pub(crate) hint: Option<&'static str>,
    pub(crate) cause: Option<Failure>,
    /// Whether its types are not the contract's.
    pub(crate) is_mismatch: bool,
}

impl CallError {
    /// What `error` means. `last_lines` are the last lines that the guest printed.
    pub(crate) fn new(error: wasmtime::Error, last_lines: Option<String>, limits: &Limits) -> Self {
        match error.downcast::<Failure>() {
            Ok(failure) => Self::Host(failure),
            Err(error) => Self::Guest(Box::new(GuestFault::new(&error, last_lines, limits))),
        }
    }

    /// The failure of `subject`; `place` says when. A failure of the host stays as it is.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        match self {
            Self::Guest(fault) => fault.failure(subject, place),
            Self::Host(failure) => failure,
        }
    }
}

impl GuestFault {
    fn new(error: &wasmtime::Error, last_lines: Option<String>, limits: &Limits) -> Self {
        let (did, hint) = explain(error, limits);
        let mut causes: Vec<_> = error
            .chain()
            .map(|cause| shown(&cause.to_string()))
            .collect();
        // `did` says so already.
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
            reported: None,
            hint,
            cause,
            is_mismatch: error.downcast_ref::<ContractMismatch>().is_some(),
        }
    }

    /// The failure of `subject`; `place` says when.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        let did = self.did;
        let what = match self.reported {
            Some(reported) => format!("{subject} {did} {place}: {reported}"),
            None => format!("{subject} {did} {place}"),
        };
        let mut failure = Failure::new(FailureKind::Plugin, what);
        if let Some(cause) = self.cause {
            failure = failure.because(cause);
        }
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// The underlying cause, or what the guest did if there is none.
    pub(crate) fn into_cause(self) -> Failure {
        let did = self.did;
        self.cause
            .unwrap_or_else(|| Failure::new(FailureKind::Plugin, did))
    }
}

/// An error that the guest returned itself.
impl From<types::Error> for GuestFault {
    fn from(error: types::Error) -> Self {
        let (did, reported) = match error {
            types::Error::InvalidConfig(why) => ("refused its configuration", why),
            types::Error::InvalidInput(why) => ("could not use its input", why),
            types::Error::Internal(why) => ("failed", why),
        };
        Self {
            did: did.into(),
            reported: Some(reported_text(&reported)),
            hint: None,
            cause: None,
            is_mismatch: false,
        }
    }
}

impl From<types::Error> for CallError {
    fn from(error: types::Error) -> Self {
        Self::Guest(Box::new(error.into()))
    }
}

/// An error text of a guest, fit to be shown.
pub(crate) fn reported_text(text: &str) -> String {
    sanitize(text, REPORTED_BYTES)
}

/// A text of the engine, which may quote names of functions: they may be as long as a component and
/// have line breaks.
fn shown(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .take(SHOWN_LINES)
        .map(|line| sanitize(line, SHOWN_LINE_BYTES))
        .collect();
    lines.join("\n")
}

/// What the guest did, and what the user can do about it.
fn explain(error: &wasmtime::Error, limits: &Limits) -> (String, Option<&'static str>) {
    if let Some(exceeded) = error.downcast_ref::<LimitExceeded>() {
        return (exceeded.to_string(), Some(exceeded.hint()));
    }
    if error.downcast_ref::<ContractMismatch>().is_some() {
        let did = ContractMismatch.to_string();
        return (did, Some(ContractMismatch::HINT));
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return (format!("exited with status {status}"), None);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            let did = format!("used more than {} s", limits.seconds_per_call);
            (did, Some("raise `limits.seconds_per_call`"))
        }
        Some(Trap::StackOverflow) => {
            let did = format!("used more than its {} KiB of stack", limits.stack_kib);
            (did, Some("raise `limits.stack_kib`"))
        }
        Some(Trap::MemoryOutOfBounds) => (
            "accessed memory out of bounds".into(),
            Some("unbounded recursion in compiled code can end like this"),
        ),
        Some(Trap::UnreachableCodeReached) => ("panicked or aborted".into(), None),
        Some(_) => ("crashed".into(), None),
        None => ("failed".into(), None),
    }
}
