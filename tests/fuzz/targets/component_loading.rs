//! Any bytes as a plugin: inspected, or refused. Everything from the first byte to the code that
//! runs is on the way.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tpo_host::{Limits, Plugins, HostConfig};

static DIRECTORY: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a temporary directory"));

fuzz_target!(|bytes: &[u8]| {
    let path = DIRECTORY.path().join("guest.wasm");
    fs::write(&path, bytes).expect("a file");
    let limits = Limits {
        memory_mib: 16,
        seconds_per_call: 1,
        ..Limits::default()
    };
    let plugins = Plugins::new(HostConfig {
        limits,
        ..HostConfig::default()
    })
    .expect("a host");
    let source = path.display().to_string();
    let _ = plugins.roles(&source);
    let _ = plugins.check(&source);
});
