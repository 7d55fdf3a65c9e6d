//! A downloaded bundle: its parts, and the check that they are consistent.

use std::collections::BTreeSet;

use tpo_types::{Digest, Failure, FailureKind};

use crate::artifact::{
    Artifact, ArtifactLayout, BUNDLE_MANIFEST, Descriptor, INLINE_MANIFEST, SCHEMA, WASM,
};
use crate::blobs::Blobs;
use crate::config::{BundleConfig, WasmConfig};
use crate::manifest::{BundleManifest, FILE_NAME};
use crate::manifest_check;
use crate::name::Name;
use crate::surface::Surface;

/// Name of the component of a bundle without a manifest.
const BARE_NAME: &str = "component";

/// A bundle whose manifest was read.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The digest of the OCI manifest: the bundle's identity.
    pub digest: Digest,
    /// Size of the OCI manifest, in bytes.
    pub size: u64,
    /// None if the bundle is a component that was published without tpo.
    pub manifest: Option<BundleManifest>,
    pub(crate) parts: Vec<BundledComponent>,
    layout: ArtifactLayout,
    config: Descriptor,
}

/// One component of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct BundledComponent {
    pub(crate) name: Name,
    pub(crate) component: Descriptor,
    pub(crate) schema: Option<Descriptor>,
}

impl Bundle {
    /// Reads the manifests, not the components. `subject` names the bundle in messages.
    pub(crate) fn open(
        blobs: &Blobs,
        digest: Digest,
        size: u64,
        subject: &str,
    ) -> Result<Self, Failure> {
        let artifact = Artifact::parse(&blobs.read(&digest, size)?, subject)?;
        artifact.blobs(subject)?;
        let layout = artifact.layout(subject)?;
        let (manifest, parts) = match layout {
            ArtifactLayout::Bundle => bundle_parts(&artifact, blobs, subject)?,
            ArtifactLayout::Wasm => wasm_part(&artifact, subject)?,
        };
        Ok(Self {
            digest,
            size,
            manifest,
            parts,
            layout,
            config: artifact.config,
        })
    }

    /// Checks every digest, and that manifest, components and configuration agree. Returns the
    /// imports and exports of each component.
    pub(crate) fn check(&self, blobs: &Blobs, subject: &str) -> Result<Vec<Surface>, Failure> {
        let mut surfaces = Vec::new();
        for part in &self.parts {
            surfaces.push(part.surface(blobs)?);
            part.config_schema(blobs)?;
        }
        match &self.manifest {
            Some(manifest) => manifest_check::check(manifest, &surfaces).map_err(|failure| {
                Failure::new(FailureKind::Plugin, format!("{subject} is refused")).because(failure)
            })?,
            None => manifest_check::check_bare(&surfaces[0], subject)?,
        }
        self.check_config(
            &blobs.read(&self.config.digest, self.config.size)?,
            &surfaces,
        )
        .map_err(|failure| {
            Failure::new(FailureKind::Integrity, format!("{subject} is inconsistent"))
                .because(failure)
        })?;
        Ok(surfaces)
    }

    fn check_config(&self, bytes: &[u8], surfaces: &[Surface]) -> Result<(), Failure> {
        let digests: Vec<Digest> = self
            .parts
            .iter()
            .map(|part| part.component.digest)
            .collect();
        let refuse = |what: &str| {
            Failure::new(
                FailureKind::Integrity,
                format!("its configuration blob {what}"),
            )
        };
        let unreadable = |error: serde_json::Error| refuse("cannot be parsed").because(error);
        if let (ArtifactLayout::Bundle, Some(manifest)) = (self.layout, &self.manifest) {
            let config: BundleConfig = serde_json::from_slice(bytes).map_err(unreadable)?;
            if config != BundleConfig::of(manifest, &digests, surfaces) {
                return Err(refuse(&format!(
                    "disagrees with `{FILE_NAME}` and the components"
                )));
            }
            return Ok(());
        }
        let config: WasmConfig = serde_json::from_slice(bytes).map_err(unreadable)?;
        if !config.is_of(&digests) {
            return Err(refuse("describes another component"));
        }
        Ok(())
    }

    /// The component named `name`, or the only one.
    pub(crate) fn part(
        &self,
        name: Option<&Name>,
        subject: &str,
    ) -> Result<&BundledComponent, Failure> {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let hint = format!(
            "append `#` and the name of a component to the reference: {}",
            names.join(", ")
        );
        match (name, self.parts.as_slice()) {
            (None, [part]) => Ok(part),
            (None, _) => Err(Failure::new(
                FailureKind::Usage,
                format!("{subject} has several components"),
            )
            .hint(hint)),
            (Some(name), parts) => parts.iter().find(|part| part.name == *name).ok_or_else(|| {
                Failure::new(
                    FailureKind::Usage,
                    format!("{subject} has no component `{name}`"),
                )
                .hint(hint)
            }),
        }
    }
}

impl BundledComponent {
    pub(crate) fn surface(&self, blobs: &Blobs) -> Result<Surface, Failure> {
        let bytes = blobs.read(&self.component.digest, self.component.size)?;
        Surface::of(&bytes, &format!("component `{}`", self.name))
    }

    /// The JSON Schema of its configuration, if the author provided one.
    pub(crate) fn config_schema(
        &self,
        blobs: &Blobs,
    ) -> Result<Option<serde_json::Value>, Failure> {
        let Some(schema) = &self.schema else {
            return Ok(None);
        };
        read_schema(
            &blobs.read(&schema.digest, schema.size)?,
            self.name.as_str(),
        )
        .map(Some)
    }
}

/// Parses a JSON Schema. Only that it is an object is checked.
pub(crate) fn read_schema(bytes: &[u8], component: &str) -> Result<serde_json::Value, Failure> {
    let refuse = |what: &str| {
        Failure::new(
            FailureKind::Plugin,
            format!("the configuration schema of `{component}` {what}"),
        )
    };
    let schema: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| refuse("is not valid JSON").because(error))?;
    if schema.is_object() {
        Ok(schema)
    } else {
        Err(refuse("is not a JSON object"))
    }
}

fn bundle_parts(
    artifact: &Artifact,
    blobs: &Blobs,
    subject: &str,
) -> Result<(Option<BundleManifest>, Vec<BundledComponent>), Failure> {
    let refuse = |what: String| Failure::new(FailureKind::Integrity, format!("{subject} {what}"));
    let layers = |media_type: &'static str| {
        artifact
            .layers
            .iter()
            .filter(move |layer| layer.media_type == media_type)
    };
    let text = layers(BUNDLE_MANIFEST)
        .next()
        .ok_or_else(|| refuse(format!("has no `{FILE_NAME}`")))?;
    let text = utf8(blobs.read(&text.digest, text.size)?, subject)?;
    let manifest = BundleManifest::parse(&text, &format!("`{FILE_NAME}` of {subject}"))?;
    let find = |media_type: &str, file: &str| {
        let mut found = artifact
            .layers
            .iter()
            .filter(|layer| layer.media_type == media_type && layer.title() == Some(file));
        match (found.next(), found.next()) {
            (Some(layer), None) => Ok(layer.clone()),
            (None, _) => Err(refuse(format!("has no layer for `{file}`"))),
            (Some(_), Some(_)) => Err(refuse(format!("has two layers for `{file}`"))),
        }
    };
    let mut parts = Vec::new();
    for component in &manifest.components {
        let schema = component
            .config_schema
            .as_ref()
            .map(|file| find(SCHEMA, file.as_str()))
            .transpose()?;
        let layer = find(WASM, component.file.as_str())?;
        parts.push(BundledComponent {
            name: component.name.clone(),
            component: layer,
            schema,
        });
    }
    let schemas: BTreeSet<_> = manifest
        .components
        .iter()
        .filter_map(|component| component.config_schema.as_ref())
        .collect();
    if layers(WASM).count() != parts.len() || layers(SCHEMA).count() != schemas.len() {
        return Err(refuse(format!(
            "has layers that its `{FILE_NAME}` does not name"
        )));
    }
    Ok((Some(manifest), parts))
}

fn wasm_part(
    artifact: &Artifact,
    subject: &str,
) -> Result<(Option<BundleManifest>, Vec<BundledComponent>), Failure> {
    let component = artifact.layers[0].clone();
    let Some(text) = artifact.annotations.get(INLINE_MANIFEST) else {
        return Ok((
            None,
            vec![BundledComponent {
                name: BARE_NAME.parse()?,
                component,
                schema: None,
            }],
        ));
    };
    let manifest = BundleManifest::parse(text, &format!("`{FILE_NAME}` of {subject}"))?;
    match manifest.components.as_slice() {
        [only] if only.config_schema.is_none() => {
            let name = only.name.clone();
            Ok((
                Some(manifest),
                vec![BundledComponent {
                    name,
                    component,
                    schema: None,
                }],
            ))
        }
        _ => {
            let what =
                format!("{subject} is a single component, but its `{FILE_NAME}` names more files");
            Err(Failure::new(FailureKind::Integrity, what))
        }
    }
}

fn utf8(bytes: Vec<u8>, subject: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(
            FailureKind::Integrity,
            format!("`{FILE_NAME}` of {subject} is not valid UTF-8"),
        )
        .because(error)
    })
}
