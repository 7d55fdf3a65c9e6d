//! From items to outcomes: batches, threads, and what happens to a batch that fails.
//!
//! Outcomes come in the order of the items and never depend on the number of threads: batches are
//! cut beforehand, and of several failures the one that counts is that of the first batch.

mod batch;
mod code;
pub(crate) mod failed_batch;
pub(crate) mod failure_policy;
mod instances;
pub(crate) mod json;
pub(crate) mod plugin;
pub(crate) mod role;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use tpo_types::{Failure, FailureKind};

use crate::component::call_error::CallError;
use crate::component::engine::THREAD_STACK_BYTES;
use failure_policy::OnError;
use instances::ReusableInstance;
use plugin::RolePlugin;
use role::RoleContract;

/// How often a batch is halved in search of the items that a plugin fails on, before all that are
/// left count as such. A plugin that fails on everything would otherwise be given its full time for
/// every item.
const MAX_SPLITS: usize = 16;

/// What one call came to. A failure of anything but the plugin is an error instead: it ends the run
/// whatever the plugin's policy.
enum Attempt<T> {
    Outcomes(Vec<T>),
    /// The plugin's own fault, which its policy decides about.
    Fault(Failure),
}

impl<R: RoleContract> RolePlugin<R> {
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

    /// The same in the given batches, which cover the items in order, on at most `threads` threads.
    pub(crate) fn ask_batches(
        &self,
        items: &[R::Item],
        batches: &[Range<usize>],
        threads: usize,
    ) -> Result<Vec<R::Outcome>, Failure> {
        let per_instance = self.code.batches_per_instance();
        let threads = threads.clamp(1, batches.len().div_ceil(per_instance).max(1));
        let queue = Queue::new(items, batches, per_instance);
        // Even one batch gets a thread: how much stack the caller has left is not known.
        let mut done: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    thread::Builder::new()
                        .stack_size(THREAD_STACK_BYTES)
                        .spawn_scoped(scope, || self.work(&queue))
                })
                .collect::<Result<_, _>>()
                .map_err(cannot_start)?;
            let done = workers
                .into_iter()
                .flat_map(|worker| worker.join().expect("a worker does not panic"));
            Ok::<_, Failure>(done.collect())
        })?;
        done.sort_by_key(|batch| batch.number);
        let mut outcomes = Vec::with_capacity(items.len());
        for batch in done {
            outcomes.extend(batch.outcomes?);
        }
        Ok(outcomes)
    }

    /// One thread's work: takes batches from the queue until it is empty or a batch has failed.
    fn work(&self, queue: &Queue<'_, R::Item>) -> Vec<FinishedBatch<R::Outcome>> {
        let mut done = Vec::new();
        while let Some(numbers) = queue.take() {
            let mut reusable = None;
            for number in numbers {
                let position = queue.position(number);
                let items = &queue.items[position.items.clone()];
                let outcomes = self.outcomes(&mut reusable, &position, items);
                let has_failed = outcomes.is_err();
                done.push(FinishedBatch { number, outcomes });
                if has_failed {
                    queue.failed.store(true, Ordering::Relaxed);
                    return done;
                }
            }
        }
        done
    }

    /// The outcomes of one batch. The policy applies where the plugin fails on it.
    fn outcomes(
        &self,
        reusable: &mut Option<ReusableInstance<R>>,
        position: &BatchPosition,
        items: &[R::Item],
    ) -> Result<Vec<R::Outcome>, Failure> {
        let mut attempt = self.attempt(reusable, position, items)?;
        if self.policy.on_error == OnError::Retry && matches!(attempt, Attempt::Fault(_)) {
            attempt = self.attempt(&mut None, position, items)?;
        }
        let failure = match attempt {
            Attempt::Outcomes(outcomes) => return Ok(outcomes),
            Attempt::Fault(failure) => failure,
        };
        let failure = match &self.policy.directory {
            Some(directory) => failed_batch::keep(self, items, failure, directory)?,
            None => failure,
        };
        if self.policy.on_error != OnError::Unscored {
            return Err(failure);
        }
        tracing::warn!(
            plugin = self.identity.name,
            "continuing without the items that it fails on: {failure}"
        );
        self.without_failing(position, items, &mut MAX_SPLITS.clone())
    }

    /// The outcomes of a batch that the plugin failed on: those of its halves, down to the items
    /// that it fails on.
    fn without_failing(
        &self,
        position: &BatchPosition,
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
            outcomes.extend(match self.attempt(&mut None, position, half)? {
                Attempt::Outcomes(outcomes) => outcomes,
                Attempt::Fault(_) => self.without_failing(position, half, splits)?,
            });
        }
        Ok(outcomes)
    }

    /// Calls the plugin once, and checks its outcomes.
    fn attempt(
        &self,
        reusable: &mut Option<ReusableInstance<R>>,
        position: &BatchPosition,
        items: &[R::Item],
    ) -> Result<Attempt<R::Outcome>, Failure> {
        match self.code.call(reusable, items) {
            Ok(outcomes) => Ok(match self.check(position, items, &outcomes) {
                Ok(()) => Attempt::Outcomes(outcomes),
                Err(broken) => Attempt::Fault(broken),
            }),
            Err(CallError::Guest(fault)) => Ok(Attempt::Fault(
                fault.failure(&self.subject(), &position.batch_and_items()),
            )),
            Err(CallError::Host(failure)) => Err(failure),
        }
    }

    /// Refuses outcomes that break the contract.
    fn check(
        &self,
        position: &BatchPosition,
        items: &[R::Item],
        outcomes: &[R::Outcome],
    ) -> Result<(), Failure> {
        let broken = |what: String| {
            let what = format!("{} returned {what} {}", self.subject(), position.batch());
            Failure::new(FailureKind::Plugin, what)
                .hint("this is a bug of the plugin: its outcomes break the contract in `wit/`")
        };
        if outcomes.len() != items.len() {
            let (has, expected) = (outcomes.len(), items.len());
            let what = format!("{has} instead of {expected} outcomes for the {}", R::ITEMS);
            return Err(broken(what));
        }
        for (index, (item, outcome)) in items.iter().zip(outcomes).enumerate() {
            let number = position.items.start + index + 1;
            R::check(item, outcome)
                .and_then(|()| {
                    self.score_range
                        .map_or(Ok(()), |range| R::check_range(outcome, range))
                })
                .map_err(|what| broken(format!("{what} for {}", R::name(item, number))))?;
        }
        Ok(())
    }
}

/// The batches of one call, handed out in order.
///
/// Batches that one instance serves go to one thread. A thread ends with its first failure, so
/// every batch before the first failed one has been started and will be finished.
struct Queue<'a, T> {
    items: &'a [T],
    batches: &'a [Range<usize>],
    per_instance: usize,
    next: AtomicUsize,
    failed: AtomicBool,
}

impl<'a, T> Queue<'a, T> {
    fn new(items: &'a [T], batches: &'a [Range<usize>], per_instance: usize) -> Self {
        Self {
            items,
            batches,
            per_instance,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        }
    }

    /// The numbers of the batches that one instance serves next.
    fn take(&self) -> Option<Range<usize>> {
        if self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let first = self.next.fetch_add(self.per_instance, Ordering::Relaxed);
        let end = (first + self.per_instance).min(self.batches.len());
        (first < end).then_some(first..end)
    }

    fn position(&self, number: usize) -> BatchPosition {
        BatchPosition {
            number,
            of: self.batches.len(),
            items: self.batches[number].clone(),
        }
    }
}

struct FinishedBatch<T> {
    number: usize,
    outcomes: Result<Vec<T>, Failure>,
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::new(FailureKind::Resources, "cannot start a thread for plugins").because(error)
}

/// The position of a batch among all.
struct BatchPosition {
    number: usize,
    of: usize,
    items: Range<usize>,
}

impl BatchPosition {
    fn batch(&self) -> String {
        format!("in batch {} of {}", self.number + 1, self.of)
    }

    /// For failures that no item can be named for.
    fn batch_and_items(&self) -> String {
        format!(
            "{} (items {} to {})",
            self.batch(),
            self.items.start + 1,
            self.items.end
        )
    }
}
