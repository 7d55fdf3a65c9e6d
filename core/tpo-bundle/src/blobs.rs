//! A content-addressed directory of downloaded blobs.
//!
//! A file is named by its digest only after the digest was checked, and it is checked again on
//! every read, so a damaged or modified file is never used. Only this user has access.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tpo_types::{Digest, Failure, FailureKind};

/// Prefix of directories of downloads that are not checked yet.
const INCOMING: &str = "incoming-";
/// Age after which such a directory is removed as abandoned.
const ABANDONED: Duration = Duration::from_hours(24);

/// A directory in which every file is named by the hex digits of its sha256.
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

    /// Reads a blob of `size` bytes and checks its size and digest.
    pub(crate) fn read(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, Failure> {
        let path = self.path(digest);
        let shown = path.display();
        let unreadable = |error: io::Error| {
            let kind = if error.kind() == io::ErrorKind::NotFound {
                FailureKind::Input
            } else {
                FailureKind::Resources
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
                FailureKind::Integrity,
                format!("`{shown}` is damaged: it has {got}, not {want}"),
            )
            .hint("delete the file; it is downloaded again")
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

/// The bundles of a data directory.
#[derive(Debug, Clone)]
pub(crate) struct BundleDirectory {
    root: PathBuf,
    blobs: Blobs,
}

impl BundleDirectory {
    /// Opens `<data directory>/bundles`; creates it if necessary and denies other users access.
    pub(crate) fn open(data_directory: &Path) -> Result<Self, Failure> {
        let root = data_directory.join("bundles");
        let directory = root.join("sha256");
        fs::create_dir_all(&directory)
            .and_then(|()| restrict_access(&root))
            .and_then(|()| restrict_access(&directory))
            .map_err(|error| unwritable(&directory, error))?;
        Ok(Self {
            root,
            blobs: Blobs { directory },
        })
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Removes the directories of killed downloads. A running one was modified recently.
    fn remove_abandoned(&self) -> io::Result<()> {
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

    /// An empty directory on the same file system, for a download that is not checked yet.
    pub(crate) fn stage(&self) -> Result<Staging, Failure> {
        if let Err(error) = self.remove_abandoned() {
            // Another process may be removing them too; what remains only costs disk space.
            tracing::debug!(%error, "cannot remove abandoned downloads");
        }
        let directory = TempDir::with_prefix_in(INCOMING, &self.root)
            .map_err(|error| unwritable(&self.root, error))?;
        let blobs = Blobs {
            directory: directory.path().to_owned(),
        };
        Ok(Staging { directory, blobs })
    }
}

/// Blobs of a download. They are removed on drop unless [kept](Staging::keep).
#[derive(Debug)]
pub(crate) struct Staging {
    directory: TempDir,
    blobs: Blobs,
}

/// An empty file, and where it is.
#[derive(Debug)]
pub(crate) struct DownloadFile {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
}

impl Staging {
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// A file to download into.
    pub(crate) fn file(&self) -> Result<DownloadFile, Failure> {
        let path = self.directory.path().join("download");
        let file = File::create(&path).map_err(|error| unwritable(&path, error))?;
        Ok(DownloadFile { file, path })
    }

    /// Names a downloaded file by its digest, which the caller has checked.
    pub(crate) fn name(&self, path: &Path, digest: &Digest) -> Result<(), Failure> {
        let named = self.blobs.path(digest);
        fs::rename(path, &named).map_err(|error| unwritable(&named, error))
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.blobs.path(&Digest::of(bytes));
        fs::write(&path, bytes).map_err(|error| unwritable(&path, error))
    }

    /// Moves all blobs into `bundles`, `last` at the end: if it is there, so is what it refers to.
    pub(crate) fn keep(&self, bundles: &BundleDirectory, last: &Digest) -> Result<(), Failure> {
        let failed = |error| unwritable(&bundles.blobs.directory, error);
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
            fs::rename(&path, bundles.blobs.directory.join(name)).map_err(failed)?;
        }
        sync_directory(&bundles.blobs.directory).map_err(failed)
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    // Windows cannot open a directory as a file; NTFS journals renames.
    Ok(())
}

#[cfg(unix)]
fn restrict_access(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict_access(_: &Path) -> io::Result<()> {
    // On Windows a directory in the user's profile inherits its access control list.
    Ok(())
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write to `{}`", path.display()),
    )
    .because(error)
    .hint("check free space and permissions, or set `TPO_DATA_DIR`")
}
