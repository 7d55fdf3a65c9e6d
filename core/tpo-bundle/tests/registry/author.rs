//! Directories as authors have them, with components of the real contract.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tpo_bundle::{
    Access, BundleReference, BundleStore, Credentials, Lock, Mode, PublishOptions, Published,
    Resolved,
};
use tpo_types::Failure;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// A component of one of the contract's worlds. It is well-formed and does nothing; `stamp` makes
/// it another one.
pub(crate) fn component(world: &str, stamp: &str) -> Vec<u8> {
    let mut contract = Resolve::default();
    contract
        .push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"))
        .unwrap();
    let package = contract
        .packages
        .iter()
        .find(|(_, package)| package.worlds.contains_key(world))
        .unwrap()
        .0;
    let world = contract.select_world(&[package], Some(world)).unwrap();
    let mut module = dummy_module(&contract, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8).unwrap();
    let mut bytes = ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap();
    // A custom section: its number, its size, and a name with its length.
    let name = format!("stamp-{stamp}");
    bytes.extend([0, name.len() as u8 + 1, name.len() as u8]);
    bytes.extend(name.bytes());
    bytes
}

/// A directory with a judge.
pub(crate) struct Author {
    pub(crate) directory: TempDir,
}

impl Author {
    pub(crate) fn judge(version: &str) -> Self {
        let author = Self {
            directory: TempDir::new().unwrap(),
        };
        author.write("judge.wasm", &component("judge-plugin", version));
        author.manifest(
            version,
            "[[component]]\nname = \"strict\"\nfile = \"judge.wasm\"\nroles = [\"judge\"]\n",
        );
        author
    }

    /// Two components, of which one asks for a model; a schema and a read-me.
    pub(crate) fn pair(version: &str) -> Self {
        let author = Self {
            directory: TempDir::new().unwrap(),
        };
        author.write("out/judge.wasm", &component("model-judge-plugin", version));
        author.write(
            "out/format.wasm",
            &component("thought-format-plugin", version),
        );
        author.write("judge.schema.json", br#"{"type": "object"}"#);
        author.write("README.md", b"# Two of them\n");
        author.manifest(
            version,
            r#"
[[component]]
name = "asking"
file = "out/judge.wasm"
roles = ["judge"]
config = { model = "judge" }
config-schema = "judge.schema.json"

[[component]]
name = "format"
file = "out/format.wasm"
roles = ["thought-template", "response-parser"]

[[permission]]
import = "tpo:plugin/model"
why = "It asks for a second opinion."
"#,
        );
        author
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn manifest(&self, version: &str, rest: &str) {
        let head = format!(
            "name = \"strict-judge\"\nversion = \"{version}\"\nlicense = \"Apache-2.0\"\nsummary \
                = \"Judges strictly.\"\n\
             contract = \"0.1\"\n\n"
        );
        self.write("tpo-plugin.toml", format!("{head}{rest}").as_bytes());
    }

    pub(crate) fn publish(&self, reference: &str) -> Published {
        tpo_bundle::publish(self.path(), &reference.parse().unwrap(), &anonymous()).unwrap()
    }

    /// Publishes under a tag that is taken.
    pub(crate) fn move_tag(&self, reference: &str) -> Published {
        let options = PublishOptions {
            move_tag: true,
            ..anonymous()
        };
        tpo_bundle::publish(self.path(), &reference.parse().unwrap(), &options).unwrap()
    }
}

pub(crate) fn anonymous() -> PublishOptions {
    PublishOptions {
        access: nobody(),
        ..PublishOptions::default()
    }
}

/// Whoever runs the tests may have credentials; none of them is to be seen here.
pub(crate) fn nobody() -> Access {
    Access {
        credentials: Credentials::Anonymous,
        ..Access::default()
    }
}

/// Somebody who uses plugins: a project with a lock file, and a data directory.
pub(crate) struct User {
    pub(crate) place: TempDir,
    pub(crate) store: BundleStore,
    pub(crate) lock: Lock,
}

impl User {
    pub(crate) fn new() -> Self {
        Self::with(nobody())
    }

    pub(crate) fn with(access: Access) -> Self {
        let place = TempDir::new().unwrap();
        let store = BundleStore::open(&place.path().join("data"))
            .unwrap()
            .with_access(access);
        let lock = Lock::open(&place.path().join("tpo.lock")).unwrap();
        Self { place, store, lock }
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.place.path().join("tpo.lock")
    }

    pub(crate) fn lock_text(&self) -> String {
        fs::read_to_string(self.lock_path()).unwrap()
    }

    /// As the next command finds it.
    pub(crate) fn reopen(&mut self) {
        self.lock.save().unwrap();
        self.lock = Lock::open(&self.lock_path()).unwrap();
    }

    /// The lock file as it is, without what was not saved.
    pub(crate) fn reopen_unsaved(&mut self) {
        self.lock = Lock::open(&self.lock_path()).unwrap();
    }

    pub(crate) fn add(
        &mut self,
        reference: &str,
        grants: &[&str],
        mode: Mode,
    ) -> Result<tpo_bundle::Added, Failure> {
        let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
        tpo_bundle::add(
            &reference.parse()?,
            &grants,
            &mut self.lock,
            &self.store,
            mode,
        )
    }

    pub(crate) fn update(
        &mut self,
        reference: &str,
        accept_signer: bool,
    ) -> Result<tpo_bundle::Updated, Failure> {
        let reference: BundleReference = reference.parse()?;
        tpo_bundle::update(
            &reference,
            &[],
            accept_signer,
            &mut self.lock,
            &self.store,
            Mode::Default,
        )
    }

    pub(crate) fn resolve(&mut self, reference: &str, mode: Mode) -> Result<Resolved, Failure> {
        tpo_bundle::resolve(&reference.parse()?, &mut self.lock, &self.store, mode)
    }

    /// What `verify` says of the only pin.
    pub(crate) fn problems(&self, mode: Mode) -> Vec<String> {
        let verified = tpo_bundle::verify(&self.lock, &self.store, mode);
        verified
            .iter()
            .flat_map(|one| one.problems.iter().map(said))
            .collect()
    }

    /// The names of everything that the store holds, on its way or arrived.
    pub(crate) fn stored(&self) -> Vec<String> {
        let root = self.place.path().join("data/bundles");
        let names = |path: &Path| -> Vec<String> {
            let entries = fs::read_dir(path).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        };
        let mut stored = names(&root.join("sha256"));
        stored.extend(names(&root).into_iter().filter(|name| name != "sha256"));
        stored.sort();
        stored
    }
}

/// A failure with everything that a user sees of it.
pub(crate) fn said(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text + &failure
        .nearest_hint()
        .map(|hint| format!(" [{hint}]"))
        .unwrap_or_default()
}
