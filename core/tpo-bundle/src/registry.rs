//! A client of the OCI distribution specification: downloads and uploads manifests and blobs.
//!
//! Registries are not trusted: reading stops at the declared size, and digests are checked. What
//! the bytes mean is decided elsewhere.
//!
//! It uses a plain HTTP client, because endless manifests, redirects and wrong sizes have to be
//! refused before they are read, which existing clients of the specification do not allow.

mod auth;
mod request;
mod transport;

use std::io::{Read, Write};

use tpo_http::{BodyError, read_body};
use tpo_types::digest::Hasher;
use tpo_types::text::escape;
use tpo_types::{Digest, Failure, FailureKind};

use crate::access::Access;
use crate::artifact::{Descriptor, MANIFEST, MAX_MANIFEST};
use crate::reference::BundleReference;
use request::RegistryRequest;
use transport::Transport;

/// One repository of a registry.
pub(crate) struct Registry {
    transport: Transport,
    /// `/v2/<repository>`.
    base: String,
}

/// The bytes of a manifest.
pub(crate) struct RawManifest {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

impl Registry {
    /// Opens the repository of `reference`. Nothing is sent yet.
    pub(crate) fn open(reference: &BundleReference, access: &Access) -> Result<Self, Failure> {
        let transport = Transport::new(reference.registry(), reference.repository(), access)?;
        Ok(Self {
            transport,
            base: format!("/v2/{}", reference.repository()),
        })
    }

    /// The manifest under a tag or digest, if the registry has one.
    pub(crate) fn manifest(&self, tag_or_digest: &str) -> Result<Option<RawManifest>, Failure> {
        let path = format!("{}/manifests/{tag_or_digest}", self.base);
        let request = RegistryRequest::get(&path).header("accept", MANIFEST);
        let mut response = self.transport.call(&request, &[200, 404])?;
        if response.status() == 404 {
            return Ok(None);
        }
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let media_type = header("content-type").unwrap_or_default().to_owned();
        if media_type.split(';').next().unwrap_or_default().trim() != MANIFEST {
            let what = format!(
                "answered with the media type `{}`, not `{MANIFEST}`",
                escape(&media_type)
            );
            return Err(self.failure(FailureKind::Integrity, &path, &what));
        }
        let claimed = header("docker-content-digest").map(str::to_owned);
        let bytes = read_body(&mut response, MAX_MANIFEST).map_err(|error| match error {
            BodyError::TooLarge { limit } => {
                let what = format!("sends more than {limit} bytes");
                self.failure(FailureKind::Integrity, &path, &what)
            }
            BodyError::Interrupted(error) => self.transport.interrupted(&path, error),
        })?;
        let digest = Digest::of(&bytes);
        let shown = digest.to_string();
        let requested = tag_or_digest
            .starts_with("sha256:")
            .then(|| tag_or_digest.to_owned());
        if let Some(want) = requested
            .into_iter()
            .chain(claimed)
            .find(|want| *want != shown)
        {
            let what = format!("sent bytes with the digest {shown}, not {}", escape(&want));
            return Err(self.failure(FailureKind::Integrity, &path, &what));
        }
        Ok(Some(RawManifest { bytes, digest }))
    }

    /// Writes a blob into `file`. Size and digest are checked at the end, so the file must not be
    /// used if this fails.
    pub(crate) fn blob(&self, blob: &Descriptor, file: &mut impl Write) -> Result<(), Failure> {
        let path = format!("{}/blobs/{}", self.base, blob.digest);
        let request = RegistryRequest::get(&path)
            .allow_redirects()
            .expect_bytes(blob.size);
        let mut response = self.transport.call(&request, &[200])?;
        if let Some(length) = response
            .body()
            .content_length()
            .filter(|length| *length != blob.size)
        {
            let what = format!("sends {length} bytes, not {}", blob.size);
            return Err(self.failure(FailureKind::Integrity, &path, &what));
        }
        let mut reader = response.body_mut().as_reader().take(blob.size + 1);
        let (mut hasher, mut size, mut buffer) = (Hasher::default(), 0, vec![0; 64 << 10]);
        loop {
            let count = reader
                .read(&mut buffer)
                .map_err(|error| self.transport.interrupted(&path, error))?;
            if count == 0 {
                break;
            }
            size += count as u64;
            hasher.update(&buffer[..count]);
            file.write_all(&buffer[..count]).map_err(|error| {
                Failure::new(FailureKind::Resources, "cannot store the download")
                    .because(error)
                    .hint("check free space, or set `TPO_DATA_DIR`")
            })?;
        }
        if size != blob.size {
            let got = if size > blob.size {
                "more".into()
            } else {
                format!("only {size}")
            };
            return Err(self.failure(
                FailureKind::Integrity,
                &path,
                &format!("sent {got} bytes, not {}", blob.size),
            ));
        }
        match hasher.finish() {
            got if got == blob.digest => Ok(()),
            got => Err(self.failure(
                FailureKind::Integrity,
                &path,
                &format!("sent bytes with the digest {got}"),
            )),
        }
    }

    /// Uploads a blob unless the registry already has it.
    pub(crate) fn push_blob(&self, bytes: &[u8]) -> Result<(), Failure> {
        let digest = Digest::of(bytes);
        let head = RegistryRequest::head(&format!("{}/blobs/{digest}", self.base));
        if self.transport.call(&head, &[200, 404])?.status() == 200 {
            return Ok(());
        }
        let begin = RegistryRequest::post(&format!("{}/blobs/uploads/", self.base));
        let response = self.transport.call(&begin, &[202])?;
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let separator = if location.contains('?') { '&' } else { '?' };
        let target = self
            .transport
            .own_path(&format!("{location}{separator}digest={digest}"))
            .ok_or_else(|| {
                self.failure(
                    FailureKind::Network,
                    &begin.path,
                    &format!("redirects the upload to `{}`", escape(location)),
                )
            })?;
        self.transport
            .call(
                &RegistryRequest::put(&target, bytes, "application/octet-stream"),
                &[201],
            )
            .map(drop)
    }

    /// Uploads a manifest under a tag. Its blobs must be uploaded before.
    pub(crate) fn push_manifest(&self, bytes: &[u8], tag: &str) -> Result<(), Failure> {
        let put = RegistryRequest::put(&format!("{}/manifests/{tag}", self.base), bytes, MANIFEST);
        self.transport.call(&put, &[201]).map(drop)
    }

    fn failure(&self, kind: FailureKind, path: &str, what: &str) -> Failure {
        self.transport.failure(kind, path, what)
    }
}
