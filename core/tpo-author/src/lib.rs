//! For plugin authors: creates projects and builds them into components.
//!
//! [`create`] writes a project in one of five languages; [`build`] compiles it with the language's
//! own compiler, which it downloads from the language's package registry if necessary. A project is
//! self-contained: it includes its contract, and nothing in it refers to this repository.
//!
//! This crate must not depend on how components run: what it builds is checked like any component.

mod adapter;
mod bindings;
mod build;
mod command;
mod copies;
mod create;
mod language;
mod templates;
mod tools;
mod world;

pub use build::{Built, build};
pub use create::{Project, create};
pub use language::Language;
