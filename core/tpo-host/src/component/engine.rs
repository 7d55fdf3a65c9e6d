//! The one WebAssembly engine of a process, and the clock that its deadlines run on.
//!
//! The settings make a guest's answer depend on nothing but its input: NaN has one bit pattern on
//! every CPU, relaxed SIMD is exact, and there are no threads. What a guest may use is set per
//! call, in [`crate::component::state`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tpo_types::{Failure, FailureKind};
use wasmtime::{Config, Engine, EngineWeak, WasmBacktraceDetails};

use crate::limits::{Limits, MAX_STACK_KIB};

const MIB: u64 = 1 << 20;

/// Stack of a thread that calls guests: the most that [`Limits`] can give a guest, and some for the
/// host below it.
pub(crate) const THREAD_STACK_BYTES: usize = (MAX_STACK_KIB as usize + 1024) << 10;

/// How often the epoch moves, and so how exact a deadline is.
const TICK: Duration = Duration::from_millis(10);

/// An engine whose epoch follows the clock.
#[derive(Clone)]
pub(crate) struct TimedEngine {
    pub(crate) engine: Engine,
    epoch: Arc<Epoch>,
}

impl TimedEngine {
    pub(crate) fn start(limits: &Limits) -> Result<Self, Failure> {
        let mut config = config();
        config.max_wasm_stack(limits.stack_bytes());
        // Nothing runs on these, but the engine wants them to be larger than a guest's.
        config.async_stack_size(limits.stack_bytes() + MIB as usize);
        let engine = Engine::new(&config).map_err(|error| cannot_start().because(error))?;
        let epoch = Arc::new(Epoch {
            start: Instant::now(),
            ticks: AtomicU64::new(0),
        });
        let (weak, follower) = (engine.weak(), Arc::clone(&epoch));
        thread::Builder::new()
            .name("tpo-epoch".into())
            .spawn(move || follower.follow(&weak))
            .map_err(|error| cannot_start().because(error))?;
        Ok(Self { engine, epoch })
    }

    /// How many ticks from now `time` has passed for certain.
    pub(crate) fn ticks(&self, time: Duration) -> u64 {
        // A deadline counts from the epoch as it stands. Were it behind, the guest would pay for
        // time before its call.
        self.epoch.catch_up(&self.engine);
        // One more for the tick that has already begun.
        time.as_millis().div_ceil(TICK.as_millis()) as u64 + 1
    }
}

/// How far the engine's epoch has followed the clock.
struct Epoch {
    start: Instant,
    ticks: AtomicU64,
}

impl Epoch {
    /// Moves the epoch until the engine is gone.
    fn follow(&self, engine: &EngineWeak) {
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else {
                return;
            };
            self.catch_up(&engine);
        }
    }

    /// Training saturates the cores and this thread wakes late, so it counts time, not its own
    /// turns: with one increment per turn a deadline of one second was seen to take twenty.
    fn catch_up(&self, engine: &Engine) {
        let due = (self.start.elapsed().as_millis() / TICK.as_millis()) as u64;
        let done = self.ticks.fetch_max(due, Ordering::Relaxed);
        for _ in done..due {
            engine.increment_epoch();
        }
    }
}

/// All that compiled code depends on, the same wherever it is compiled.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_memory64(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // All that an address of a guest can name, and a guard region after it: then no access
        // needs a comparison.
        .memory_reservation(4096 * MIB)
        .memory_guard_size(32 * MIB);
    config
}

pub(crate) fn cannot_start() -> Failure {
    Failure::new(
        FailureKind::Resources,
        "cannot start the WebAssembly engine",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_ticker_does_not_stretch_time() {
        let engine = Engine::new(&config()).expect("the configuration is valid");
        let past = Instant::now()
            .checked_sub(Duration::from_secs(3))
            .expect("the machine is up");
        let epoch = Epoch {
            start: past,
            ticks: AtomicU64::new(0),
        };
        epoch.catch_up(&engine);
        let ticks = epoch.ticks.load(Ordering::Relaxed);
        assert!((300..400).contains(&ticks), "{ticks}");
    }
}
