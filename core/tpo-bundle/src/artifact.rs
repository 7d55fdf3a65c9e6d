//! A bundle as an OCI artifact: its blobs and their media types.
//!
//! Two layouts are supported. In tpo's own, the manifest is a layer next to one layer per
//! component. In the CNCF's layout for WebAssembly, which `wkg` reads, there is exactly one
//! component, and its manifest is an annotation. Artifacts of other media types are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_types::text::escape;
use tpo_types::{Digest, Failure, FailureKind};

use crate::manifest;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const BUNDLE: &str = "application/vnd.tpo.bundle.v1";
pub(crate) const BUNDLE_CONFIG: &str = "application/vnd.tpo.bundle.config.v1+json";
pub(crate) const BUNDLE_MANIFEST: &str = "application/vnd.tpo.bundle.manifest.v1+toml";
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const WASM: &str = "application/wasm";
pub(crate) const SCHEMA: &str = "application/schema+json";
pub(crate) const README: &str = "text/markdown";
/// The annotation with the name of a layer's file.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";
/// The annotation with `tpo-plugin.toml` in the CNCF's layout.
pub(crate) const INLINE_MANIFEST: &str = "dev.tpo.plugin.manifest";

/// The largest OCI manifest.
pub(crate) const MAX_MANIFEST: u64 = 256 << 10;
/// The most layers: sixteen components with a schema each, the manifest and the README.
const MAX_LAYERS: usize = 34;
/// The largest configuration blob.
const MAX_CONFIG: u64 = 256 << 10;
/// The largest component. One with the whole Python runtime has 18 MiB.
pub(crate) const MAX_COMPONENT: u64 = 32 << 20;
/// The largest JSON Schema of a configuration.
pub(crate) const MAX_SCHEMA: u64 = 256 << 10;
/// The largest README.
pub(crate) const MAX_README: u64 = 1 << 20;

/// An OCI manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Artifact {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    #[serde(
        rename = "artifactType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A blob, as described in a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    /// In bytes.
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Describes `bytes`; `title` is the name of their file.
    pub(crate) fn of(media_type: &str, bytes: &[u8], title: Option<&str>) -> Self {
        let annotations = title
            .map(|title| (TITLE.to_owned(), title.to_owned()))
            .into_iter()
            .collect();
        let (media_type, size) = (media_type.to_owned(), bytes.len() as u64);
        Self {
            media_type,
            digest: Digest::of(bytes),
            size,
            annotations,
        }
    }

    pub(crate) fn title(&self) -> Option<&str> {
        self.annotations.get(TITLE).map(String::as_str)
    }
}

/// The layout of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArtifactLayout {
    /// tpo's own: a manifest and any number of components.
    #[default]
    Bundle,
    /// The CNCF's, for one component: readable by `wkg` and other component hosts.
    Wasm,
}

impl Artifact {
    pub(crate) fn new(
        artifact_type: Option<&str>,
        config: Descriptor,
        layers: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        let kind = artifact_type.map(str::to_owned);
        Self {
            schema_version: 2,
            media_type: MANIFEST.into(),
            kind,
            config,
            layers,
            annotations,
        }
    }

    /// Reads an OCI manifest. `subject` names it in messages.
    pub(crate) fn parse(bytes: &[u8], subject: &str) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::new(FailureKind::Integrity, format!("{subject} {what}"));
        let artifact: Self = serde_json::from_slice(bytes)
            .map_err(|error| refuse("has an invalid OCI manifest").because(error))?;
        if artifact.schema_version != 2
            || !(artifact.media_type == MANIFEST || artifact.media_type.is_empty())
        {
            let media_type = escape(&artifact.media_type);
            return Err(refuse(&format!(
                "has a manifest of media type `{media_type}`, not `{MANIFEST}`"
            )));
        }
        Ok(artifact)
    }

    /// The serialized manifest, of which the digest is taken.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps always serialize.
        serde_json::to_vec(self).expect("a manifest is JSON")
    }

    /// The layout, determined by the media type of the configuration.
    pub(crate) fn layout(&self, subject: &str) -> Result<ArtifactLayout, Failure> {
        let artifact_type = self.kind.as_deref();
        match (self.config.media_type.as_str(), artifact_type) {
            (BUNDLE_CONFIG, Some(BUNDLE)) => Ok(ArtifactLayout::Bundle),
            // Some tools repeat the media type of the configuration here.
            (WASM_CONFIG, None | Some(WASM_CONFIG | WASM)) => Ok(ArtifactLayout::Wasm),
            (config, artifact_type) => {
                let kind = escape(artifact_type.unwrap_or(config));
                let what = format!(
                    "{subject} is an artifact of type `{kind}`, neither a bundle nor a component"
                );
                Err(Failure::new(FailureKind::Integrity, what).hint(format!(
                    "the artifact type of a bundle is `{BUNDLE}`; a component has a \
                     `{WASM_CONFIG}`"
                )))
            }
        }
    }

    /// All blobs, after checking their number, media types and declared sizes.
    pub(crate) fn blobs(&self, subject: &str) -> Result<Vec<&Descriptor>, Failure> {
        let layout = self.layout(subject)?;
        let refuse =
            |what: String| Failure::new(FailureKind::Integrity, format!("{subject} {what}"));
        let count = |media_type: &str| {
            self.layers
                .iter()
                .filter(|layer| layer.media_type == media_type)
                .count()
        };
        if self.layers.len() > MAX_LAYERS {
            return Err(refuse(format!(
                "has {} layers; at most {MAX_LAYERS} are allowed",
                self.layers.len()
            )));
        }
        match layout {
            ArtifactLayout::Wasm if self.layers.len() != 1 => {
                return Err(refuse(format!(
                    "has {} layers; a single component has one",
                    self.layers.len()
                )));
            }
            ArtifactLayout::Bundle if count(BUNDLE_MANIFEST) != 1 => {
                let found = count(BUNDLE_MANIFEST);
                return Err(refuse(format!(
                    "has {found} layers with a `{}` instead of one",
                    manifest::FILE_NAME
                )));
            }
            _ => {}
        }
        if count(README) > 1 {
            return Err(refuse("has more than one README".into()));
        }
        let blobs: Vec<&Descriptor> = std::iter::once(&self.config).chain(&self.layers).collect();
        for (index, blob) in blobs.iter().enumerate() {
            let media_type = blob.media_type.as_str();
            let max = match (media_type, layout) {
                // Only the first blob is the configuration; `layout` has checked its type.
                (BUNDLE_CONFIG | WASM_CONFIG, _) if index == 0 => MAX_CONFIG,
                (WASM, _) => MAX_COMPONENT,
                (BUNDLE_MANIFEST, ArtifactLayout::Bundle) => manifest::MAX_BYTES,
                (SCHEMA, ArtifactLayout::Bundle) => MAX_SCHEMA,
                (README, ArtifactLayout::Bundle) => MAX_README,
                _ => {
                    return Err(refuse(format!(
                        "has a layer of the unsupported media type `{}`",
                        escape(media_type)
                    )));
                }
            };
            if blob.size > max {
                return Err(refuse(format!(
                    "has a `{media_type}` of {} bytes; at most {max} are allowed",
                    blob.size
                )));
            }
        }
        Ok(blobs)
    }
}
