//! How the commands load plugins: compiled by this program in another process, kept in the user's
//! cache, pinned in a lock file.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use tpo_host::{Bundles, Setup, Workshop};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{COMPILE, CompileArguments, Trust};

/// How plugins are loaded: compiled code is kept, and what is published is pinned in `lock`.
pub(crate) fn setup(trust: Trust, lock: &Path) -> Result<Setup, Failure> {
    let program = env::current_exe().map_err(|error| {
        Failure::new(FailureKind::Resources, "the program does not find itself").because(error)
    })?;
    let compiler = [program.into_os_string()]
        .into_iter()
        .chain(COMPILE.map(OsString::from))
        .collect();
    // Left to itself, our allocator takes a gibibyte at once, which would count as used.
    let environment = vec![("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into())];
    let workshop = Workshop {
        cache: cache_dir()?.join("components"),
        compiler,
        environment,
    };
    let bundles = Bundles {
        lock: lock.to_owned(),
        store: tpo_lm::paths::data_dir()?,
        mode: trust.mode.mode(),
    };
    Ok(Setup {
        workshop: Some(workshop),
        bundles: Some(bundles),
        allow_native: trust.allow_native,
        ..Setup::default()
    })
}

/// Where compilers for other languages are kept.
pub(crate) fn tools_dir() -> Result<PathBuf, Failure> {
    Ok(cache_dir()?.join("tools"))
}

/// The program as the compiler that [`setup`] names.
pub(crate) fn compile(arguments: &CompileArguments) -> Result<(), Failure> {
    let CompileArguments {
        seconds,
        memory_mib,
    } = *arguments;
    tpo_host::compile_worker(
        seconds,
        memory_mib,
        &mut io::stdin().lock(),
        &mut io::stdout().lock(),
    )
}

/// Where `tpo` keeps what it can make again: `TPO_CACHE_DIR`, else `tpo` in the user's cache
/// directory.
fn cache_dir() -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("TPO_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("tpo")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache/tpo")))
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Resources,
                "there is no directory to keep compiled plugins and compilers in",
            )
            .hint("set the environment variable `TPO_CACHE_DIR`")
        })
}
