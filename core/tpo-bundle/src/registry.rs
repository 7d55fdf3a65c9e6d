//! A registry's side of the OCI distribution specification: manifests and blobs, in and out.
//!
//! Nothing that a registry says is believed: sizes are bounds that reading stops at, and bytes are
//! what their digest says. What the bytes mean is not known here.
//!
//! It is spoken over a plain HTTP client, because what has to be refused (a manifest without end, a
//! redirect, a size that is not true) has to be seen before it is read, which clients of the
//! specification do not let one do.

mod auth;
mod exchange;
mod transport;

use std::io::{Read, Write};

use tpo_types::digest::Hasher;
use tpo_types::text::escape;
use tpo_types::{Digest, Failure, Kind};

use crate::access::Access;
use crate::artifact::{Descriptor, MANIFEST, MAX_MANIFEST};
use crate::reference::Reference;
use exchange::Exchange;
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
    pub(crate) fn open(reference: &Reference, access: &Access) -> Result<Self, Failure> {
        let transport = Transport::new(reference.registry(), reference.repository(), access)?;
        Ok(Self {
            transport,
            base: format!("/v2/{}", reference.repository()),
        })
    }

    /// The manifest under a tag or digest; none where the registry has none.
    pub(crate) fn manifest(&self, wanted: &str) -> Result<Option<RawManifest>, Failure> {
        let path = format!("{}/manifests/{wanted}", self.base);
        let exchange = Exchange::get(&path).header("accept", MANIFEST);
        let mut response = self.transport.call(&exchange, &[200, 404])?;
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
            return Err(self.fault(Kind::Integrity, &path, &what));
        }
        let claimed = header("docker-content-digest").map(str::to_owned);
        let length = response.body().content_length();
        if length.is_some_and(|length| length > MAX_MANIFEST) {
            return Err(self.fault(
                Kind::Integrity,
                &path,
                &format!("sends more than {MAX_MANIFEST} bytes"),
            ));
        }
        let mut bytes = Vec::new();
        let reader = response.body_mut().as_reader();
        reader
            .take(MAX_MANIFEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.transport.broken(&path, error))?;
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(self.fault(
                Kind::Integrity,
                &path,
                &format!("sends more than {MAX_MANIFEST} bytes"),
            ));
        }
        let digest = Digest::of(&bytes);
        let shown = digest.to_string();
        let asked = wanted.starts_with("sha256:").then(|| wanted.to_owned());
        if let Some(want) = asked.into_iter().chain(claimed).find(|want| *want != shown) {
            let what = format!("sent bytes with the digest {shown}, not {}", escape(&want));
            return Err(self.fault(Kind::Integrity, &path, &what));
        }
        Ok(Some(RawManifest { bytes, digest }))
    }

    /// Writes a blob into `file`, which is worth nothing unless this returns `Ok`: then size and
    /// digest are right.
    pub(crate) fn blob(&self, blob: &Descriptor, file: &mut impl Write) -> Result<(), Failure> {
        let path = format!("{}/blobs/{}", self.base, blob.digest);
        let exchange = Exchange::get(&path).following().sized(blob.size);
        let mut response = self.transport.call(&exchange, &[200])?;
        if let Some(length) = response
            .body()
            .content_length()
            .filter(|length| *length != blob.size)
        {
            let what = format!("sends {length} bytes, not {}", blob.size);
            return Err(self.fault(Kind::Integrity, &path, &what));
        }
        let mut reader = response.body_mut().as_reader().take(blob.size + 1);
        let (mut hasher, mut size, mut buffer) = (Hasher::default(), 0, vec![0; 64 << 10]);
        loop {
            let count = reader
                .read(&mut buffer)
                .map_err(|error| self.transport.broken(&path, error))?;
            if count == 0 {
                break;
            }
            size += count as u64;
            hasher.update(&buffer[..count]);
            file.write_all(&buffer[..count]).map_err(|error| {
                Failure::new(Kind::Resources, "cannot store what is downloaded")
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
            return Err(self.fault(
                Kind::Integrity,
                &path,
                &format!("sent {got} bytes, not {}", blob.size),
            ));
        }
        match hasher.finish() {
            got if got == blob.digest => Ok(()),
            got => Err(self.fault(
                Kind::Integrity,
                &path,
                &format!("sent bytes with the digest {got}"),
            )),
        }
    }

    /// Uploads a blob, unless the registry has it.
    pub(crate) fn push_blob(&self, bytes: &[u8]) -> Result<(), Failure> {
        let digest = Digest::of(bytes);
        let head = Exchange::head(&format!("{}/blobs/{digest}", self.base));
        if self.transport.call(&head, &[200, 404])?.status() == 200 {
            return Ok(());
        }
        let begin = Exchange::post(&format!("{}/blobs/uploads/", self.base));
        let response = self.transport.call(&begin, &[202])?;
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let joint = if location.contains('?') { '&' } else { '?' };
        let target = self
            .transport
            .own(&format!("{location}{joint}digest={digest}"))
            .ok_or_else(|| {
                self.fault(
                    Kind::Network,
                    &begin.path,
                    &format!("wants the upload at `{}`", escape(location)),
                )
            })?;
        self.transport
            .call(
                &Exchange::put(&target, bytes, "application/octet-stream"),
                &[201],
            )
            .map(drop)
    }

    /// Uploads a manifest under a tag. Its blobs must be there.
    pub(crate) fn push_manifest(&self, bytes: &[u8], tag: &str) -> Result<(), Failure> {
        let put = Exchange::put(&format!("{}/manifests/{tag}", self.base), bytes, MANIFEST);
        self.transport.call(&put, &[201]).map(drop)
    }

    fn fault(&self, kind: Kind, path: &str, what: &str) -> Failure {
        self.transport.fault(kind, path, what)
    }
}
