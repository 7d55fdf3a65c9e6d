//! What the tests share: the built binary, fixtures, a place to work in.
//!
//! The tests see `tpo` as a user does: commands, files and exit codes.

mod opinionated;
pub mod scripted_server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub use opinionated::{opinionated, opinionated_about};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the tests stand in the repository")
}

/// A file or directory under `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// The `tpo` binary of this checkout.
///
/// Cargo names a binary only to tests of its own package. `tpo-cli` has such a test, so `cargo
/// test` builds the binary before any test runs, and it stands beside the directory of the test
/// executables.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let path = test
        .parent()
        .and_then(Path::parent)
        .expect("a target directory")
        .join("tpo")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is not built; run `cargo test --release` for the whole workspace",
        path.display()
    );
    path
}

/// Builds a plugin in Rust that is not a member of the workspace; gives the directory of its
/// component.
pub fn build_guest(project: &Path) -> PathBuf {
    // One directory for all of them: they share their dependencies.
    let target = root().join("target/guests-of-tests");
    let built = Command::new("cargo")
        .args(["build", "--release", "--target", "wasm32-wasip2"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    target.join("wasm32-wasip2/release")
}

/// A directory to run `tpo` in.
#[derive(Debug)]
pub struct Workplace {
    directory: TempDir,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Workplace {
    /// An empty directory.
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the directory")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }

    /// A command line of `tpo`, to be run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100");
        command
    }

    /// Runs `tpo` here.
    pub fn tpo(&self, arguments: &[&str]) -> Ended {
        self.ended(&self.command(arguments).output().expect("tpo starts"))
    }

    /// Runs `tpo` here and expects success.
    pub fn succeeds(&self, arguments: &[&str]) -> Ended {
        let ended = self.tpo(arguments);
        assert_eq!(ended.code, 0, "tpo {arguments:?} failed:\n{}", ended.stderr);
        ended
    }

    /// Runs `tpo` here, expects it to fail, and gives its exit code and talk for a snapshot.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        let ended = self.tpo(arguments);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "a refusal prints no data");
        format!("exit {}\n{}", ended.code, ended.stderr.trim_end())
    }

    /// What a command printed. Paths of this machine are replaced, so that what is left can be a
    /// snapshot.
    pub fn ended(&self, output: &Output) -> Ended {
        let here = self.directory.path().canonicalize().expect("it exists");
        let repository = root();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes)
                .replace(&here.display().to_string(), "[here]")
                .replace(&repository.display().to_string(), "[repository]");
            without_digests(&text)
        };
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// Shortened digests are those of a build, not of the sources.
fn without_digests(text: &str) -> String {
    let mut parts = text.split("sha256 ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, after| {
        let digits = after.chars().take_while(char::is_ascii_hexdigit).count();
        let shown = if digits >= 12 {
            "[digest]"
        } else {
            &after[..digits]
        };
        format!("{before}sha256 {shown}{}", &after[digits..])
    })
}

impl Default for Workplace {
    fn default() -> Self {
        Self::new()
    }
}
