//! A bundle before it is published: a directory with `tpo-plugin.toml`, components and a README.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tpo_types::{Digest, Failure, FailureKind};

use crate::artifact::{
    Artifact, ArtifactLayout, BUNDLE, BUNDLE_CONFIG, BUNDLE_MANIFEST, Descriptor, INLINE_MANIFEST,
    MAX_COMPONENT, MAX_README, MAX_SCHEMA, README, SCHEMA, TITLE, WASM, WASM_CONFIG,
};
use crate::bundle::read_schema;
use crate::config::{BundleConfig, WasmConfig};
use crate::manifest::{BundleManifest, FILE_NAME, MAX_BYTES, ManifestComponent};
use crate::manifest_check;
use crate::name::FileName;
use crate::surface::Surface;

const README_FILE: &str = "README.md";

/// A bundle that was read completely and found to be consistent.
#[derive(Debug)]
pub struct Package {
    /// The manifest.
    pub manifest: BundleManifest,
    /// Exports and imports of each component, in the manifest's order.
    pub surfaces: Vec<Surface>,
    text: Vec<u8>,
    components: Vec<Vec<u8>>,
    schemas: BTreeMap<FileName, Vec<u8>>,
    readme: Option<Vec<u8>>,
}

/// An artifact, and the blobs that it refers to.
pub(crate) struct BuiltArtifact {
    pub(crate) artifact: Artifact,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Package {
    /// Reads a directory and checks that its manifest and components agree.
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(FILE_NAME);
        let text = read(&path, MAX_BYTES)?.ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!("there is no `{}`", path.display()),
            )
            .hint("give the directory that contains it; `tpo plugin new` creates one")
        })?;
        let utf8 = String::from_utf8(text.clone()).map_err(|error| {
            Failure::new(
                FailureKind::Input,
                format!("`{}` is not valid UTF-8", path.display()),
            )
            .because(error)
        })?;
        let manifest = BundleManifest::parse(&utf8, &path.display().to_string())?;
        let require = |file: &FileName, max: u64| {
            let path = directory.join(file.as_str());
            read(&path, max)?.ok_or_else(|| {
                Failure::new(
                    FailureKind::Input,
                    format!(
                        "`{FILE_NAME}` names `{file}`, but there is no `{}`",
                        path.display()
                    ),
                )
                .hint("build the component first, or correct the path")
            })
        };
        let (mut components, mut surfaces, mut schemas) = (Vec::new(), Vec::new(), BTreeMap::new());
        for component in &manifest.components {
            let bytes = require(&component.file, MAX_COMPONENT)?;
            surfaces.push(Surface::of(&bytes, &format!("`{}`", component.file))?);
            components.push(bytes);
            if let Some(file) = &component.config_schema {
                let bytes = require(file, MAX_SCHEMA)?;
                check_defaults(component, &read_schema(&bytes, component.name.as_str())?)?;
                schemas.insert(file.clone(), bytes);
            }
        }
        manifest_check::check(&manifest, &surfaces)?;
        let readme = read(&directory.join(README_FILE), MAX_README)?;
        Ok(Self {
            manifest,
            surfaces,
            text,
            components,
            schemas,
            readme,
        })
    }

    /// The artifact, always the same bytes for the same directory.
    pub(crate) fn to_artifact(&self, layout: ArtifactLayout) -> Result<BuiltArtifact, Failure> {
        match layout {
            ArtifactLayout::Bundle => Ok(self.as_bundle()),
            ArtifactLayout::Wasm => self.as_wasm(),
        }
    }

    fn as_bundle(&self) -> BuiltArtifact {
        let digests: Vec<Digest> = self.components.iter().map(Digest::of).collect();
        let config = to_json(&BundleConfig::of(&self.manifest, &digests, &self.surfaces));
        let mut layers = vec![Descriptor::of(BUNDLE_MANIFEST, &self.text, Some(FILE_NAME))];
        let mut blobs = vec![config.clone(), self.text.clone()];
        let files = self
            .manifest
            .components
            .iter()
            .map(|component| &component.file);
        let components = files
            .zip(&self.components)
            .map(|(file, bytes)| (WASM, file.as_str(), bytes));
        let schemas = self
            .schemas
            .iter()
            .map(|(file, bytes)| (SCHEMA, file.as_str(), bytes));
        let readme = self.readme.iter().map(|bytes| (README, README_FILE, bytes));
        for (media_type, title, bytes) in components.chain(schemas).chain(readme) {
            layers.push(Descriptor::of(media_type, bytes, Some(title)));
            blobs.push(bytes.clone());
        }
        let config = Descriptor::of(BUNDLE_CONFIG, &config, None);
        BuiltArtifact {
            artifact: Artifact::new(Some(BUNDLE), config, layers, self.annotations()),
            blobs,
        }
    }

    fn as_wasm(&self) -> Result<BuiltArtifact, Failure> {
        let refuse = |what: &str| {
            let what = format!(
                "`{}` {what}, which the layout of a single component does not support",
                self.manifest.name
            );
            Err(Failure::new(FailureKind::Usage, what).hint("publish it as a bundle"))
        };
        let [bytes] = self.components.as_slice() else {
            return refuse("has several components");
        };
        if !self.schemas.is_empty() {
            return refuse("has a `config-schema`");
        }
        let config = to_json(&WasmConfig::of(Digest::of(bytes), &self.surfaces[0]));
        let layer = Descriptor::of(WASM, bytes, Some(self.manifest.components[0].file.as_str()));
        let mut annotations = self.annotations();
        annotations.insert(
            INLINE_MANIFEST.into(),
            String::from_utf8_lossy(&self.text).into_owned(),
        );
        let artifact = Artifact::new(
            None,
            Descriptor::of(WASM_CONFIG, &config, None),
            vec![layer],
            annotations,
        );
        Ok(BuiltArtifact {
            artifact,
            blobs: vec![config, bytes.clone()],
        })
    }

    /// Annotations that registries show.
    fn annotations(&self) -> BTreeMap<String, String> {
        let BundleManifest {
            name,
            version,
            license,
            summary,
            ..
        } = &self.manifest;
        let shown = [
            (TITLE, name.to_string()),
            ("org.opencontainers.image.version", version.to_string()),
            ("org.opencontainers.image.licenses", license.clone()),
            ("org.opencontainers.image.description", summary.clone()),
        ];
        shown
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    /// Imports of the components that must be granted.
    pub fn capabilities(&self) -> BTreeSet<String> {
        self.surfaces
            .iter()
            .flat_map(Surface::capabilities)
            .collect()
    }
}

/// The content of a file of at most `max` bytes; none if the file does not exist.
fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, Failure> {
    let unreadable = |error| {
        Failure::new(
            FailureKind::Input,
            format!("cannot read `{}`", path.display()),
        )
        .because(error)
    };
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file
            .take(max + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if bytes.len() as u64 > max {
        return Err(Failure::new(
            FailureKind::Input,
            format!("`{}` is larger than {max} bytes", path.display()),
        ));
    }
    Ok(Some(bytes))
}

/// Checks the default configuration against the author's own schema. This happens on the author's
/// machine only: evaluating a foreign schema could take forever, because of its patterns.
fn check_defaults(
    component: &ManifestComponent,
    schema: &serde_json::Value,
) -> Result<(), Failure> {
    let name = &component.name;
    let validator = jsonschema::validator_for(schema).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("the configuration schema of `{name}` is not a valid JSON Schema: {error}"),
        )
    })?;
    let config = serde_json::to_value(&component.config).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("`config` of component `{name}` cannot be converted to JSON"),
        )
        .because(error)
    })?;
    validator.validate(&config).map_err(|error| {
        let what = format!(
            "`config{}` of component `{name}` does not match its schema: {error}",
            error.instance_path()
        );
        Failure::new(FailureKind::Input, what)
            .hint("correct the default in `tpo-plugin.toml`, or the schema")
    })
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    // Strings, lists and numbers always serialize.
    serde_json::to_vec(value).expect("a configuration is JSON")
}
