//! The one plugin value of this instance: set by `configure`, borrowed by every call of a role.
//!
//! A component has a single thread, so a thread-local works as a global; in native tests it gives
//! every test an instance of its own.

use std::any::Any;
use std::cell::OnceCell;

use crate::{Error, Plugin, configured};

thread_local! {
    static PLUGIN: OnceCell<Box<dyn Any>> = const { OnceCell::new() };
}

pub(crate) fn configure<P: Plugin>(config: &str) -> Result<(), Error> {
    let plugin = configured::<P>(config).map_err(Error::InvalidConfig)?;
    PLUGIN
        .with(|cell| cell.set(Box::new(plugin)))
        .map_err(|_| Error::Internal("this instance is already configured".into()))
}

pub(crate) fn with<P: Plugin, T>(call: impl FnOnce(&P) -> Result<T, Error>) -> Result<T, Error> {
    configured_plugin(call).unwrap_or_else(|| {
        Err(Error::Internal(
            "a role was called before `configure`".into(),
        ))
    })
}

/// Calls with the plugin; none before `configure`.
pub(crate) fn configured_plugin<P: Plugin, T>(call: impl FnOnce(&P) -> T) -> Option<T> {
    PLUGIN.with(|cell| cell.get()?.downcast_ref().map(call))
}
