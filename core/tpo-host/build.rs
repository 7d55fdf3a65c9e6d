//! Builds the components that ship inside the binary from the plugins of this workspace.
//!
//! It runs the same cargo with a target directory of its own, since the outer cargo holds the lock
//! of the usual one. The bytes depend on the sources and the compiler only, not on where they lie:
//! their sha256 names the plugin in every run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

const PACKAGES: [&str; 16] = [
    "all-pairs",
    "alpaca-eval",
    "arena-hard",
    "armo",
    "best-worst",
    "choice",
    "exact",
    "llm-rubric",
    "margin",
    "math",
    "overlap",
    "reward-model",
    "rules",
    "self-taught",
    "thought-length",
    "thought-markers",
];
const TARGET: &str = "wasm32-wasip2";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let workspace = path("CARGO_MANIFEST_DIR")?.join("../..");
    let workspace = workspace
        .canonicalize()
        .map_err(|error| format!("{}: {error}", workspace.display()))?;
    for source in ["Cargo.toml", "Cargo.lock", "wit", "plugins", "judges"] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(source).display()
        );
    }
    let out = path("OUT_DIR")?;
    // OUT_DIR is <target>/<profile>/build/<package>/out. One place for all profiles builds the
    // guests only once.
    let guests = out.ancestors().nth(4).unwrap_or(&out).join("guests");

    ensure_target()?;
    compile(&workspace, &guests)?;
    for package in PACKAGES {
        let file = format!("{}.wasm", package.replace('-', "_"));
        let component = guests.join(TARGET).join("guest").join(&file);
        fs::copy(&component, out.join(&file)).map_err(|error| {
            format!(
                "{}: {error}: is the package `{package}` a library of crate-type `cdylib`?",
                component.display()
            )
        })?;
    }
    Ok(())
}

/// Has the guests' target installed. `rust-toolchain.toml` asks for it too, but rustup may be told
/// not to install by itself.
fn ensure_target() -> Result<(), String> {
    if is_installed()? {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .output();
    if is_installed()? {
        return Ok(());
    }
    let why = match &added {
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => format!("rustup does not run: {error}"),
    };
    Err(format!(
        "the plugins that ship with tpo are compiled to {TARGET}, which is not installed and \
            could not be: {why}\n\
         try `rustup target add {TARGET}`"
    ))
}

fn is_installed() -> Result<bool, String> {
    let mut rustc = Command::new(path("RUSTC")?);
    let output = rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let output = output.map_err(|error| format!("rustc does not run: {error}"))?;
    Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn compile(workspace: &Path, guests: &Path) -> Result<(), String> {
    let mut cargo = Command::new(path("CARGO")?);
    cargo
        .current_dir(workspace)
        .args([
            "build",
            "--profile",
            "guest",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(guests);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    // Flags and wrappers of the outer build are for the host: they would change the guests' bytes,
    // or check them.
    for variable in [
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
    ] {
        cargo.env_remove(variable);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", without_paths(workspace));
    let output = cargo
        .output()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "the plugins that ship with tpo do not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Compiler flags that keep this machine's directories, and the name of its crate registry, out of
/// panic messages.
fn without_paths(workspace: &Path) -> String {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registries =
        cargo_home.and_then(|home| fs::read_dir(home.join("registry").join("src")).ok());
    let mut registries: Vec<PathBuf> = registries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    // In another order they are other flags, and cargo would compile everything again.
    registries.sort();
    let flag = |path: &Path, name: &str| format!("--remap-path-prefix={}={name}", path.display());
    let mut flags = vec![flag(workspace, "/tpo")];
    flags.extend(registries.iter().map(|registry| flag(registry, "/crates")));
    flags.join("\u{1f}")
}

fn path(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("cargo does not set {variable}"))
}
