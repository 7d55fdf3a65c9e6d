//! How the commands open plugins: compiled by this program in another process, and kept in the user's cache.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use tpo_host::{Plugins, Setup, Workshop};
use tpo_types::{Failure, Kind};

use crate::arguments::{COMPILE, CompileArguments};

/// A loader of plugins that keeps what it compiles.
pub(crate) fn open(setup: Setup) -> Result<Plugins, Failure> {
    Plugins::new(self::setup(setup)?)
}

/// The same as a setup, for who opens more than one loader.
pub(crate) fn setup(setup: Setup) -> Result<Setup, Failure> {
    let program = env::current_exe()
        .map_err(|error| Failure::new(Kind::Resources, "the program does not find itself").because(error))?;
    let compiler = [program.into_os_string()].into_iter().chain(COMPILE.map(OsString::from)).collect();
    let workshop = Workshop { cache: cache_dir()?.join("components"), compiler };
    Ok(Setup { workshop: Some(workshop), ..setup })
}

/// The program as the compiler that [`open`] names.
pub(crate) fn compile(arguments: &CompileArguments) -> Result<(), Failure> {
    let CompileArguments { seconds, memory_mib } = *arguments;
    tpo_host::compile_worker(seconds, memory_mib, &mut io::stdin().lock(), &mut io::stdout().lock())
}

/// Where `tpo` keeps what it can make again: `TPO_CACHE_DIR`, else `tpo` in the user's cache directory.
fn cache_dir() -> Result<PathBuf, Failure> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("TPO_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("tpo")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache/tpo")))
        .ok_or_else(|| {
            Failure::new(Kind::Resources, "there is no directory to keep compiled plugins in")
                .hint("set the environment variable `TPO_CACHE_DIR`")
        })
}
