//! The SDK for `tpo` plugins in Rust: one trait per role, one macro to export it.
//!
//! A plugin type implements [`Plugin`] and one or more role traits ([`Judge`], [`ThoughtTemplate`],
//! ...), and an `export_*!` macro exports it. Name, version, summary and license come from its
//! `Cargo.toml`. A plugin needs neither WIT nor wit-bindgen. Everything except [`model`] also works
//! outside a component, so tests of a plugin's logic are plain trait calls.

#[doc(hidden)]
pub mod bindings;
mod config;
#[doc(hidden)]
pub mod export;
mod log;
pub mod model;
mod plugin;
pub mod reference;
#[doc(hidden)]
pub mod roles;
mod state;
mod types;
pub mod verdict;

pub use bindings::imports::tpo::plugin::log::Level;
pub use bindings::imports::tpo::plugin::types::{Error, Extra, Instruction, Message};
pub use log::log;
pub use plugin::{NoConfig, Plugin, configured};
pub use roles::*;
pub use schemars::{self, JsonSchema};

/// The judge of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
