//! Who compiles components, and where the code is kept.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where components are compiled, and where the code is kept.
#[derive(Debug, Clone)]
pub struct CompileService {
    /// Directory of compiled components. Created if it is missing; refused if another user can
    /// write to it.
    pub cache: PathBuf,
    /// Command line of a program that runs [`compile_worker`](crate::compile_worker); seconds and
    /// MiB are appended as its last two arguments.
    pub compiler: Vec<OsString>,
    /// Environment of that program; it gets nothing else.
    pub environment: Vec<(OsString, OsString)>,
}
