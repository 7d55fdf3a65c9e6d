//! Counts the memory and the tables of a guest against its limits.

use std::fmt;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::limits::Limits;

const MIB: usize = 1 << 20;

/// Whether a component may be instantiated that holds `bytes` besides its memories.
pub(crate) fn check_held(bytes: usize, limits: &Limits) -> Result<(), LimitExceeded> {
    let allowed = limits.memory_bytes();
    if bytes > allowed {
        let needed = bytes;
        return Err(LimitExceeded::Memory { needed, allowed });
    }
    Ok(())
}

/// A guest needed more than its limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LimitExceeded {
    /// Bytes of memory.
    Memory { needed: usize, allowed: usize },
    /// Table entries.
    Table { needed: usize, allowed: usize },
    /// Time to wait for models.
    ModelWait { allowed: Duration },
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { needed, allowed } => {
                write!(
                    f,
                    "needed {} MiB of memory (limit {} MiB)",
                    needed.div_ceil(MIB),
                    allowed / MIB
                )
            }
            Self::Table { needed, allowed } => {
                write!(f, "needed {needed} table entries (limit {allowed})")
            }
            Self::ModelWait { allowed } => {
                write!(f, "waited more than {} s for models", allowed.as_secs())
            }
        }
    }
}

impl std::error::Error for LimitExceeded {}

impl LimitExceeded {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "raise `limits.memory_mib`",
            Self::Table { .. } => "raise `limits.table_elements`",
            Self::ModelWait { .. } => {
                "raise `limits.model_seconds_per_call`; replies so far are kept"
            }
        }
    }
}

/// Counts what one store uses. It refuses with an error: a guest whose allocation merely fails
/// would report something else.
pub(crate) struct ResourceMeter {
    memory_allowed: usize,
    memory: usize,
    table_elements_allowed: usize,
    table_elements: usize,
    instances: usize,
}

impl ResourceMeter {
    /// A meter of an instance that holds `held` bytes besides its memories.
    pub(crate) fn new(limits: &Limits, held: usize) -> Self {
        Self {
            memory_allowed: limits.memory_bytes(),
            // Less than a mebibyte is normal.
            memory: held / MIB * MIB,
            table_elements_allowed: limits.table_elements as usize,
            table_elements: 0,
            instances: limits.instances as usize,
        }
    }
}

impl ResourceLimiter for ResourceMeter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let needed = self.memory.saturating_add(desired.saturating_sub(current));
        if needed > self.memory_allowed {
            return Err(LimitExceeded::Memory {
                needed,
                allowed: self.memory_allowed,
            }
            .into());
        }
        self.memory = needed;
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
        let needed = self
            .table_elements
            .saturating_add(desired.saturating_sub(current));
        if needed > self.table_elements_allowed {
            return Err(LimitExceeded::Table {
                needed,
                allowed: self.table_elements_allowed,
            }
            .into());
        }
        self.table_elements = needed;
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
        let mut meter = ResourceMeter::new(
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
        assert_eq!(refusal.to_string(), "needed 3 MiB of memory (limit 2 MiB)");
    }

    #[test]
    fn growth_beyond_its_own_maximum_fails_in_the_guest() {
        let mut meter = ResourceMeter::new(&Limits::default(), 0);
        assert!(
            !meter
                .memory_growing(0, 2 * MIB, Some(MIB))
                .expect("no error")
        );
        assert_eq!(meter.memory, 0);
    }
}
