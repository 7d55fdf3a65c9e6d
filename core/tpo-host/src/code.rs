//! What answers: instances of a component, or a native library.

use tpo_types::{Failure, FailureKind};

use crate::bindings::tpo::plugin::types;
use crate::crash::Crash;
use crate::instances::{Instances, Warm};
use crate::native::NativeInstance;
use crate::roles::Role;

/// The code of a plugin in one role, configured.
pub(crate) enum Code<R: Role> {
    Component(Instances<R>),
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
    /// How many batches in a row go to one instance.
    pub(crate) fn batches_per_instance(&self) -> usize {
        match self {
            Self::Component(instances) => instances.batches(),
            Self::Native(_) => 1,
        }
    }

    /// Asks about one batch: outcomes, or that the plugin says it failed. `warm` is the instance
    /// that answered before, and the one to ask next.
    pub(crate) fn ask(
        &self,
        warm: &mut Option<Warm<R>>,
        items: &[R::Item],
    ) -> Result<Result<Vec<R::Outcome>, types::Error>, NoAnswer> {
        match self {
            Self::Component(instances) => instances.ask(warm, items).map_err(NoAnswer::Crash),
            Self::Native(instance) => instance.ask::<R>(items).map_err(NoAnswer::Abi),
        }
    }
}

impl NoAnswer {
    /// The failure of `subject`; `place` says when.
    pub(crate) fn failure(self, subject: &str, place: &str) -> Failure {
        match self {
            Self::Crash(crash) => crash.failure(subject, place),
            Self::Abi(what) => {
                Failure::new(FailureKind::Plugin, format!("{subject} {what} {place}"))
                    .hint("this is a fault of the plugin: it breaks the ABI in `tpo_native.h`")
            }
        }
    }
}
