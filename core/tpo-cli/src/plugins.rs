//! How the commands load plugins: compiled by this program in another process, cached in the user's
//! cache directory, pinned in a lock file.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use tpo_host::{Bundles, CompileService, HostConfig};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{COMPILE, CompileArguments, Trust};

/// How plugins are loaded: compiled code is cached, and published plugins are pinned in `lock`.
pub(crate) fn host_config(trust: Trust, lock: &Path) -> Result<HostConfig, Failure> {
    let program = env::current_exe().map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            "cannot find the path of this program",
        )
        .because(error)
    })?;
    let compiler = [program.into_os_string()]
        .into_iter()
        .chain(COMPILE.map(OsString::from))
        .collect();
    // By default, our allocator commits a gibibyte at once, which would count as used.
    let environment = vec![("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into())];
    let compiler = CompileService {
        cache: cache_dir()?.join("components"),
        compiler,
        environment,
    };
    let bundles = Bundles {
        lock: lock.to_owned(),
        store: tpo_lm::paths::data_dir()?,
        mode: trust.lock.mode(),
    };
    Ok(HostConfig {
        compiler: Some(compiler),
        bundles: Some(bundles),
        allow_native: trust.allow_native,
        ..HostConfig::default()
    })
}

/// The directory of compilers for other languages.
pub(crate) fn tools_dir() -> Result<PathBuf, Failure> {
    Ok(cache_dir()?.join("tools"))
}

/// Runs this process as the compiler that [`host_config`] names.
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

/// The directory for files that `tpo` can make again: `TPO_CACHE_DIR`, or `tpo` in the user's cache
/// directory.
fn cache_dir() -> Result<PathBuf, Failure> {
    directory("TPO_CACHE_DIR")
        .or_else(|| user_cache_dir().map(|cache| cache.join("tpo")))
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Resources,
                "there is no cache directory for compiled plugins and compilers",
            )
            .hint("set the environment variable `TPO_CACHE_DIR`")
        })
}

#[cfg(windows)]
fn user_cache_dir() -> Option<PathBuf> {
    directory("LOCALAPPDATA")
}

#[cfg(not(windows))]
fn user_cache_dir() -> Option<PathBuf> {
    directory("XDG_CACHE_HOME").or_else(|| env::home_dir().map(|home| home.join(".cache")))
}

/// A directory that an environment variable names.
fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
