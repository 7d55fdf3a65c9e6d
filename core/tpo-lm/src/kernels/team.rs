//! Threads for kernels that take microseconds.
//!
//! A sampling step is a few hundred kernels one after the other, each too short for threads that
//! sleep between them: waking them would take longer than their work. The members of a team spin
//! for a moment after each piece of work, so that the next one starts at once, and sleep when none
//! comes. Nobody waits for a member that has not started, so a machine with fewer free cores than
//! threads only loses the help of some.
#![expect(
    unsafe_code,
    reason = "members borrow the caller's work, which no safe thread pool passes on for so short a time"
)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, TryLockError};
use std::thread::Thread;

/// How often a member looks for work before it sleeps: about a tenth of a millisecond.
const SPINS: usize = 2000;

/// How often the caller looks whether the others are done before it offers its core to them.
const SPINS_BEFORE_YIELD: usize = 10_000;

/// Runs `work(0)` to `work(tasks - 1)`, each once, on as many threads as rayon's current pool has.
/// Returns when all are done. Work inside of work runs on the thread that asks for it.
pub(crate) fn for_each_index(tasks: usize, work: impl Fn(usize) + Sync) {
    let helpers = (rayon::current_num_threads() - 1).min(tasks.saturating_sub(1));
    if helpers == 0 {
        (0..tasks).for_each(work);
        return;
    }
    team().run(helpers, tasks, &work);
}

/// Runs `work` on every item, each once, like [`for_each_index`].
pub(crate) fn for_each<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let items: Vec<Mutex<Option<T>>> = items
        .into_iter()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    for_each_index(items.len(), |at| {
        let item = items[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        work(item.expect("every index is run once"));
    });
}

fn team() -> &'static Team {
    static TEAM: OnceLock<&'static Team> = OnceLock::new();
    TEAM.get_or_init(|| Team::start(rayon::current_num_threads().max(available()) - 1))
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The caller's work, as the members see it.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// A piece of work that is offered to the members.
#[derive(Clone, Copy)]
struct Offer {
    /// Borrowed from the caller, who does not return before every member that entered has left.
    work: *const Work<'static>,
    tasks: usize,
    /// Only members with a lower number take part.
    helpers: usize,
}

/// An offer is open as long as this bit of [`Team::entry`] is set.
const OPEN: usize = 1 << 16;
/// Each offer adds this to [`Team::entry`], so that a member enters it once.
const NEXT: usize = OPEN << 1;
/// The other bits of [`Team::entry`] count the members that have entered.
const ENTERED: usize = OPEN - 1;

struct Team {
    /// Held by the caller whose work the team does.
    caller: Mutex<()>,
    /// Number of the offer, whether it is open, and how many members have entered.
    entry: AtomicUsize,
    offer: UnsafeCell<Offer>,
    /// The next task of the offer.
    next: AtomicUsize,
    /// Members that have left the offer.
    left: AtomicUsize,
    /// What a member panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    members: OnceLock<Vec<Member>>,
}

struct Member {
    thread: Thread,
    /// Whether it has to be woken.
    asleep: &'static AtomicBool,
}

// SAFETY: `offer` is the only field that is not `Sync`. It is written only by the holder of
// `caller` while the entry is closed and nobody is inside, and read only by members that have
// entered.
unsafe impl Sync for Team {}
// SAFETY: the pointer in `offer` is to work that is `Sync`, so any thread may call it.
unsafe impl Send for Team {}

impl Team {
    /// A team of so many members besides the caller.
    fn start(members: usize) -> &'static Self {
        let nothing: &Work<'static> = &|_| {};
        let team: &'static Self = Box::leak(Box::new(Self {
            caller: Mutex::new(()),
            entry: AtomicUsize::new(0),
            offer: UnsafeCell::new(Offer {
                work: nothing,
                tasks: 0,
                helpers: 0,
            }),
            next: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            panic: Mutex::new(None),
            members: OnceLock::new(),
        }));
        let members = (0..members.min(ENTERED)).filter_map(|number| {
            let asleep: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
            // Without a thread, the others do its share.
            let handle = std::thread::Builder::new()
                .name(format!("kernels-{number}"))
                .spawn(move || team.serve(number, asleep))
                .ok()?;
            Some(Member {
                thread: handle.thread().clone(),
                asleep,
            })
        });
        let members = members.collect();
        assert!(team.members.set(members).is_ok(), "a team starts once");
        team
    }

    fn run(&self, helpers: usize, tasks: usize, work: &Work<'_>) {
        let _caller = match self.caller.try_lock() {
            Ok(caller) => caller,
            Err(TryLockError::Poisoned(after_a_panic)) => after_a_panic.into_inner(),
            // Busy with the work of another thread, or with work that this is a part of.
            Err(TryLockError::WouldBlock) => return (0..tasks).for_each(work),
        };
        // SAFETY: the lifetime is only forgotten. This function does not return, nor unwind,
        // before every member that entered has left, and then nobody reads the offer.
        let work = unsafe { std::mem::transmute::<&Work<'_>, &'static Work<'static>>(work) };
        // SAFETY: the entry is closed and nobody is inside, by the end of the last call, and the
        // caller's lock is held.
        unsafe {
            *self.offer.get() = Offer {
                work,
                tasks,
                helpers,
            };
        }
        self.next.store(0, Ordering::Relaxed);
        self.left.store(0, Ordering::Relaxed);
        let number = self.entry.load(Ordering::Relaxed) & !(ENTERED | OPEN);
        self.entry
            .store(number.wrapping_add(NEXT) | OPEN, Ordering::SeqCst);
        for member in self.members.get().into_iter().flatten().take(helpers) {
            if member.asleep.load(Ordering::SeqCst) {
                member.thread.unpark();
            }
        }
        let own = catch_unwind(AssertUnwindSafe(|| self.take_tasks(tasks, work)));
        let entered = self.entry.fetch_and(!OPEN, Ordering::AcqRel) & ENTERED;
        let mut spins = 0;
        while self.left.load(Ordering::Acquire) < entered {
            spins += 1;
            if spins < SPINS_BEFORE_YIELD {
                spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        let other = self
            .panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(payload) = own.err().or(other) {
            resume_unwind(payload);
        }
    }

    fn take_tasks(&self, tasks: usize, work: &Work<'_>) {
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return;
            }
            work(task);
        }
    }

    /// The life of a member.
    fn serve(&self, number: usize, asleep: &AtomicBool) {
        let mut seen = 0;
        loop {
            let entry = self.wait(seen, asleep);
            seen = entry & !(ENTERED | OPEN);
            self.help(number, entry);
        }
    }

    /// Waits for an offer after the one that was seen last; returns the entry with it.
    fn wait(&self, seen: usize, asleep: &AtomicBool) -> usize {
        let is_new = |entry: usize| entry & OPEN != 0 && entry & !(ENTERED | OPEN) != seen;
        for _ in 0..SPINS {
            let entry = self.entry.load(Ordering::Acquire);
            if is_new(entry) {
                return entry;
            }
            spin_loop();
        }
        // The caller stores the entry and then reads `asleep`; here it is the other way round, so
        // one of the two sees the other's.
        asleep.store(true, Ordering::SeqCst);
        loop {
            let entry = self.entry.load(Ordering::SeqCst);
            if is_new(entry) {
                asleep.store(false, Ordering::SeqCst);
                return entry;
            }
            std::thread::park();
        }
    }

    /// Enters an offer, unless it is closed by now, and works until no task is left.
    fn help(&self, number: usize, mut entry: usize) {
        let offer = entry & !(ENTERED | OPEN);
        loop {
            let is_open = entry & OPEN != 0 && entry & !(ENTERED | OPEN) == offer;
            if !is_open {
                return;
            }
            match self.entry.compare_exchange_weak(
                entry,
                entry + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(now) => entry = now,
            }
        }
        // SAFETY: it was written before the entry was opened, and is not written again before this
        // member has left.
        let offer = unsafe { *self.offer.get() };
        if number < offer.helpers {
            // SAFETY: the caller keeps the work alive until this member has left.
            let work = unsafe { &*offer.work };
            if let Err(payload) =
                catch_unwind(AssertUnwindSafe(|| self.take_tasks(offer.tasks, work)))
            {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
            }
        }
        self.left.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn sum(tasks: usize) -> u64 {
        let sum = AtomicU64::new(0);
        for_each_index(tasks, |task| {
            sum.fetch_add(task as u64 + 1, Ordering::Relaxed);
        });
        sum.into_inner()
    }

    fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool").install(work)
    }

    #[test]
    fn every_task_is_run_once() {
        for round in 0..5000 {
            let tasks = round % 40;
            assert_eq!(sum(tasks), (tasks * (tasks + 1) / 2) as u64);
        }
        for threads in [1, 2, 5] {
            assert_eq!(with_threads(threads, || sum(1000)), 500_500);
        }
    }

    #[test]
    fn items_are_moved_into_the_work() {
        let mut squares = vec![0; 100];
        for_each(squares.iter_mut().enumerate(), |(at, square)| {
            *square = at * at;
        });
        assert!(
            squares
                .iter()
                .enumerate()
                .all(|(at, square)| *square == at * at)
        );
    }

    #[test]
    fn work_inside_of_work_and_beside_it_is_done() {
        let total = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        for_each_index(8, |_| {
                            total.fetch_add(sum(10), Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * 200 * 8 * 55);
    }

    #[test]
    fn a_sleeping_team_wakes() {
        for _ in 0..20 {
            std::thread::sleep(std::time::Duration::from_millis(3));
            assert_eq!(sum(64), 2080);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_a_working_team() {
        for bad in 0..16 {
            let caught = catch_unwind(|| {
                for_each_index(16, |task| assert!(task != bad, "task {task}"));
            });
            assert!(caught.is_err());
            assert_eq!(sum(100), 5050);
        }
    }
}
