//! Turns core modules into components, for languages whose compilers emit core modules.

use tpo_types::{Failure, FailureKind};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// WASI preview 1 without files, clocks or network.
const ADAPTER: &str = include_str!("adapter.wat");
/// The adapter's own imports.
const ADAPTER_WORLD: &str = "package tpo:adapter; world adapter { import tpo:plugin/log@0.1.0; }";

/// Combines a module, in which the types of its world are embedded, with the [`ADAPTER`].
pub(crate) fn component(module: &[u8], resolve: &Resolve) -> Result<Vec<u8>, Failure> {
    let adapter = adapter(resolve.clone()).map_err(|error| {
        Failure::new(
            FailureKind::Bug,
            "the adapter for WASI preview 1 does not fit the contract",
        )
        .because(error)
    })?;
    let encoded = ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| {
            encoder
                .validate(true)
                .adapter("wasi_snapshot_preview1", &adapter)
        })
        .and_then(ComponentEncoder::encode);
    encoded.map_err(|error| {
        Failure::new(FailureKind::Plugin, "the compiled module is not a plugin")
            .because(error)
            .hint("it must export every function of its world; the generated bindings declare them")
    })
}

/// Embeds the types of the world that a module was compiled for.
pub(crate) fn embed(
    module: &mut Vec<u8>,
    resolve: &Resolve,
    world: WorldId,
) -> Result<(), Failure> {
    embed_component_metadata(module, resolve, world, StringEncoding::UTF8).map_err(|error| {
        Failure::new(
            FailureKind::Plugin,
            "the compiled module is not WebAssembly",
        )
        .because(error)
    })
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn adapter(mut resolve: Resolve) -> Result<Vec<u8>, AnyError> {
    let mut adapter = wat::parse_str(ADAPTER)?;
    let package = resolve.push_str("adapter.wit", ADAPTER_WORLD)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut adapter, &resolve, world, StringEncoding::UTF8)?;
    Ok(adapter)
}
