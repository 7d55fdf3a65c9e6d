//! What a plugin may use.
//!
//! The user sets every limit, and a plugin can raise none. The defaults are far above what the
//! guest languages that were tried need, and low enough that a hostile component is stopped in
//! seconds.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, bounds};

const MIB: usize = 1 << 20;

/// The most stack that a guest can be given: threads that call guests are made with that much.
pub(crate) const MAX_STACK_KIB: u32 = 8192;

/// What a plugin may use. One that needs more is stopped, and `on_error` decides what the run does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of a plugin, in MiB: its linear memories, globals and element segments.
    #[schemars(range(min = 1, max = 4096))]
    pub memory_mib: u32,
    /// How long one call may take, in seconds. A call is given up to 256 items; a pair selector is
    /// given all groups of an iteration.
    #[schemars(range(min = 1, max = 86400))]
    pub seconds_per_call: u32,
    /// How long one call may wait for models, in seconds. `seconds_per_call` does not count this
    /// time.
    #[schemars(range(min = 1, max = 8_640_000))]
    pub model_seconds_per_call: u32,
    /// Stack of a plugin, in KiB.
    #[schemars(range(min = 64, max = 8192))]
    pub stack_kib: u32,
    /// Entries of all tables of a plugin.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub table_elements: u32,
    /// Core instances, memories and tables that a component may be made of. Python needs about 40.
    #[schemars(range(min = 1, max = 10000))]
    pub instances: u32,
    /// Memory that one call may take in the host, in MiB: its outcomes and all logged text.
    #[schemars(range(min = 1, max = 4096))]
    pub answer_mib: u32,
    /// Log lines of one call that are shown; the others are only counted.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub log_lines: u32,
    /// Log text of one call that is shown, in KiB; the rest is only counted.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub log_kib: u32,
    /// Consecutive batches of one call that one instance serves before a fresh one replaces it. A
    /// higher number helps plugins that are slow to start, but fewer threads can work at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batches_per_instance: u32,
    /// Size of a component, in MiB.
    #[schemars(range(min = 1, max = 1024))]
    pub component_mib: u32,
    /// CPU time that compiling a component may take, in seconds.
    #[schemars(range(min = 1, max = 86400))]
    pub compile_seconds: u32,
    /// Memory that compiling a component may take, in MiB.
    #[schemars(range(min = 256, max = 1_000_000))]
    pub compile_memory_mib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 256,
            seconds_per_call: 10,
            model_seconds_per_call: 86_400,
            stack_kib: 1024,
            table_elements: 100_000,
            instances: 128,
            answer_mib: 64,
            log_lines: 1000,
            log_kib: 64,
            batches_per_instance: 4,
            component_mib: 32,
            compile_seconds: 60,
            compile_memory_mib: 4096,
        }
    }
}

impl Limits {
    /// Fails with [`tpo_types::FailureKind::Usage`] if a limit is out of range.
    pub fn check(&self) -> Result<(), Failure> {
        bounds::check(self, "limits")
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds_per_call.into())
    }

    pub(crate) fn model_time(&self) -> Duration {
        Duration::from_secs(self.model_seconds_per_call.into())
    }

    pub(crate) fn stack_bytes(&self) -> usize {
        (self.stack_kib as usize) << 10
    }

    pub(crate) fn answer_bytes(&self) -> usize {
        (self.answer_mib as usize).saturating_mul(MIB)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        (self.memory_mib as usize).saturating_mul(MIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_range_is_refused() {
        let failure = Limits {
            seconds_per_call: 0,
            ..Limits::default()
        }
        .check()
        .expect_err("refused");
        assert_eq!(
            failure.to_string(),
            "`limits.seconds_per_call` is 0; it must be between 1 and 86400"
        );
        assert!(
            Limits {
                log_lines: 0,
                ..Limits::default()
            }
            .check()
            .is_ok(),
            "a log can be turned off"
        );
    }

    #[test]
    fn threads_have_room_for_the_largest_stack() {
        let schema = schemars::schema_for!(Limits).to_value();
        let maximum = schema["properties"]["stack_kib"]["maximum"].as_u64();
        assert_eq!(maximum, Some(MAX_STACK_KIB.into()));
    }
}
