//! The one plugin value of this instance: set by `configure`, borrowed by every call of a role.
//!
//! A component is single-threaded, so a thread-local is a global; in native tests it gives every
//! test its own instance.

use std::any::Any;
use std::cell::OnceCell;

use crate::{Error, Plugin, config};

thread_local! {
    static PLUGIN: OnceCell<Box<dyn Any>> = const { OnceCell::new() };
}

pub(crate) fn configure<P: Plugin>(config: &str) -> Result<(), Error> {
    let plugin = config::read(config)
        .and_then(P::new)
        .map_err(Error::InvalidConfig)?;
    PLUGIN
        .with(|cell| cell.set(Box::new(plugin)))
        .map_err(|_| Error::Internal("this instance is already configured".into()))
}

pub(crate) fn with<P: Plugin, T>(call: impl FnOnce(&P) -> Result<T, Error>) -> Result<T, Error> {
    PLUGIN.with(
        |cell| match cell.get().and_then(|plugin| plugin.downcast_ref()) {
            Some(plugin) => call(plugin),
            None => Err(Error::Internal(
                "a role was called before `configure`".into(),
            )),
        },
    )
}
