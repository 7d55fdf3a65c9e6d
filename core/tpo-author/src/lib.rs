//! For authors of plugins: a project to start from, and its component.
//!
//! [`create`] writes a project in one of five languages; [`build`] makes the component of a project
//! by that language's own compiler, which it fetches from that language's own package registry
//! where there is none. A project is whole in itself: it holds the contract it is built for, and
//! nothing in it points back to this repository.
//!
//! This crate does not know how components run: what it builds is checked like a stranger's.

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
