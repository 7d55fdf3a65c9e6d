//! What is published and how it gets here.
mod digest;
pub mod manifest;
mod name;
mod reference;
mod surface;
pub use digest::Digest;
pub use manifest::Manifest;
pub use name::{FileName, Name};
pub use reference::Reference;
pub use surface::Surface;
