//! References to published bundles: `oci://host[:port]/repository[:tag][@sha256:...][#component]`.
//!
//! A reference is only a name; the lock file or the registry resolves it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tpo_types::text::escape;
use tpo_types::{Digest, Failure, FailureKind};

use crate::name::Name;

/// Tag of a reference without tag and digest.
const DEFAULT_TAG: &str = "latest";
const SCHEME: &str = "oci://";

/// Reference to a bundle in a registry, or to one of its components.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundleReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
    component: Option<Name>,
}

impl BundleReference {
    /// Whether `text` has the scheme of a reference, well-formed or not.
    pub fn has_scheme(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Host and port, as written.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` if there is neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some(DEFAULT_TAG),
        }
    }

    /// The tag, if one is given.
    pub fn explicit_tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the bundle's OCI manifest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The component of the bundle, if one is given.
    pub fn component(&self) -> Option<&Name> {
        self.component.as_ref()
    }

    /// The same bundle under another tag.
    #[must_use]
    pub fn with_tag(&self, tag: &str) -> Self {
        Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self.clone()
        }
    }

    /// The bundle by digest only.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            component: None,
            ..self.clone()
        }
    }

    /// The same reference with a digest.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// One component of the bundle.
    #[must_use]
    pub fn with_component(&self, component: Name) -> Self {
        Self {
            component: Some(component),
            ..self.clone()
        }
    }

    /// The key of a pin: the bundle by its tag, or by its digest if it has no tag.
    #[must_use]
    pub fn source(&self) -> Self {
        let tag = self.tag().map(str::to_owned);
        let digest = if tag.is_some() { None } else { self.digest };
        Self {
            tag,
            digest,
            component: None,
            ..self.clone()
        }
    }

    /// Registry and repository.
    pub fn full_repository(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What to request from the registry: the digest if there is one, else the tag.
    pub(crate) fn tag_or_digest(&self) -> String {
        match &self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag().unwrap_or(DEFAULT_TAG).to_owned(),
        }
    }
}

impl fmt::Display for BundleReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        if let Some(component) = &self.component {
            write!(f, "#{component}")?;
        }
        Ok(())
    }
}

impl FromStr for BundleReference {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        parse(text).map_err(|why| {
            Failure::new(
                FailureKind::Usage,
                format!(
                    "`{}` is not a reference: \
                {why}",
                    escape(text)
                ),
            )
            .hint(
                "write `oci://host/repository:tag`; `@sha256:...` selects a release and `#name` a \
                 component",
            )
        })
    }
}

impl TryFrom<String> for BundleReference {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl From<BundleReference> for String {
    fn from(reference: BundleReference) -> Self {
        reference.to_string()
    }
}

fn parse(text: &str) -> Result<BundleReference, String> {
    let rest = text
        .strip_prefix(SCHEME)
        .ok_or("it does not start with `oci://`")?;
    let (rest, component) = match rest.split_once('#') {
        Some((rest, name)) => (
            rest,
            Some(
                name.parse::<Name>()
                    .map_err(|failure| failure.to_string())?,
            ),
        ),
        None => (rest, None),
    };
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (
            rest,
            Some(
                digest
                    .parse::<Digest>()
                    .map_err(|failure| failure.to_string())?,
            ),
        ),
        None => (rest, None),
    };
    let (registry, path) = rest
        .split_once('/')
        .ok_or("there is no repository after the host")?;
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    check_registry(registry)?;
    if repository.len() > 255 || !repository.split('/').all(is_path_part) {
        return Err(format!("`{}` is not a repository name", escape(repository)));
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(format!(
            "`{}` is not a tag",
            escape(tag.unwrap_or_default())
        ));
    }
    let tag = tag.map(str::to_owned);
    Ok(BundleReference {
        registry: registry.to_owned(),
        repository: repository.to_owned(),
        tag,
        digest,
        component,
    })
}

fn check_registry(registry: &str) -> Result<(), String> {
    let HostAndPort { host, port } = HostAndPort::of(registry);
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(plain)
            && !label.starts_with('-')
    };
    let is_name = host.len() <= 253 && host.split('.').all(is_label);
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_v6 = inner.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    if !is_name && !is_v6 {
        return Err(format!("`{}` is not a lower-case host name", escape(host)));
    }
    let is_port = |port: &str| {
        let digits = port.chars().all(|c| c.is_ascii_digit()) && !port.starts_with('0');
        digits && port.parse::<u16>().is_ok()
    };
    match port {
        Some(port) if !is_port(port) => Err(format!("`{}` is not a port", escape(port))),
        _ => Ok(()),
    }
}

/// The parts of a registry's name.
pub(crate) struct HostAndPort<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: Option<&'a str>,
}

impl<'a> HostAndPort<'a> {
    /// Colons within brackets belong to the host.
    pub(crate) fn of(registry: &'a str) -> Self {
        let (host, port) = match registry.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (registry, None),
        };
        Self { host, port }
    }
}

/// Lower-case words joined by `.`, `_`, `__` or hyphens, as in the OCI distribution specification.
fn is_path_part(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joined_well = part
        .split(is_word)
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.chars().all(|c| c == '-'));
    part.starts_with(is_word) && part.ends_with(is_word) && joined_well
}

/// Whether the OCI distribution specification allows the tag.
fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

#[cfg(test)]
mod tests;
