//! Messages to the user of the run.

use crate::Level;

/// Writes one message to the user of the run. Outside a component it goes to stderr, where test
/// runners capture it.
pub fn log(level: Level, message: impl AsRef<str>) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tpo::plugin::log::emit(level, message.as_ref());
    #[cfg(not(target_arch = "wasm32"))]
    #[expect(
        clippy::print_stderr,
        reason = "there is no host to hand the message to"
    )]
    {
        eprintln!("{level:?}: {}", message.as_ref());
    }
}
