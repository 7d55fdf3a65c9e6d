//! Publishing, pinning and fetching plugin bundles.
//!
//! A directory with a [`BundleManifest`] is [`publish`]ed to an OCI registry. A [`BundleReference`]
//! names it there; [`add`] pins it in a [`Lock`] and downloads it into a [`BundleStore`];
//! [`resolve`] turns a reference into the file of a component. Registries are not trusted: sizes
//! are checked first, then digests, and only then is anything parsed.
//!
//! All calls block. This crate must not depend on how components run, on models or on runs.

mod access;
mod artifact;
mod blobs;
mod bundle;
mod config;
mod grants;
mod lock;
pub mod manifest;
mod manifest_check;
mod mode;
mod name;
mod package;
mod pins;
mod publish;
mod reference;
mod registry;
mod resolve;
mod signature;
mod store;
mod surface;
mod verify;
mod wit;

pub use access::{Access, Credentials};
pub use artifact::ArtifactLayout;
pub use bundle::Bundle;
pub use grants::PermissionRequest;
pub use lock::{LOCK_FILE, Lock, Pin, PinnedComponent};
pub use manifest::BundleManifest;
pub use mode::Mode;
pub use name::{FileName, Name};
pub use package::Package;
pub use pins::{Added, Updated, add, remove, update};
pub use publish::{PublishOptions, Published, publish};
pub use reference::BundleReference;
pub use resolve::{Resolved, resolve};
pub use signature::{PublicKey, SecretKey, keygen};
pub use store::BundleStore;
pub use surface::Surface;
pub use verify::{Verified, verify};
pub use wit::WIT;
