//! A bundle as an OCI artifact: which blobs it has, and what each of them is.
//!
//! Two layouts are understood. In tpo's own, the manifest is a layer beside one layer per
//! component. In the one that the CNCF describes for WebAssembly, and that `wkg` reads, there is
//! exactly one component, and what its author says stands in an annotation. Whatever else a
//! registry holds is refused by its media type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_types::text::escape;
use tpo_types::{Digest, Failure, Kind};

use crate::manifest;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const BUNDLE: &str = "application/vnd.tpo.bundle.v1";
pub(crate) const BUNDLE_CONFIG: &str = "application/vnd.tpo.bundle.config.v1+json";
pub(crate) const BUNDLE_MANIFEST: &str = "application/vnd.tpo.bundle.manifest.v1+toml";
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const WASM: &str = "application/wasm";
pub(crate) const SCHEMA: &str = "application/schema+json";
pub(crate) const README: &str = "text/markdown";
/// Names a layer's file.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";
/// Holds `tpo-plugin.toml` where the layout has no place for it.
pub(crate) const INLINE_MANIFEST: &str = "dev.tpo.plugin.manifest";

/// The largest OCI manifest.
pub(crate) const MAX_MANIFEST: u64 = 256 << 10;
/// The most layers: sixteen components with a schema each, the manifest and the read-me.
const MAX_LAYERS: usize = 34;
/// The largest configuration blob.
const MAX_CONFIG: u64 = 256 << 10;
/// The largest component. Python with its whole runtime takes 18 MiB.
pub(crate) const MAX_COMPONENT: u64 = 32 << 20;
/// The largest JSON Schema of a configuration.
pub(crate) const MAX_SCHEMA: u64 = 256 << 10;
/// The largest read-me.
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

/// What a manifest says of a blob.
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
    /// Describes `bytes`; `title` names their file.
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

/// How an artifact is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// tpo's own: a manifest and any number of components.
    #[default]
    Bundle,
    /// The CNCF's, for one component: what `wkg` and other hosts of components read.
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

    /// Reads an OCI manifest. `subject` stands for it in messages.
    pub(crate) fn parse(bytes: &[u8], subject: &str) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::new(Kind::Integrity, format!("{subject} {what}"));
        let artifact: Self = serde_json::from_slice(bytes)
            .map_err(|error| refuse("has no OCI manifest that can be read").because(error))?;
        if artifact.schema_version != 2
            || !(artifact.media_type == MANIFEST || artifact.media_type.is_empty())
        {
            let media_type = escape(&artifact.media_type);
            return Err(refuse(&format!(
                "has a manifest of the media type `{media_type}`, not `{MANIFEST}`"
            )));
        }
        Ok(artifact)
    }

    /// The bytes that its digest is taken of.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Maps with text keys and numbers: nothing in it can fail to be written.
        serde_json::to_vec(self).expect("a manifest is JSON")
    }

    /// Which layout it has, decided by the configuration's media type.
    pub(crate) fn layout(&self, subject: &str) -> Result<Layout, Failure> {
        let artifact_type = self.kind.as_deref();
        match (self.config.media_type.as_str(), artifact_type) {
            (BUNDLE_CONFIG, Some(BUNDLE)) => Ok(Layout::Bundle),
            // Some tools repeat the configuration's media type here.
            (WASM_CONFIG, None | Some(WASM_CONFIG | WASM)) => Ok(Layout::Wasm),
            (config, artifact_type) => {
                let kind = escape(artifact_type.unwrap_or(config));
                let what = format!(
                    "{subject} is an artifact of the type `{kind}`, neither a bundle nor a \
                        component"
                );
                Err(Failure::new(Kind::Integrity, what).hint(format!(
                    "a bundle is a `{BUNDLE}`, a component has a `{WASM_CONFIG}`"
                )))
            }
        }
    }

    /// Every blob, after its number, media type and size were found to be in order; nothing was
    /// downloaded for that.
    pub(crate) fn blobs(&self, subject: &str) -> Result<Vec<&Descriptor>, Failure> {
        let layout = self.layout(subject)?;
        let refuse = |what: String| Failure::new(Kind::Integrity, format!("{subject} {what}"));
        let count = |media_type: &str| {
            self.layers
                .iter()
                .filter(|layer| layer.media_type == media_type)
                .count()
        };
        if self.layers.len() > MAX_LAYERS {
            return Err(refuse(format!(
                "has {} layers, and may have {MAX_LAYERS}",
                self.layers.len()
            )));
        }
        match layout {
            Layout::Wasm if self.layers.len() != 1 => {
                return Err(refuse(format!(
                    "has {} layers, and a component has one",
                    self.layers.len()
                )));
            }
            Layout::Bundle if count(BUNDLE_MANIFEST) != 1 => {
                let found = count(BUNDLE_MANIFEST);
                return Err(refuse(format!(
                    "has {found} layers with a `{}`, and may have one",
                    manifest::FILE_NAME
                )));
            }
            _ => {}
        }
        if count(README) > 1 {
            return Err(refuse("has more than one read-me".into()));
        }
        let blobs: Vec<&Descriptor> = std::iter::once(&self.config).chain(&self.layers).collect();
        for (index, blob) in blobs.iter().enumerate() {
            let media_type = blob.media_type.as_str();
            let max = match (media_type, layout) {
                // The configuration may stand in its own place only, which `layout` has looked at.
                (BUNDLE_CONFIG | WASM_CONFIG, _) if index == 0 => MAX_CONFIG,
                (WASM, _) => MAX_COMPONENT,
                (BUNDLE_MANIFEST, Layout::Bundle) => manifest::MAX_BYTES,
                (SCHEMA, Layout::Bundle) => MAX_SCHEMA,
                (README, Layout::Bundle) => MAX_README,
                _ => {
                    return Err(refuse(format!(
                        "has a layer of the media type `{}`",
                        escape(media_type)
                    )));
                }
            };
            if blob.size > max {
                return Err(refuse(format!(
                    "has a `{media_type}` of {} bytes, and it may have {max}",
                    blob.size
                )));
            }
        }
        Ok(blobs)
    }
}
