//! A directory of bytes by their digest: what was downloaded and matched, and nothing else.
//!
//! A file gets its name only after its bytes were found to have it, and every read takes the digest
//! again, so a file that rots or is written to is noticed, not used. The directory belongs to this
//! user alone.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tpo_types::{Digest, Failure, Kind};

/// How directories begin that hold what is not yet known to be good.
const INCOMING: &str = "incoming-";
/// Age after which nobody is working on such a directory any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// A directory in which every file is named after the hex digits of its sha256.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    directory: PathBuf,
}

impl Blobs {
    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(digest.hex())
    }

    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// The bytes of a blob, of `size` bytes, checked.
    pub(crate) fn read(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, Failure> {
        let path = self.path(digest);
        let shown = path.display();
        let unreadable = |error: io::Error| {
            let kind = if error.kind() == io::ErrorKind::NotFound {
                Kind::Input
            } else {
                Kind::Resources
            };
            Failure::new(kind, format!("cannot read `{shown}`")).because(error)
        };
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(unreadable)?;
        file.take(size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let damaged = |got: String, want: String| {
            Failure::new(
                Kind::Integrity,
                format!("`{shown}` is damaged: it has {got}, not {want}"),
            )
            .hint("delete the file; with a network it is fetched again")
        };
        if bytes.len() as u64 != size {
            let got = if bytes.len() as u64 > size {
                "more bytes".into()
            } else {
                format!("{} bytes", bytes.len())
            };
            return Err(damaged(got, format!("{size}")));
        }
        match Digest::of(&bytes) {
            got if got == *digest => Ok(bytes),
            got => Err(damaged(format!("the digest {got}"), digest.to_string())),
        }
    }
}

/// Where the bundles of a data directory are kept.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    root: PathBuf,
    blobs: Blobs,
}

impl Shelf {
    /// `<data directory>/bundles`, made if it is not there, and closed to other users.
    pub(crate) fn open(data_directory: &Path) -> Result<Self, Failure> {
        let root = data_directory.join("bundles");
        let directory = root.join("sha256");
        fs::create_dir_all(&directory)
            .and_then(|()| close(&root))
            .and_then(|()| close(&directory))
            .map_err(|error| unwritable(&directory, error))?;
        Ok(Self {
            root,
            blobs: Blobs { directory },
        })
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Removes what downloads left behind that were killed. One that goes on has been written to
    /// lately.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let is_download = entry.file_name().to_string_lossy().starts_with(INCOMING);
            let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
            if is_download && age > ABANDONED {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// An empty directory on the same file system, for what is not yet known to be good.
    pub(crate) fn stage(&self) -> Result<Staging, Failure> {
        if let Err(error) = self.sweep() {
            // Another process may be sweeping too; what is left over costs space only.
            tracing::debug!(%error, "abandoned downloads are not removed");
        }
        let directory = TempDir::with_prefix_in(INCOMING, &self.root)
            .map_err(|error| unwritable(&self.root, error))?;
        let blobs = Blobs {
            directory: directory.path().to_owned(),
        };
        Ok(Staging { directory, blobs })
    }
}

/// Blobs on their way in. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Staging {
    directory: TempDir,
    blobs: Blobs,
}

impl Staging {
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// A file to download into. Nobody finds it under this name.
    pub(crate) fn file(&self) -> Result<(File, PathBuf), Failure> {
        let path = self.directory.path().join("download");
        let file = File::create(&path).map_err(|error| unwritable(&path, error))?;
        Ok((file, path))
    }

    /// Gives a downloaded file its name, after its bytes were found to match.
    pub(crate) fn name(&self, path: &Path, digest: &Digest) -> Result<(), Failure> {
        let named = self.blobs.path(digest);
        fs::rename(path, &named).map_err(|error| unwritable(&named, error))
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.blobs.path(&Digest::of(bytes));
        fs::write(&path, bytes).map_err(|error| unwritable(&path, error))
    }

    /// Moves everything onto the shelf, `last` at the end: what it names is there when it is.
    pub(crate) fn keep(&self, shelf: &Shelf, last: &Digest) -> Result<(), Failure> {
        let failed = |error| unwritable(&shelf.blobs.directory, error);
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(self.directory.path()).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        let last = self.blobs.path(last);
        paths.sort_by_key(|path| *path == last);
        for path in paths {
            let file = File::open(&path).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            let name = path.file_name().unwrap_or_default();
            fs::rename(&path, shelf.blobs.directory.join(name)).map_err(failed)?;
        }
        File::open(&shelf.blobs.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    }
}

#[cfg(unix)]
fn close(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close(_: &Path) -> io::Result<()> {
    // Elsewhere a directory inherits who may write from the user's own.
    Ok(())
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::new(
        Kind::Resources,
        format!("cannot write to `{}`", path.display()),
    )
    .because(error)
    .hint("check free space and permissions, or set `TPO_DATA_DIR`")
}
