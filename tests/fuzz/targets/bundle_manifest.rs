//! Any text as a bundle's manifest: a manifest, or a failure that is fit to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tpo_bundle::BundleManifest;

fuzz_target!(|text: &str| {
    match BundleManifest::parse(text, "tpo-plugin.toml") {
        Ok(manifest) => assert!(
            manifest
                .components
                .iter()
                .all(|component| !component.roles.is_empty())
        ),
        Err(failure) => assert!(
            !failure.to_string().contains(|c: char| c.is_control()),
            "{failure:?}"
        ),
    }
});
