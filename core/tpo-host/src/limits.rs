//! What one call of a plugin may use.
//!
//! The two limits that users meet are theirs to set. The others only stop a hostile component, and none of the guest
//! languages that were tried comes near them.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, Kind};
use wasmtime::ResourceLimiter;

const MIB: usize = 1 << 20;

/// Entries of all tables together.
const TABLE_ELEMENTS: usize = 100_000;
/// Core instances in one component. Python needs about 40, JavaScript about 10.
const INSTANCES: usize = 128;
/// Linear memories in one component.
const MEMORIES: usize = 32;
/// Tables in one component.
const TABLES: usize = 128;
/// What one answer may make the host allocate.
pub(crate) const ANSWER_BYTES: usize = 64 * MIB;
/// Resource handles of one instance.
pub(crate) const HANDLES: usize = 10_000;

/// What one call of a plugin may use. A plugin that needs more is ended, and the run with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of a plugin, in MiB.
    #[schemars(range(min = 1, max = 4096))]
    pub memory_mib: u32,
    /// How long one call may take, in seconds. A call is given up to 256 items; a pair selector is given all groups of
    /// an iteration.
    #[schemars(range(min = 1, max = 86400))]
    pub seconds_per_call: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 256, seconds_per_call: 10 }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for (name, value) in [("memory_mib", self.memory_mib), ("seconds_per_call", self.seconds_per_call)] {
            if value == 0 {
                let what = format!("`limits.{name}` is 0, which no plugin can live on");
                return Err(Failure::new(Kind::Usage, what).hint("leave the key out to get the default"));
            }
        }
        Ok(())
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds_per_call.into())
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
    /// Table entries wanted.
    Table { wanted: usize },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { wanted, allowed } => {
                write!(f, "wanted {} MiB of memory and may have {} MiB", wanted.div_ceil(MIB), allowed / MIB)
            }
            Self::Table { wanted } => write!(f, "wanted {wanted} table entries and may have {TABLE_ELEMENTS}"),
        }
    }
}

impl std::error::Error for Exceeded {}

/// Counts what one store has. It refuses with an error, because a guest that is merely told "no" fails in its own odd
/// way and nobody learns why.
pub(crate) struct Meter {
    memory_allowed: usize,
    memory: usize,
    table_elements: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_allowed: limits.memory_bytes(), memory: 0, table_elements: 0 }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_allowed {
            return Err(Exceeded::Memory { wanted, allowed: self.memory_allowed }.into());
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if wanted > TABLE_ELEMENTS {
            return Err(Exceeded::Table { wanted }.into());
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_of_one_component_share_the_limit() {
        let mut meter = Meter::new(&Limits { memory_mib: 2, ..Limits::default() });
        assert!(meter.memory_growing(0, MIB, None).expect("half of it"));
        assert!(meter.memory_growing(0, MIB, None).expect("all of it"));
        let refusal = meter.memory_growing(MIB, MIB + 1, None).expect_err("more than that");
        assert_eq!(refusal.to_string(), "wanted 3 MiB of memory and may have 2 MiB");
    }

    #[test]
    fn growth_beyond_its_own_maximum_is_the_guests_affair() {
        let mut meter = Meter::new(&Limits::default());
        assert!(!meter.memory_growing(0, 2 * MIB, Some(MIB)).expect("no error"));
        assert_eq!(meter.memory, 0);
    }

    #[test]
    fn no_limit_can_be_zero() {
        let failure = Limits { seconds_per_call: 0, ..Limits::default() }.check().expect_err("refused");
        assert_eq!(failure.to_string(), "`limits.seconds_per_call` is 0, which no plugin can live on");
    }
}
