//! Bundles: what is published, and how it gets here.
//!
//! A folder with a [`Manifest`] is [`publish`]ed to an OCI registry. A [`Reference`] names it
//! there; [`add`] pins it in a [`Lock`] and brings it into a [`Store`]; [`resolve`] turns the
//! reference into the file of a component, wherever a plugin is named. Registries are believed in
//! nothing: size, then digest, and only then meaning.
//!
//! This crate does not know how components run, and it knows neither models nor runs. All of it
//! blocks.

mod access;
mod agreement;
mod artifact;
mod blobs;
mod bundle;
mod config;
mod grants;
mod lock;
pub mod manifest;
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
pub use artifact::Layout;
pub use bundle::Bundle;
pub use grants::Ask;
pub use lock::{LOCK_FILE, Lock, Pin, PinnedComponent};
pub use manifest::Manifest;
pub use mode::Mode;
pub use name::{FileName, Name};
pub use package::Package;
pub use pins::{Added, Updated, add, remove, update};
pub use publish::{PublishOptions, Published, publish};
pub use reference::Reference;
pub use resolve::{Resolved, resolve};
pub use signature::{PublicKey, SecretKey, keygen};
pub use store::Store;
pub use surface::Surface;
pub use verify::{Verified, verify};
pub use wit::WIT;
