//! Signing keys: the secret key is stored in a file that only its owner can read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind};

const PUBLIC: &str = "ed25519:";
const SECRET: &str = "tpo-secret-key:ed25519:";

/// A public key, written `ed25519:` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(super) fn verifies(&self, statement: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(statement, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", hex::encode(self.0.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let bytes = decoded(text, PUBLIC);
        let key = bytes
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
            .filter(|key| !key.is_weak());
        key.map(Self).ok_or_else(|| {
            let what = format!("`{}` is not a public key", escape(text));
            Failure::new(FailureKind::Input, what)
                .hint(format!("write `{PUBLIC}` and 64 hex digits"))
        })
    }
}

impl TryFrom<String> for PublicKey {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// A secret key. It is wiped from memory on drop.
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public())
    }
}

impl SecretKey {
    /// Reads the file that [`keygen`] wrote.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Input,
                format!("cannot read the signing key `{shown}`"),
            )
            .because(error)
        })?;
        let bytes = decoded(text.trim_end(), SECRET).ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!("`{shown}` does not contain a signing key"),
            )
            .hint("`tpo plugin keygen` creates one")
        })?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, statement: &[u8]) -> Signature {
        self.0.sign(statement)
    }
}

/// Generates a key and writes it to a new file. On Unix, only its owner can read the file;
/// elsewhere it inherits the permissions of its directory.
pub fn keygen(path: &Path) -> Result<PublicKey, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            "the system provides no random numbers",
        )
        .because(error)
    })?;
    let key = SecretKey(SigningKey::from_bytes(&bytes));
    let written = create(path).and_then(|mut file| {
        writeln!(file, "{SECRET}{}", hex::encode(bytes))?;
        file.sync_all()
    });
    written.map_err(|error| {
        let exists = error.kind() == io::ErrorKind::AlreadyExists;
        let hint = if exists {
            "existing keys are never overwritten: choose another name"
        } else {
            "check the directory and its permissions"
        };
        Failure::new(
            FailureKind::Input,
            format!("cannot write the key `{}`", path.display()),
        )
        .because(error)
        .hint(hint)
    })?;
    Ok(key.public())
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn decoded(text: &str, prefix: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix(prefix)?, &mut bytes).ok()?;
    Some(bytes)
}
