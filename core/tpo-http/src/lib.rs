//! HTTP hardened against servers that misbehave: no redirects, no unbounded bodies, retries with
//! backoff, and secrets that do not end up in messages.
//!
//! Which statuses are retried and what a failure means is up to the caller.

mod body;
mod client;
mod retry;
mod secret;

pub use body::{BodyError, read_body, read_start};
pub use client::{client, is_loopback};
pub use retry::{Backoff, retry_after, with_retries};
pub use secret::Secret;
