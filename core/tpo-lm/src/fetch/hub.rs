//! Models from the Hugging Face Hub, in the shared Hugging Face cache.
//!
//! All files of a model come from one commit. Without a network, a complete earlier download is
//! used.

use std::path::{Path, PathBuf};

use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};
use tpo_types::{Failure, FailureKind};

/// Files that a model may have in addition to its weights.
const FILES: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
];

/// `org/name`, at a branch, tag or commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HubReference {
    name: String,
    revision: String,
}

impl HubReference {
    /// Reads `org/name` or `org/name@revision`.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let (name, revision) = text.split_once('@').unwrap_or((text, "main"));
        let is_word = |word: &str| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            !word.is_empty() && word.chars().all(plain) && !word.starts_with('.')
        };
        let named = name
            .split_once('/')
            .is_some_and(|(organization, name)| is_word(organization) && is_word(name));
        if named && revision.split('/').all(is_word) {
            return Ok(Self {
                name: name.to_owned(),
                revision: revision.to_owned(),
            });
        }
        Err(Failure::new(
            FailureKind::Input,
            format!("`hf:{text}` is not a model name"),
        )
        .hint("write `hf:org/name` or `hf:org/name@revision`"))
    }

    fn repo(&self) -> Repo {
        Repo::with_revision(self.name.clone(), RepoType::Model, self.revision.clone())
    }
}

/// The directory of the model that `reference` names.
pub(super) fn fetch(reference: &str, progress: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
    let reference = HubReference::parse(reference)?;
    let api = ApiBuilder::from_env()
        .with_progress(false)
        .build()
        .map_err(|error| unreachable(&reference, error))?;
    fetch_with(&api, &Cache::from_env(), &reference, progress)
}

pub(super) fn fetch_with(
    api: &Api,
    cache: &Cache,
    reference: &HubReference,
    progress: &dyn Fn(&str),
) -> Result<PathBuf, Failure> {
    let cached = cache.repo(reference.repo());
    let info = match api.repo(reference.repo()).info() {
        Ok(info) => info,
        Err(error) => {
            // A revision is recorded in the cache only after all of its files.
            let config = cached
                .get("config.json")
                .ok_or_else(|| unreachable(reference, error))?;
            tracing::warn!(
                model = reference.name,
                "cannot reach the Hub: using the cached model"
            );
            return Ok(directory_of(&config));
        }
    };
    let names = info.siblings.into_iter().map(|sibling| sibling.rfilename);
    let wanted: Vec<String> = names.filter(|name| is_wanted(name)).collect();
    require(&wanted, reference)?;
    let commit = Repo::with_revision(reference.name.clone(), RepoType::Model, info.sha.clone());
    let files = api.repo(commit);
    let mut directory = PathBuf::new();
    for (index, name) in wanted.iter().enumerate() {
        progress(&format!(
            "{}: {name} ({} of {})",
            reference.name,
            index + 1,
            wanted.len()
        ));
        directory = directory_of(
            &files
                .get(name)
                .map_err(|error| unreachable(reference, error))?,
        );
    }
    cached.create_ref(&info.sha).map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            format!("cannot write to `{}`", cache.path().display()),
        )
        .because(error)
        .hint("check free space and permissions, or set `HF_HOME`")
    })?;
    Ok(directory)
}

fn is_wanted(name: &str) -> bool {
    // Some repositories have the same weights again, under other names or in directories.
    FILES.contains(&name)
        || (name.starts_with("model") && name.ends_with(".safetensors") && !name.contains('/'))
}

fn require(wanted: &[String], reference: &HubReference) -> Result<(), Failure> {
    let has = |suffix: &str| wanted.iter().any(|name| name.ends_with(suffix));
    let missing = ["config.json", "tokenizer.json", ".safetensors"]
        .into_iter()
        .find(|suffix| !has(suffix));
    let Some(missing) = missing else {
        return Ok(());
    };
    let what = format!(
        "`hf:{}` has no `{missing}` at revision `{}`",
        reference.name, reference.revision
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("choose a repository with safetensors weights and a `tokenizer.json`"))
}

fn directory_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new(".")).to_owned()
}

fn unreachable(reference: &HubReference, error: ApiError) -> Failure {
    let what = format!(
        "cannot download `hf:{}` at revision `{}`",
        reference.name, reference.revision
    );
    Failure::new(FailureKind::Network, what)
        .because(error)
        .hint(
            "check the name and the network; a gated model needs `hf auth login`; or give the path of a \
         directory",
        )
}
