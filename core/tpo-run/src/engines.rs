//! Which engines made what a store has. The machine that a run is resumed on can have another one.

use tpo_types::Failure;

use crate::context::Judging;
use crate::store::Store;

/// What an engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineWork {
    Sampling,
    Training,
}

/// Between two engines of a record, the earlier one first.
const THEN: &str = ", then ";

/// Records that an engine begins a work, and warns if another one did it before. To be called only
/// where there is work: a finished run is not made by the engine that reads it.
pub(crate) fn record(
    store: &Store,
    judging: Judging<'_>,
    work: EngineWork,
    engine: &str,
) -> Result<(), Failure> {
    let (key, done, does) = match work {
        EngineWork::Sampling => ("engine", "sampled", "samples"),
        EngineWork::Training => ("train_engine", "trained", "trains"),
    };
    let Some(engines) = store.value(key)? else {
        return store.set_value(key, engine);
    };
    let last = engines.rsplit(THEN).next().unwrap_or(&engines);
    if last == engine {
        return Ok(());
    }
    judging.warn(&format!(
        "the engine `{last}` has {done} here before; from here on `{engine}` {does}, and its \
         numbers differ"
    ));
    store.set_value(key, &format!("{engines}{THEN}{engine}"))
}
