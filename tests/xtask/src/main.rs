//! `cargo xtask`: the maintenance tasks of this repository. Each is a few commands.

#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
Usage: cargo xtask <task>

  schema               write docs/tpo.schema.json
  snapshots [TEST]...  run the tests with snapshots and accept their output
  goldens              write tests/golden and tests/fixtures/models again, with PyTorch
  slow [ARGUMENT]...   run the slow tests; arguments go to pytest
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((task, [])) if task == "schema" => schema(),
        Some((task, tests)) if task == "snapshots" => snapshots(tests),
        Some((task, [])) if task == "goldens" => goldens(),
        Some((task, arguments)) if task == "slow" => {
            run(command("bash").arg("tests/slow/run.sh").args(arguments))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn schema() -> Result<(), String> {
    let path = root().join("docs/tpo.schema.json");
    let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut tpo = cargo();
    run(tpo
        .args(["run", "--release", "--package", "tpo-cli", "--", "schema"])
        .stdout(file))
}

fn snapshots(tests: &[String]) -> Result<(), String> {
    let mut cargo = cargo();
    // The binary that the tests run.
    run(cargo.args(["build", "--release", "--package", "tpo-cli"]))?;
    let mut cargo = self::cargo();
    cargo
        .args(["test", "--release", "--package", "tpo-tests"])
        .env("INSTA_UPDATE", "always");
    for test in tests {
        cargo.args(["--test", test]);
    }
    run(&mut cargo)
}

fn goldens() -> Result<(), String> {
    let python = root().join("target/slow-venv/bin/python");
    if !python.exists() {
        return Err("run `cargo xtask slow` once: it installs the Python packages".to_owned());
    }
    // The later scripts read the models that the first ones write.
    for script in [
        "models",
        "armo",
        "goldens",
        "smollm2",
        "bradley_terry",
        "statistics",
    ] {
        run(command(&python).arg(format!("tests/golden/make_{script}.py")))?;
    }
    Ok(())
}

fn cargo() -> Command {
    command(env!("CARGO"))
}

/// A command that runs in the repository's root.
fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root());
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let ended: io::Result<_> = command.status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
