//! Bundles through registries: a real one, and one that does everything wrong.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod author;
mod debian;
mod flow;
mod hostile;
mod lock;
mod outside;
mod server;
mod signing;
mod stand_in;
mod untrusted;
