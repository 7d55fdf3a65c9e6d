//! The gate that every request goes through: how many at once, how many a minute, how many in all.
//!
//! One server has one gate, whoever asks. A server that asks for peace closes it for everybody.
//! Knows nothing of HTTP.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tpo_types::ModelError;

use crate::RemoteConfig;

const MINUTE: Duration = Duration::from_mins(1);

/// What the gate allows.
#[derive(Debug, Clone, Copy)]
struct Rules {
    at_once: u32,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
    calls: Option<u64>,
    tokens: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Gate {
    rules: Rules,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    inside: u32,
    /// Requests begun within the last minute, oldest first.
    recent: VecDeque<Recent>,
    /// Requests begun in all.
    calls: u64,
    /// Tokens used in all; what is not known yet counts as estimated.
    tokens: u64,
    closed_until: Option<Instant>,
    /// Why nobody comes through any more.
    shut: Option<ModelError>,
}

#[derive(Debug)]
struct Recent {
    call: u64,
    begun: Instant,
    tokens: u64,
}

/// One request is inside. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    call: u64,
    estimate: u64,
}

impl Gate {
    pub(crate) fn new(config: &RemoteConfig) -> Self {
        let rules = Rules {
            at_once: config.concurrency,
            requests_per_minute: config.requests_per_minute,
            tokens_per_minute: config.tokens_per_minute,
            calls: config.max_calls,
            tokens: config.max_tokens,
        };
        Self {
            rules,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until a request of about `estimate` tokens may begin.
    pub(crate) fn enter(&self, estimate: u64) -> Result<Pass<'_>, ModelError> {
        let mut state = self.state();
        loop {
            if let Some(why) = &state.shut {
                return Err(why.clone());
            }
            if let Some(spent) = self.rules.spent(&state, estimate) {
                // Those inside may use less than was thought.
                if state.inside > 0 {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                let why = ModelError::BudgetExhausted(spent);
                state.shut = Some(why.clone());
                self.changed.notify_all();
                return Err(why);
            }
            let now = Instant::now();
            state.forget_before(now);
            match self.rules.wait(&state, estimate, now) {
                Wait::No => break,
                Wait::ForOthers => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Wait::Until(then) => {
                    let pause = then
                        .saturating_duration_since(now)
                        .max(Duration::from_millis(1));
                    state = self
                        .changed
                        .wait_timeout(state, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
            }
        }
        state.inside += 1;
        state.calls += 1;
        state.tokens += estimate;
        let call = state.calls;
        state.recent.push_back(Recent {
            call,
            begun: Instant::now(),
            tokens: estimate,
        });
        Ok(Pass {
            gate: self,
            call,
            estimate,
        })
    }

    /// Lets nobody in for a while.
    pub(crate) fn close_for(&self, pause: Duration) {
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Some(Instant::now() + pause));
    }

    /// Lets nobody in any more.
    pub(crate) fn shut(&self, why: ModelError) {
        self.state().shut.get_or_insert(why);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// What was estimated is known now.
    pub(crate) fn used(&self, tokens: u64) {
        let mut state = self.gate.state();
        state.tokens = state.tokens - self.estimate + tokens;
        if let Some(recent) = state
            .recent
            .iter_mut()
            .find(|recent| recent.call == self.call)
        {
            recent.tokens = tokens;
        }
    }

    /// The request was refused or got lost: it used no tokens.
    pub(crate) fn in_vain(&self) {
        self.used(0);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.state().inside -= 1;
        self.gate.changed.notify_all();
    }
}

impl State {
    fn forget_before(&mut self, now: Instant) {
        while self
            .recent
            .front()
            .is_some_and(|recent| now.saturating_duration_since(recent.begun) >= MINUTE)
        {
            self.recent.pop_front();
        }
    }
}

enum Wait {
    No,
    Until(Instant),
    ForOthers,
}

impl Rules {
    /// What is used up, if something is.
    fn spent(&self, state: &State, estimate: u64) -> Option<String> {
        if let Some(calls) = self.calls.filter(|calls| state.calls >= *calls) {
            return Some(format!("`max_calls` = {calls} requests were sent"));
        }
        let tokens = self
            .tokens
            .filter(|tokens| state.tokens + estimate > *tokens)?;
        Some(format!(
            "`max_tokens` = {tokens} do not suffice: {} are used, the next request takes \
                {estimate}",
            state.tokens
        ))
    }

    fn wait(&self, state: &State, estimate: u64, now: Instant) -> Wait {
        if state.inside >= self.at_once {
            return Wait::ForOthers;
        }
        if let Some(then) = state.closed_until.filter(|then| *then > now) {
            return Wait::Until(then);
        }
        let oldest = state.recent.front().map(|recent| recent.begun + MINUTE);
        let too_many = self
            .requests_per_minute
            .is_some_and(|most| state.recent.len() >= most as usize);
        let tokens: u64 = state.recent.iter().map(|recent| recent.tokens).sum();
        // A request that is larger than a minute's share goes alone.
        let too_much = self
            .tokens_per_minute
            .is_some_and(|most| tokens > 0 && tokens + estimate > most);
        match oldest {
            Some(then) if too_many || too_much => Wait::Until(then),
            _ => Wait::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    const OPEN: Rules = Rules {
        at_once: 100,
        requests_per_minute: None,
        tokens_per_minute: None,
        calls: None,
        tokens: None,
    };

    fn gate(rules: Rules) -> Gate {
        Gate {
            rules,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    #[test]
    fn never_more_at_once_than_allowed() {
        let gate = gate(Rules { at_once: 3, ..OPEN });
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _pass = gate.enter(1).expect("a pass");
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 3);
    }

    #[test]
    fn a_minute_has_its_share() {
        let now = Instant::now();
        let mut state = State::default();
        state.recent.push_back(Recent {
            call: 1,
            begun: now,
            tokens: 60,
        });
        state.recent.push_back(Recent {
            call: 2,
            begun: now,
            tokens: 0,
        });
        let waits = |rules: Rules, estimate| matches!(rules.wait(&state, estimate, now), Wait::Until(then) if then == now + MINUTE);
        assert!(waits(
            Rules {
                requests_per_minute: Some(2),
                ..OPEN
            },
            1
        ));
        assert!(!waits(
            Rules {
                requests_per_minute: Some(3),
                ..OPEN
            },
            1
        ));
        assert!(waits(
            Rules {
                tokens_per_minute: Some(100),
                ..OPEN
            },
            41
        ));
        assert!(!waits(
            Rules {
                tokens_per_minute: Some(100),
                ..OPEN
            },
            40
        ));
        state.forget_before(now + MINUTE);
        assert!(state.recent.is_empty());
        // Alone, even what is too large.
        let rules = Rules {
            tokens_per_minute: Some(10),
            ..OPEN
        };
        assert!(matches!(rules.wait(&state, 500, now), Wait::No));
    }

    #[test]
    fn a_budget_is_never_overdrawn() {
        let gate = gate(Rules {
            calls: Some(2),
            ..OPEN
        });
        drop(gate.enter(1).expect("the first"));
        drop(gate.enter(1).expect("the second"));
        assert!(
            matches!(gate.enter(1), Err(ModelError::BudgetExhausted(why)) if why.contains("max_calls"))
        );

        let gate = self::gate(Rules {
            tokens: Some(100),
            ..OPEN
        });
        gate.enter(60).expect("there is enough").used(30);
        gate.enter(70).expect("it used less").in_vain();
        drop(gate.enter(70).expect("what was lost used nothing"));
        assert!(
            matches!(gate.enter(1), Err(ModelError::BudgetExhausted(why)) if why.contains("100"))
        );
    }

    #[test]
    fn who_waits_learns_that_the_gate_is_shut() {
        let gate = gate(Rules { at_once: 1, ..OPEN });
        let pass = gate.enter(1).expect("a pass");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(1).map(drop));
            thread::sleep(Duration::from_millis(5));
            gate.shut(ModelError::Unavailable("gone".into()));
            assert_eq!(
                waiting.join().expect("it ends"),
                Err(ModelError::Unavailable("gone".into()))
            );
        });
        drop(pass);
    }

    #[test]
    fn a_closed_gate_opens_again() {
        let gate = gate(OPEN);
        let before = Instant::now();
        gate.close_for(Duration::from_millis(30));
        gate.close_for(Duration::from_millis(1));
        drop(gate.enter(1).expect("a pass"));
        assert!(before.elapsed() >= Duration::from_millis(30));
    }
}
