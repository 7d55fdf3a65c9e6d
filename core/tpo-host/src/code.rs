//! What answers: instances of a component, or a native library.

use tpo_types::{Failure, Kind};

use crate::bindings::tpo::plugin::types;
use crate::crash::Crash;
use crate::native::NativeInstance;
use crate::pool::Pool;
use crate::roles::Role;

/// The code of a plugin in one role, configured.
pub(crate) enum Code<R: Role> {
    Component(Pool<R>),
    Native(NativeInstance),
}

/// A call without an answer.
pub(crate) enum NoAnswer {
    /// The component crashed or exceeded a limit.
    Crash(Crash),
    /// The native plugin broke the ABI; goes on from its name.
    Abi(String),
}

impl<R: Role> Code<R> {
    /// Asks about one batch: outcomes, or that the plugin says it failed.
    pub(crate) fn ask(&self, items: &[R::Item]) -> Result<Result<Vec<R::Outcome>, types::Error>, NoAnswer> {
        match self {
            Self::Component(pool) => pool.ask(items).map_err(NoAnswer::Crash),
            Self::Native(instance) => instance.ask::<R>(items).map_err(NoAnswer::Abi),
        }
    }
}

impl NoAnswer {
    /// The failure of `subject`; `place` says when.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        match self {
            Self::Crash(crash) => crash.failure(subject, place),
            Self::Abi(what) => Failure::new(Kind::Plugin, format!("{subject} {what} {place}"))
                .hint("this is a fault of the plugin: it breaks the ABI in `tpo_native.h`"),
        }
    }
}
