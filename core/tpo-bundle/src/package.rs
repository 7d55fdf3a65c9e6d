//! A bundle as its author has it: a folder with `tpo-plugin.toml`, the components, and perhaps a
//! read-me.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tpo_types::{Digest, Failure, Kind};

use crate::agreement;
use crate::artifact::{
    Artifact, BUNDLE, BUNDLE_CONFIG, BUNDLE_MANIFEST, Descriptor, INLINE_MANIFEST, Layout,
    MAX_COMPONENT, MAX_README, MAX_SCHEMA, README, SCHEMA, TITLE, WASM, WASM_CONFIG,
};
use crate::bundle::read_schema;
use crate::config::{BundleConfig, WasmConfig};
use crate::manifest::{Component, FILE_NAME, MAX_BYTES, Manifest};
use crate::name::FileName;
use crate::surface::Surface;

const README_FILE: &str = "README.md";

/// A bundle that can be published: read whole, and found to be consistent.
#[derive(Debug)]
pub struct Package {
    /// What the author says.
    pub manifest: Manifest,
    /// What each component exports and imports, in the manifest's order.
    pub surfaces: Vec<Surface>,
    text: Vec<u8>,
    components: Vec<Vec<u8>>,
    schemas: BTreeMap<FileName, Vec<u8>>,
    readme: Option<Vec<u8>>,
}

impl Package {
    /// Reads the folder and checks that manifest and components agree.
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(FILE_NAME);
        let text = read(&path, MAX_BYTES)?.ok_or_else(|| {
            Failure::new(Kind::Input, format!("there is no `{}`", path.display()))
                .hint("name the folder that holds it; `tpo plugin new` writes one")
        })?;
        let utf8 = String::from_utf8(text.clone()).map_err(|error| {
            Failure::new(Kind::Input, format!("`{}` is no text", path.display())).because(error)
        })?;
        let manifest = Manifest::parse(&utf8, &path.display().to_string())?;
        let must = |file: &FileName, max: u64| {
            let path = directory.join(file.as_str());
            read(&path, max)?.ok_or_else(|| {
                Failure::new(
                    Kind::Input,
                    format!(
                        "`{FILE_NAME}` names `{file}`, and there is no `{}`",
                        path.display()
                    ),
                )
                .hint("build the component first, or correct the name")
            })
        };
        let (mut components, mut surfaces, mut schemas) = (Vec::new(), Vec::new(), BTreeMap::new());
        for component in &manifest.components {
            let bytes = must(&component.file, MAX_COMPONENT)?;
            surfaces.push(Surface::of(&bytes, &format!("`{}`", component.file))?);
            components.push(bytes);
            if let Some(file) = &component.config_schema {
                let bytes = must(file, MAX_SCHEMA)?;
                check_defaults(component, &read_schema(&bytes, component.name.as_str())?)?;
                schemas.insert(file.clone(), bytes);
            }
        }
        agreement::check(&manifest, &surfaces)?;
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

    /// The artifact and its blobs. The same folder always gives the same bytes.
    pub(crate) fn lay_out(&self, layout: Layout) -> Result<(Artifact, Vec<Vec<u8>>), Failure> {
        match layout {
            Layout::Bundle => Ok(self.as_bundle()),
            Layout::Wasm => self.as_wasm(),
        }
    }

    fn as_bundle(&self) -> (Artifact, Vec<Vec<u8>>) {
        let digests: Vec<Digest> = self
            .components
            .iter()
            .map(|bytes| Digest::of(bytes))
            .collect();
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
        (
            Artifact::new(Some(BUNDLE), config, layers, self.annotations()),
            blobs,
        )
    }

    fn as_wasm(&self) -> Result<(Artifact, Vec<Vec<u8>>), Failure> {
        let refuse = |what: &str| {
            let what = format!(
                "`{}` {what}, and the layout of a single component has no place for that",
                self.manifest.name
            );
            Err(Failure::new(Kind::Usage, what).hint("publish it as a bundle"))
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
        Ok((artifact, vec![config, bytes.clone()]))
    }

    /// What a registry's page shows.
    fn annotations(&self) -> BTreeMap<String, String> {
        let Manifest {
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

    /// What the components ask for beyond what every plugin gets.
    pub fn capabilities(&self) -> BTreeSet<String> {
        self.surfaces
            .iter()
            .flat_map(Surface::capabilities)
            .collect()
    }
}

/// The bytes of a file of at most `max` bytes; none if there is no such file.
fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, Failure> {
    let unreadable = |error| {
        Failure::new(Kind::Input, format!("cannot read `{}`", path.display())).because(error)
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
            Kind::Input,
            format!("`{}` is larger than {max} bytes", path.display()),
        ));
    }
    Ok(Some(bytes))
}

/// An author's default configuration is one that the author's schema allows. This is looked at
/// where it is written; a stranger's schema is never run, because patterns in it could run for
/// ever.
fn check_defaults(component: &Component, schema: &serde_json::Value) -> Result<(), Failure> {
    let name = &component.name;
    let validator = jsonschema::validator_for(schema).map_err(|error| {
        Failure::new(
            Kind::Input,
            format!("the configuration schema of `{name}` is no JSON Schema: {error}"),
        )
    })?;
    let config = serde_json::to_value(&component.config).map_err(|error| {
        Failure::new(
            Kind::Input,
            format!("`config` of component `{name}` is no JSON"),
        )
        .because(error)
    })?;
    validator.validate(&config).map_err(|error| {
        let what = format!(
            "`config{}` of component `{name}` is not what its schema allows: {error}",
            error.instance_path()
        );
        Failure::new(Kind::Input, what)
            .hint("correct the default in `tpo-plugin.toml`, or the schema")
    })
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    // Texts, lists and numbers: nothing that JSON could not hold.
    serde_json::to_vec(value).expect("a configuration is JSON")
}
