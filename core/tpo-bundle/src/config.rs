//! The OCI configuration blobs, which describe an artifact to registries and other tools.
//!
//! They repeat information from the manifest and the components. When a bundle is read they must
//! agree with it; nothing else is taken from them.

use semver::Version;
use serde::{Deserialize, Serialize};
use tpo_types::Digest;

use crate::manifest::{BundleManifest, ContractVersion};
use crate::name::Name;
use crate::surface::Surface;

/// The configuration of a bundle.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BundleConfig {
    name: Name,
    version: Version,
    contract: ContractVersion,
    components: Vec<ComponentConfig>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ComponentConfig {
    name: Name,
    digest: Digest,
    exports: Vec<String>,
    imports: Vec<String>,
}

impl BundleConfig {
    /// The configuration that a bundle must have; digests and surfaces in the manifest's order.
    pub(crate) fn of(manifest: &BundleManifest, digests: &[Digest], surfaces: &[Surface]) -> Self {
        let parts = manifest.components.iter().zip(digests).zip(surfaces);
        let components = parts.map(|((component, digest), surface)| ComponentConfig {
            name: component.name.clone(),
            digest: *digest,
            exports: surface.exports.clone(),
            imports: surface.imports.clone(),
        });
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            contract: manifest.contract,
            components: components.collect(),
        }
    }
}

/// The configuration of a single component, as the CNCF describes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WasmConfig {
    created: String,
    architecture: String,
    os: String,
    layer_digests: Vec<String>,
    #[serde(default)]
    component: Option<WasmWorld>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WasmWorld {
    exports: Vec<String>,
    imports: Vec<String>,
    target: Option<String>,
}

impl WasmConfig {
    pub(crate) fn of(digest: Digest, surface: &Surface) -> Self {
        let world = WasmWorld {
            exports: surface.exports.clone(),
            imports: surface.imports.clone(),
            target: None,
        };
        Self {
            // Constant, so that publishing the same component twice gives the same artifact.
            created: "1970-01-01T00:00:00Z".into(),
            architecture: "wasm".into(),
            os: "wasip2".into(),
            layer_digests: vec![digest.to_string()],
            component: Some(world),
        }
    }

    /// Whether it describes an artifact with these layers.
    pub(crate) fn is_of(&self, digests: &[Digest]) -> bool {
        let layers: Vec<String> = digests.iter().map(ToString::to_string).collect();
        self.architecture == "wasm" && self.layer_digests == layers
    }
}
