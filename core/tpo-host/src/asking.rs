//! From items to outcomes: batches, shared out to threads, and what is done about one that fails.
//!
//! Outcomes come in the order of the items and never depend on how many threads there are: batches
//! are cut beforehand, and of several failures the one that counts is that of the first batch.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use tpo_types::{Failure, FailureKind};

use crate::batch;
use crate::conduct::OnError;
use crate::engine::THREAD_STACK_BYTES;
use crate::failed_batch;
use crate::instances::Warm;
use crate::plugin::{self, Plugin};
use crate::roles::Role;

/// How often a batch is halved in search of the items that a plugin fails on, before all that are
/// left count as such. A plugin that fails on everything would otherwise be given its full time for
/// every item.
const MAX_SPLITS: usize = 16;

impl<R: Role> Plugin<R> {
    /// One outcome per item.
    pub(crate) fn ask(&self, items: &[R::Item]) -> Result<Vec<R::Outcome>, Failure> {
        let batches = if R::AT_ONCE {
            batch::whole(items.len())
        } else {
            batch::cut(items.iter().map(R::bytes))
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        self.ask_batches(items, &batches, threads)
    }

    /// The same in the given batches, which cover the items in order, on at most so many threads.
    pub(crate) fn ask_batches(
        &self,
        items: &[R::Item],
        batches: &[Range<usize>],
        threads: usize,
    ) -> Result<Vec<R::Outcome>, Failure> {
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        // What one instance serves is one thread's. It is handed out in order, and a thread ends
        // with its first failure, so every batch before the first failed one has been begun and
        // will be ended.
        let lane = self.code.batches_per_instance();
        let work = || {
            let mut done = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let first = next.fetch_add(lane, Ordering::Relaxed);
                if first >= batches.len() {
                    break;
                }
                let mut warm = None;
                for (number, range) in batches.iter().enumerate().skip(first).take(lane) {
                    let place = Place {
                        number,
                        of: batches.len(),
                        items: range.clone(),
                    };
                    let outcomes = self.answer(&mut warm, &place, &items[range.clone()]);
                    let has_failed = outcomes.is_err();
                    done.push((number, outcomes));
                    if has_failed {
                        failed.store(true, Ordering::Relaxed);
                        break;
                    }
                }
            }
            done
        };
        // Even one batch gets a thread: nobody knows how much stack the caller has left.
        let mut done: Vec<_> = thread::scope(|scope| {
            let spawn = |_| {
                thread::Builder::new()
                    .stack_size(THREAD_STACK_BYTES)
                    .spawn_scoped(scope, work)
            };
            let threads = 0..threads.clamp(1, batches.len().div_ceil(lane).max(1));
            let workers: Vec<_> = threads
                .map(spawn)
                .collect::<Result<_, _>>()
                .map_err(cannot_start)?;
            let ended = workers
                .into_iter()
                .flat_map(|worker| worker.join().expect("a worker does not panic"));
            Ok::<_, Failure>(ended.collect())
        })?;
        done.sort_by_key(|(number, _)| *number);
        let mut outcomes = Vec::with_capacity(items.len());
        for (_, batch) in done {
            outcomes.extend(batch?);
        }
        Ok(outcomes)
    }

    /// The outcomes of one batch, after whatever is to be done when the plugin fails on it.
    fn answer(
        &self,
        warm: &mut Option<Warm<R>>,
        place: &Place,
        items: &[R::Item],
    ) -> Result<Vec<R::Outcome>, Failure> {
        let failure = match (self.attempt(warm, place, items), self.conduct.on_error) {
            (Err(failure), OnError::Retry) if failure.kind() == FailureKind::Plugin => {
                match self.attempt(&mut None, place, items) {
                    Ok(outcomes) => return Ok(outcomes),
                    Err(failure) => failure,
                }
            }
            (Err(failure), _) => failure,
            (outcomes, _) => return outcomes,
        };
        // What is not the plugin's fault is nothing that its `on_error` could answer for.
        if failure.kind() != FailureKind::Plugin {
            return Err(failure);
        }
        let failure = match &self.conduct.failures {
            Some(directory) => failed_batch::keep(self, items, failure, directory)?,
            None => failure,
        };
        if self.conduct.on_error != OnError::Unscored {
            return Err(failure);
        }
        tracing::warn!(
            plugin = self.identity.name,
            "goes on without the items that it fails on: {failure}"
        );
        self.without_failing(place, items, &mut MAX_SPLITS.clone())
    }

    /// The outcomes of a batch that the plugin failed on: those of its halves, down to the items
    /// that it fails on.
    fn without_failing(
        &self,
        place: &Place,
        items: &[R::Item],
        splits: &mut usize,
    ) -> Result<Vec<R::Outcome>, Failure> {
        if R::AT_ONCE || items.len() == 1 || *splits == 0 {
            return Ok(items
                .iter()
                .map(|item| R::without_answer(item, "the plugin failed"))
                .collect());
        }
        *splits -= 1;
        let (first, second) = items.split_at(items.len() / 2);
        let mut outcomes = Vec::with_capacity(items.len());
        for half in [first, second] {
            match self.attempt(&mut None, place, half) {
                Ok(answered) => outcomes.extend(answered),
                Err(failure) if failure.kind() != FailureKind::Plugin => return Err(failure),
                Err(_) => outcomes.extend(self.without_failing(place, half, splits)?),
            }
        }
        Ok(outcomes)
    }

    /// Asks once, and checks the answer.
    fn attempt(
        &self,
        warm: &mut Option<Warm<R>>,
        place: &Place,
        items: &[R::Item],
    ) -> Result<Vec<R::Outcome>, Failure> {
        let reply = self
            .code
            .ask(warm, items)
            .map_err(|why| why.failure(&self.subject(), &place.whole()))?;
        let outcomes =
            reply.map_err(|error| plugin::failed(&self.subject(), &error, &place.whole()))?;
        let broken = |what: String| {
            let what = format!("{} gave {what} {}", self.subject(), place.batch());
            Failure::new(FailureKind::Plugin, what)
                .hint("this is a fault of the plugin: its answer breaks the contract in `wit/`")
        };
        if outcomes.len() != items.len() {
            let (has, wants) = (outcomes.len(), items.len());
            return Err(broken(format!(
                "{has} instead of {wants} outcomes for the {}",
                R::ITEMS
            )));
        }
        for (index, (item, outcome)) in items.iter().zip(&outcomes).enumerate() {
            let named = |what| {
                broken(format!(
                    "{} {what}",
                    R::name(item, place.items.start + index + 1)
                ))
            };
            R::check(item, outcome).map_err(named)?;
        }
        Ok(outcomes)
    }
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        "a thread for plugins does not start",
    )
    .because(error)
}

/// Where a batch stands among all.
struct Place {
    number: usize,
    of: usize,
    items: Range<usize>,
}

impl Place {
    fn batch(&self) -> String {
        format!("in batch {} of {}", self.number + 1, self.of)
    }

    /// The batch, where no item of it can be named.
    fn whole(&self) -> String {
        format!(
            "{} (items {} to {})",
            self.batch(),
            self.items.start + 1,
            self.items.end
        )
    }
}
