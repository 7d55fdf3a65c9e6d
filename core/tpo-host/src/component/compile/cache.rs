//! Compiled components on disk, by the sha256 of the component and everything that the code depends
//! on.
//!
//! Loading compiled code is trusting it like a program: this is the host's one unsafe call beside
//! native plugins. It is sound because the directory belongs to this user alone. A file's checksum
//! is compared first, so that a damaged one is compiled again. A digest would not be safer, because
//! anyone who can write here could write that too, and forty megabytes of Python would take longer
//! to digest than to load.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::os;
use crate::source::Source;

/// A directory of code for one engine.
pub(crate) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// The part of the directory that holds code for this engine: its version, its settings and
    /// this kind of CPU.
    pub(crate) fn open(root: &Path, engine: &Engine) -> Result<Self, Failure> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let directory = root.join(format!("{:016x}", hasher.finish()));
        let cannot = |what: &str| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot keep compiled plugins in `{}`{what}", root.display()),
            )
            .hint(
                "set the environment variable `TPO_CACHE_DIR` to a directory that only you \
                    can write",
            )
        };
        os::create_private_directory(&directory).map_err(|error| cannot("").because(error))?;
        for path in [root, &directory] {
            if os::others_can_write(path).map_err(|error| cannot("").because(error))? {
                return Err(cannot(
                    ": others can write there, and compiled code is trusted",
                ));
            }
        }
        Ok(Self { directory })
    }

    /// The code of a component, if it is there and undamaged.
    pub(crate) fn load(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let (code, sum) = self.paths(sha256);
        let expected = fs::read_to_string(sum).ok()?;
        if checksum(File::open(&code).ok()?).ok()? != expected {
            tracing::warn!(
                "the compiled plugin `{}` is damaged; compiling it again",
                code.display()
            );
            return None;
        }
        #[allow(
            unsafe_code,
            reason = "this directory is ours alone, and the file is what we wrote"
        )]
        let component = unsafe { Component::deserialize_file(engine, &code) };
        component
            .inspect_err(|error| tracing::warn!("compiled plugin `{}`: {error}", code.display()))
            .ok()
    }

    /// Keeps the code of a component. If two processes keep the same, it does not matter which is
    /// last.
    pub(crate) fn keep(&self, sha256: &str, code: &[u8]) -> Result<(), Failure> {
        let (path, sum) = self.paths(sha256);
        let write = |path: &Path, bytes: &[u8]| {
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        };
        let kept = write(&path, code).and_then(|_| write(&sum, checksum(code)?.as_bytes()));
        kept.map(drop).map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write the compiled plugin `{}`", path.display()),
            )
            .because(error)
        })
    }

    /// The code that has just been kept cannot be loaded.
    pub(crate) fn unreadable(&self, source: &Source) -> Failure {
        let (path, _) = self.paths(&source.sha256);
        Failure::new(
            FailureKind::Resources,
            format!(
                "cannot load the code of `{}` from `{}`",
                source.name,
                path.display()
            ),
        )
    }

    fn paths(&self, sha256: &str) -> (PathBuf, PathBuf) {
        (
            self.directory.join(format!("{sha256}.cwasm")),
            self.directory.join(format!("{sha256}.crc32")),
        )
    }
}

/// The CRC-32 of everything there is to read, in hex. It is read in pieces: a copy of the whole in
/// memory costs more.
fn checksum(mut from: impl Read) -> io::Result<String> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; 256 << 10];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(format!("{:08x}", hasher.finalize())),
            read => hasher.update(&piece[..read]),
        }
    }
}
