//! What runs a plugin's calls: instances of a component, or a native library.

use crate::component::call_error::{CallError, GuestFault};
use crate::dispatch::instances::{Instances, ReusableInstance};
use crate::dispatch::role::RoleContract;
use crate::native::{NativeError, NativeInstance};

/// The code of a plugin in one role, configured.
pub(crate) enum PluginCode<R: RoleContract> {
    Component(Instances<R>),
    Native(NativeInstance),
}

impl<R: RoleContract> PluginCode<R> {
    /// How many batches in a row one instance serves.
    pub(crate) fn batches_per_instance(&self) -> usize {
        match self {
            Self::Component(instances) => instances.batches(),
            Self::Native(_) => 1,
        }
    }

    /// The outcomes of one batch. `reusable` is the instance that served the last one, and the one
    /// to use for the next.
    pub(crate) fn call(
        &self,
        reusable: &mut Option<ReusableInstance<R>>,
        items: &[R::Item],
    ) -> Result<Vec<R::Outcome>, CallError> {
        match self {
            Self::Component(instances) => instances.call(reusable, items),
            Self::Native(instance) => Ok(instance.call(R::ROLE, items)?),
        }
    }
}

impl From<NativeError> for CallError {
    fn from(error: NativeError) -> Self {
        match error {
            NativeError::Returned(error) => error.into(),
            NativeError::Abi(did) => Self::Guest(Box::new(GuestFault {
                did,
                reported: None,
                hint: Some("this is a bug of the plugin: it breaks the ABI in `tpo_native.h`"),
                cause: None,
                is_mismatch: false,
            })),
        }
    }
}
