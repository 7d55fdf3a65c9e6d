//! What compiling needs of the operating system: a private directory, and limits on a process.
//!
//! On Unix the system checks owners and enforces limits. Elsewhere the directory is as private as
//! the user's own, and nothing limits the compiler.

#[cfg(unix)]
pub(super) use unix::{
    aborted, create_private_directory, limit_this_process, others_can_write, reached_cpu_limit,
};

#[cfg(not(unix))]
pub(super) use elsewhere::{
    aborted, create_private_directory, limit_this_process, others_can_write, reached_cpu_limit,
};

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    use std::os::unix::process::ExitStatusExt;
    use std::path::Path;
    use std::process::ExitStatus;

    use rustix::process::{Resource, Rlimit, Signal, geteuid, setrlimit};
    use tpo_types::{Failure, FailureKind};

    /// Creates a directory that only this user can read and write.
    pub(in super::super) fn create_private_directory(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// Whether other users can write to a directory, or it is none.
    pub(in super::super) fn others_can_write(path: &Path) -> io::Result<bool> {
        let metadata = fs::symlink_metadata(path)?;
        let is_ours = metadata.uid() == geteuid().as_raw() && metadata.is_dir();
        Ok(!is_ours || metadata.mode() & 0o022 != 0)
    }

    /// Limits this process to `seconds` of CPU time and `memory_mib` of writable memory.
    pub(in super::super) fn limit_this_process(
        seconds: u64,
        memory_mib: u64,
    ) -> Result<(), Failure> {
        for (resource, limit) in [
            (Resource::Cpu, seconds),
            (Resource::Data, memory_mib << 20),
            (Resource::Core, 0),
        ] {
            let limit = Rlimit {
                current: Some(limit),
                maximum: Some(limit),
            };
            setrlimit(resource, limit).map_err(|error| {
                Failure::new(
                    FailureKind::Resources,
                    "cannot limit the resources of the compiler",
                )
                .because(error)
            })?;
        }
        Ok(())
    }

    /// Whether the system ended a process because it had used up its CPU time.
    pub(in super::super) fn reached_cpu_limit(status: ExitStatus) -> bool {
        ended_by(status, &[Signal::XCPU, Signal::KILL])
    }

    /// Whether a process aborted or crashed.
    pub(in super::super) fn aborted(status: ExitStatus) -> bool {
        ended_by(status, &[Signal::ABORT, Signal::SEGV])
    }

    fn ended_by(status: ExitStatus, signals: &[Signal]) -> bool {
        signals
            .iter()
            .any(|signal| status.signal() == Some(signal.as_raw()))
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::path::Path;
    use std::process::ExitStatus;
    use std::{fs, io};

    use tpo_types::Failure;

    pub(in super::super) fn create_private_directory(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    pub(in super::super) fn others_can_write(path: &Path) -> io::Result<bool> {
        Ok(!fs::symlink_metadata(path)?.is_dir())
    }

    pub(in super::super) fn limit_this_process(_: u64, _: u64) -> Result<(), Failure> {
        Ok(())
    }

    pub(in super::super) fn reached_cpu_limit(_: ExitStatus) -> bool {
        false
    }

    pub(in super::super) fn aborted(_: ExitStatus) -> bool {
        false
    }
}
