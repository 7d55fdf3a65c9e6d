//! SHA-256 digests: of bytes, of files, and of several parts as one key.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::text::escape;
use crate::{Failure, FailureKind};

/// A SHA-256 digest, written `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of several parts, each preceded by its length, so that `["ab", "c"]` and
    /// `["a", "bc"]` differ.
    pub fn of_parts<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> Self {
        let mut hasher = Hasher::default();
        for part in parts {
            hasher.update_part(part);
        }
        hasher.finish()
    }

    /// The 64 hex digits without `sha256:`.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first eight bytes as a little-endian number.
    pub fn to_u64(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|byte| self.0[byte]))
    }
}

/// Computes the digest of bytes that arrive in pieces.
#[derive(Debug, Default, Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Appends bytes.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes);
    }

    /// Appends the length of `part` (eight bytes, little-endian) and `part` itself.
    pub fn update_part(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Copies `from` to `to` and appends everything copied. Returns the number of bytes.
    pub fn copy(&mut self, mut from: impl Read, mut to: impl Write) -> io::Result<u64> {
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(bytes);
            }
            self.update(&buffer[..count]);
            to.write_all(&buffer[..count])?;
            bytes += count as u64;
        }
    }

    /// The digest of everything appended.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let digits = text
            .strip_prefix("sha256:")
            .filter(|digits| !digits.contains(|c: char| c.is_ascii_uppercase()));
        let mut bytes = [0; 32];
        match digits.map(|digits| hex::decode_to_slice(digits, &mut bytes)) {
            Some(Ok(())) => Ok(Self(bytes)),
            _ => Err(Failure::new(
                FailureKind::Input,
                format!("`{}` is not a sha256 digest", escape(text)),
            )
            .hint("write `sha256:` and 64 lower-case hex digits")),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_that_of_the_standard() {
        let digest = Digest::of("abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(ABC.parse::<Digest>().expect("a digest"), digest);
        assert!(ABC.to_uppercase().parse::<Digest>().is_err());
        assert_eq!(digest.to_u64(), 0xeacf_018f_bf16_78ba);
    }

    #[test]
    fn a_copy_is_hashed_and_counted() {
        let (mut hasher, mut copy) = (Hasher::default(), Vec::new());
        let bytes = hasher.copy(&b"abc"[..], &mut copy).expect("memory");
        assert_eq!((bytes, copy.as_slice()), (3, &b"abc"[..]));
        assert_eq!(hasher.finish().to_string(), ABC);
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Digest::of_parts(["ab", "c"]), Digest::of_parts(["a", "bc"]));
    }
}
