//! What a plugin may use.
//!
//! Every limit is the user's to set, and none can be lifted by a plugin. The defaults are far from
//! what the guest languages that were tried need, and near enough that a hostile component is ended
//! in seconds.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};
use wasmtime::ResourceLimiter;

const MIB: usize = 1 << 20;

/// Resource handles of one instance. Only the empty WASI has any, so nobody needs to set this.
pub(crate) const HANDLES: usize = 10_000;
/// The most stack that a guest can be given: threads that call guests are made with that much.
pub(crate) const MAX_STACK_KIB: u32 = 8192;

/// What a plugin may use. One that needs more is ended; `on_error` says what becomes of the run.
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
    /// How long one call may wait for the models that are lent to it, in seconds. The time that it
    /// works itself is counted apart.
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
    /// What one call may make the host hold, in MiB: the answer, and every text that is logged.
    #[schemars(range(min = 1, max = 4096))]
    pub answer_mib: u32,
    /// Lines of one call that are shown; the rest is counted.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub log_lines: u32,
    /// KiB of one call's lines that are shown; the rest is counted.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub log_kib: u32,
    /// Consecutive batches of one call that one instance serves before a fresh one takes its place.
    /// With more, a plugin that is slow to start gains time, and fewer threads have something to
    /// do.
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
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let ranges: [(&str, u32, RangeInclusive<u32>); 13] = [
            ("memory_mib", self.memory_mib, 1..=4096),
            ("seconds_per_call", self.seconds_per_call, 1..=86_400),
            (
                "model_seconds_per_call",
                self.model_seconds_per_call,
                1..=8_640_000,
            ),
            ("stack_kib", self.stack_kib, 64..=MAX_STACK_KIB),
            ("table_elements", self.table_elements, 1..=10_000_000),
            ("instances", self.instances, 1..=10_000),
            ("answer_mib", self.answer_mib, 1..=4096),
            ("log_lines", self.log_lines, 0..=1_000_000),
            ("log_kib", self.log_kib, 0..=1_000_000),
            (
                "batches_per_instance",
                self.batches_per_instance,
                1..=1_000_000,
            ),
            ("component_mib", self.component_mib, 1..=1024),
            ("compile_seconds", self.compile_seconds, 1..=86_400),
            (
                "compile_memory_mib",
                self.compile_memory_mib,
                256..=1_000_000,
            ),
        ];
        for (name, value, range) in ranges {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                let what =
                    format!("`limits.{name}` is {value}; it must be between {low} and {high}");
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint("leave the key out to get the default"));
            }
        }
        Ok(())
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

    /// Whether a component may be instantiated at all that holds `bytes` besides its memories.
    pub(crate) fn check_held(&self, bytes: usize) -> Result<(), Exceeded> {
        let allowed = self.memory_bytes();
        if bytes > allowed {
            Err(Exceeded::Memory {
                wanted: bytes,
                allowed,
            })
        } else {
            Ok(())
        }
    }

    fn memory_bytes(&self) -> usize {
        (self.memory_mib as usize).saturating_mul(MIB)
    }
}

/// A guest wanted more than it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// Bytes of memory wanted and allowed.
    Memory { wanted: usize, allowed: usize },
    /// Table entries wanted and allowed.
    Table { wanted: usize, allowed: usize },
    /// Time to wait for models that is allowed.
    Waiting { allowed: Duration },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { wanted, allowed } => {
                write!(
                    f,
                    "wanted {} MiB of memory and may have {} MiB",
                    wanted.div_ceil(MIB),
                    allowed / MIB
                )
            }
            Self::Table { wanted, allowed } => {
                write!(f, "wanted {wanted} table entries and may have {allowed}")
            }
            Self::Waiting { allowed } => {
                write!(f, "waited for models for more than {} s", allowed.as_secs())
            }
        }
    }
}

impl std::error::Error for Exceeded {}

impl Exceeded {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "`limits.memory_mib` gives plugins more",
            Self::Table { .. } => "`limits.table_elements` gives plugins more",
            Self::Waiting { .. } => {
                "`limits.model_seconds_per_call` gives plugins more; replies so far are kept"
            }
        }
    }
}

/// Counts what one store has. It refuses with an error, because a guest that is merely told "no"
/// fails in its own odd way and nobody learns why.
pub(crate) struct Meter {
    memory_allowed: usize,
    memory: usize,
    table_elements_allowed: usize,
    table_elements: usize,
    instances: usize,
}

impl Meter {
    /// A meter of instances that hold `held` bytes before they have a memory.
    pub(crate) fn new(limits: &Limits, held: usize) -> Self {
        Self {
            memory_allowed: limits.memory_bytes(),
            // Below a mebibyte is what everybody has.
            memory: held / MIB * MIB,
            table_elements_allowed: limits.table_elements as usize,
            table_elements: 0,
            instances: limits.instances as usize,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_allowed {
            return Err(Exceeded::Memory {
                wanted,
                allowed: self.memory_allowed,
            }
            .into());
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self
            .table_elements
            .saturating_add(desired.saturating_sub(current));
        if wanted > self.table_elements_allowed {
            return Err(Exceeded::Table {
                wanted,
                allowed: self.table_elements_allowed,
            }
            .into());
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_of_one_component_share_the_limit() {
        let mut meter = Meter::new(
            &Limits {
                memory_mib: 2,
                ..Limits::default()
            },
            0,
        );
        assert!(meter.memory_growing(0, MIB, None).expect("half of it"));
        assert!(meter.memory_growing(0, MIB, None).expect("all of it"));
        let refusal = meter
            .memory_growing(MIB, MIB + 1, None)
            .expect_err("more than that");
        assert_eq!(
            refusal.to_string(),
            "wanted 3 MiB of memory and may have 2 MiB"
        );
    }

    #[test]
    fn growth_beyond_its_own_maximum_is_the_guests_affair() {
        let mut meter = Meter::new(&Limits::default(), 0);
        assert!(
            !meter
                .memory_growing(0, 2 * MIB, Some(MIB))
                .expect("no error")
        );
        assert_eq!(meter.memory, 0);
    }

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
            "silence can be had"
        );
    }

    #[test]
    fn the_schema_says_what_is_checked() {
        let schema = schemars::schema_for!(Limits).to_value();
        let maximum = |key: &str| {
            schema["properties"][key]["maximum"]
                .as_u64()
                .expect("a maximum")
        };
        assert_eq!(maximum("stack_kib"), u64::from(MAX_STACK_KIB));
        for key in schema["properties"].as_object().expect("keys").keys() {
            let beyond = serde_json::json!({ key: maximum(key) + 1 });
            let limits: Limits = serde_json::from_value(beyond).expect("limits");
            assert!(
                limits
                    .check()
                    .expect_err(key)
                    .to_string()
                    .contains(&format!("`limits.{key}`"))
            );
            let most: Limits =
                serde_json::from_value(serde_json::json!({ key: maximum(key) })).expect("limits");
            assert!(most.check().is_ok(), "{key}");
        }
    }
}
