//! Collects the files that are copied into new projects: templates and examples, the SDK for Rust,
//! and the runtime of the bindings for Go.
//!
//! The SDK is copied as sources, with the keys it inherits from this workspace written out, so that
//! a project needs no checkout of `tpo`. The runtime for Go is part of the sources of the crate
//! that generates the bindings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

type BuildResult<T> = Result<T, Box<dyn std::error::Error>>;

/// The examples that are templates of judges.
const EXAMPLES: [&str; 5] = [
    "judge-in-c",
    "judge-in-go",
    "judge-in-javascript",
    "judge-in-python",
    "judge-in-rust",
];

fn main() -> ExitCode {
    match collect() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn collect() -> BuildResult<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = package.join("../..").canonicalize()?;
    let sdk = workspace.join("plugins/tpo-plugin");
    for source in [
        &sdk,
        &workspace.join("Cargo.toml"),
        &workspace.join("Cargo.lock"),
        &package.join("templates"),
    ] {
        println!("cargo::rerun-if-changed={}", source.display());
    }

    let manifest = out.join("sdk.toml");
    fs::write(
        &manifest,
        standalone(&sdk.join("Cargo.toml"), &workspace.join("Cargo.toml"))?,
    )?;
    let mut sdk_files = vec![("Cargo.toml".to_owned(), manifest)];
    sdk_files.extend(
        files(&sdk, &sdk)?
            .into_iter()
            .filter(|(name, _)| name != "Cargo.toml"),
    );

    let runtime = go_runtime(&workspace)?;
    let is_runtime = |name: &str| name == "go.mod" || name == "LICENSE" || name.starts_with("wit/");
    let go_files = files(&runtime, &runtime)?
        .into_iter()
        .filter(|(name, _)| is_runtime(name))
        .collect();

    let mut sources = files(&package.join("templates"), &package)?;
    for example in EXAMPLES {
        let example = workspace.join("examples").join(example);
        println!("cargo::rerun-if-changed={}", example.display());
        sources.extend(
            files(&example, &workspace)?
                .into_iter()
                .filter(|(name, _)| is_text(name)),
        );
    }

    let text = format!(
        "{}{}{}",
        table("SOURCES", &sources)?,
        table("SDK", &sdk_files)?,
        table("GO_RUNTIME", &go_files)?
    );
    fs::write(out.join("copies.rs"), text)?;
    Ok(())
}

/// Whether a file of an example is one that its author wrote, by its name.
fn is_text(name: &str) -> bool {
    let is_built = name.contains("/target/") || name.contains("/bindings/");
    let extensions = ["c", "go", "js", "json", "jsonl", "mod", "py", "rs", "toml"];
    !is_built
        && Path::new(name)
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| extensions.contains(&extension))
}

/// Every file under `directory` with its name relative to `root`, sorted.
fn files(directory: &Path, root: &Path) -> BuildResult<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, root)?);
        } else {
            found.push((
                path.strip_prefix(root)?
                    .to_str()
                    .ok_or("a file name is not valid UTF-8")?
                    .to_owned(),
                path,
            ));
        }
    }
    found.sort();
    Ok(found)
}

fn table(name: &str, files: &Vec<(String, PathBuf)>) -> BuildResult<String> {
    let mut text = format!("pub(crate) static {name}: &[(&str, &str)] = &[\n");
    for (name, path) in files {
        writeln!(
            text,
            "    ({name:?}, include_str!({:?})),",
            path.to_str().ok_or("a path is not valid UTF-8")?
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// The manifest of a member with all inherited keys written out.
fn standalone(member: &Path, workspace: &Path) -> BuildResult<String> {
    let read = |path: &Path| -> BuildResult<toml::Table> {
        Ok(toml::from_str(&fs::read_to_string(path)?)?)
    };
    let workspace = read(workspace)?;
    let mut member = read(member)?;
    member.remove("lints");
    for (table, inherited) in [("package", "package"), ("dependencies", "dependencies")] {
        let inherited = workspace["workspace"][inherited]
            .as_table()
            .ok_or("the workspace manifest lacks a table")?;
        for (key, value) in member[table]
            .as_table_mut()
            .ok_or("the manifest lacks a table")?
        {
            if value.get("workspace").is_some() {
                *value = inherited[key].clone();
            }
        }
    }
    Ok(toml::to_string(&member)?)
}

/// The directory of the runtime that the generated Go code imports.
fn go_runtime(workspace: &Path) -> BuildResult<PathBuf> {
    let mut metadata = Command::new(env::var("CARGO")?);
    let output = metadata
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(workspace)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata lists no packages")?;
    let generator = packages
        .iter()
        .find(|package| package["name"] == "wit-bindgen-go")
        .ok_or("wit-bindgen-go is not a dependency")?;
    let manifest = generator["manifest_path"]
        .as_str()
        .ok_or("wit-bindgen-go has no manifest path")?;
    Ok(Path::new(manifest).with_file_name("src").join("pkg"))
}
