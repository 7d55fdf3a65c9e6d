//! Programs from Debian packages, without being root: unpacked once into the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the packages are unpacked.
pub(crate) fn unpacked(packages: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("debian")
        .join(packages[0]);
    fs::create_dir_all(&root).unwrap();
    // Tests run side by side, and so may test programs.
    let guard = File::create(root.join(".lock")).unwrap();
    guard.lock().unwrap();
    let done = root.join(".done");
    if !done.exists() {
        let download = || {
            Command::new("apt-get")
                .arg("download")
                .args(packages)
                .current_dir(&root)
                .status()
        };
        if !download().is_ok_and(|status| status.success()) {
            // A fresh container has no lists of packages. Who is not root has to have them.
            run(Command::new("apt-get").arg("update"));
            run(Command::new("apt-get")
                .arg("download")
                .args(packages)
                .current_dir(&root));
        }
        for entry in fs::read_dir(&root).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root));
                fs::remove_file(path).unwrap();
            }
        }
        File::create(done).unwrap();
    }
    root
}

/// The program, from the system where it is installed.
pub(crate) fn program(name: &str, packages: &[&str]) -> (PathBuf, PathBuf) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(path) = std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
    {
        return (path, PathBuf::from("/"));
    }
    let root = unpacked(packages);
    (root.join("usr/bin").join(name), root)
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {said} (the tests need Debian's packages, see `apt-get update`)"
    );
}
