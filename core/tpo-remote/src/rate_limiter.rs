//! RequestLimits on requests: how many at once, per minute and in total.
//!
//! Every request to a server goes through the server's one limiter, so a server that asks for a
//! delay delays all of them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tpo_types::ModelError;

use crate::RemoteConfig;

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy)]
struct RequestLimits {
    concurrency: u32,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
    max_requests: Option<u64>,
    max_total_tokens: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct RateLimiter {
    limits: RequestLimits,
    state: Mutex<LimiterState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct LimiterState {
    in_flight: u32,
    /// Requests sent within the last minute, oldest first.
    recent: VecDeque<Recent>,
    /// Requests sent in total.
    requests: u64,
    /// Tokens used in total; a request in flight counts as estimated.
    tokens: u64,
    paused_until: Option<Instant>,
    /// Why no further request may be sent.
    closed: Option<ModelError>,
}

#[derive(Debug)]
struct Recent {
    number: u64,
    begun: Instant,
    tokens: u64,
}

/// Allows one request; dropping it lets the next one begin.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    limiter: &'a RateLimiter,
    number: u64,
    estimate: u64,
}

impl RateLimiter {
    pub(crate) fn new(config: &RemoteConfig) -> Self {
        let limits = RequestLimits {
            concurrency: config.concurrency,
            requests_per_minute: config.requests_per_minute,
            tokens_per_minute: config.tokens_per_minute,
            max_requests: config.max_requests,
            max_total_tokens: config.max_total_tokens,
        };
        Self {
            limits,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until a request of about `estimate` tokens may be sent.
    pub(crate) fn acquire(&self, estimate: u64) -> Result<Permit<'_>, ModelError> {
        let mut state = self.state();
        loop {
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            if let Some(exhausted) = self.limits.exhausted(&state, estimate) {
                // Requests in flight may use less than estimated.
                if state.in_flight > 0 {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                let why = ModelError::BudgetExhausted(exhausted);
                state.closed = Some(why.clone());
                self.changed.notify_all();
                return Err(why);
            }
            let now = Instant::now();
            state.expire(now);
            match self.limits.wait(&state, estimate, now) {
                Wait::No => break,
                Wait::ForPermit => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Wait::Until(then) => {
                    let delay = then
                        .saturating_duration_since(now)
                        .max(Duration::from_millis(1));
                    state = self
                        .changed
                        .wait_timeout(state, delay)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
            }
        }
        state.in_flight += 1;
        state.requests += 1;
        state.tokens += estimate;
        let number = state.requests;
        state.recent.push_back(Recent {
            number,
            begun: Instant::now(),
            tokens: estimate,
        });
        Ok(Permit {
            limiter: self,
            number,
            estimate,
        })
    }

    /// Lets no request begin for `delay`.
    pub(crate) fn pause(&self, delay: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(Instant::now() + delay));
    }

    /// Refuses all further requests with this error.
    pub(crate) fn close(&self, why: ModelError) {
        self.state().closed.get_or_insert(why);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, LimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Replaces the estimate by the tokens that the request used.
    pub(crate) fn record_usage(&self, tokens: u64) {
        let mut state = self.limiter.state();
        state.tokens = state.tokens - self.estimate + tokens;
        if let Some(recent) = state
            .recent
            .iter_mut()
            .find(|recent| recent.number == self.number)
        {
            recent.tokens = tokens;
        }
    }

    /// Returns the estimated tokens: the request was refused or lost.
    pub(crate) fn refund(&self) {
        self.record_usage(0);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.state().in_flight -= 1;
        self.limiter.changed.notify_all();
    }
}

impl LimiterState {
    fn expire(&mut self, now: Instant) {
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
    ForPermit,
}

impl RequestLimits {
    /// Which budget is exhausted, if one is.
    fn exhausted(&self, state: &LimiterState, estimate: u64) -> Option<String> {
        if let Some(requests) = self
            .max_requests
            .filter(|requests| state.requests >= *requests)
        {
            return Some(format!(
                "all {requests} requests of `max_requests` were sent"
            ));
        }
        let tokens = self
            .max_total_tokens
            .filter(|tokens| state.tokens + estimate > *tokens)?;
        Some(format!(
            "`max_total_tokens` is {tokens}: {} tokens were used, and the next request needs about \
             {estimate}",
            state.tokens
        ))
    }

    fn wait(&self, state: &LimiterState, estimate: u64, now: Instant) -> Wait {
        if state.in_flight >= self.concurrency {
            return Wait::ForPermit;
        }
        if let Some(then) = state.paused_until.filter(|then| *then > now) {
            return Wait::Until(then);
        }
        let oldest = state.recent.front().map(|recent| recent.begun + MINUTE);
        let too_many = self
            .requests_per_minute
            .is_some_and(|most| state.recent.len() >= most as usize);
        let tokens: u64 = state.recent.iter().map(|recent| recent.tokens).sum();
        // A request that exceeds the limit on its own is sent alone.
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

    const OPEN: RequestLimits = RequestLimits {
        concurrency: 100,
        requests_per_minute: None,
        tokens_per_minute: None,
        max_requests: None,
        max_total_tokens: None,
    };

    fn limiter(limits: RequestLimits) -> RateLimiter {
        RateLimiter {
            limits,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    #[test]
    fn requests_in_flight_are_bounded() {
        let limiter = limiter(RequestLimits {
            concurrency: 3,
            ..OPEN
        });
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _permit = limiter.acquire(1).expect("a permit");
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 3);
    }

    #[test]
    fn limits_per_minute_are_kept() {
        let now = Instant::now();
        let mut state = LimiterState::default();
        state.recent.push_back(Recent {
            number: 1,
            begun: now,
            tokens: 60,
        });
        state.recent.push_back(Recent {
            number: 2,
            begun: now,
            tokens: 0,
        });
        let waits = |limits: RequestLimits, estimate| {
            let wait = limits.wait(&state, estimate, now);
            matches!(wait, Wait::Until(then) if then == now + MINUTE)
        };
        assert!(waits(
            RequestLimits {
                requests_per_minute: Some(2),
                ..OPEN
            },
            1
        ));
        assert!(!waits(
            RequestLimits {
                requests_per_minute: Some(3),
                ..OPEN
            },
            1
        ));
        assert!(waits(
            RequestLimits {
                tokens_per_minute: Some(100),
                ..OPEN
            },
            41
        ));
        assert!(!waits(
            RequestLimits {
                tokens_per_minute: Some(100),
                ..OPEN
            },
            40
        ));
        state.expire(now + MINUTE);
        assert!(state.recent.is_empty());
        // A request that is too large on its own is sent when no other was.
        let limits = RequestLimits {
            tokens_per_minute: Some(10),
            ..OPEN
        };
        assert!(matches!(limits.wait(&state, 500, now), Wait::No));
    }

    #[test]
    fn budgets_are_kept() {
        let exhausted = |limiter: &RateLimiter| match limiter.acquire(1) {
            Err(ModelError::BudgetExhausted(why)) => why,
            other => panic!("{other:?}"),
        };
        let limiter = limiter(RequestLimits {
            max_requests: Some(2),
            ..OPEN
        });
        drop(limiter.acquire(1).expect("the first"));
        drop(limiter.acquire(1).expect("the second"));
        assert!(exhausted(&limiter).contains("max_requests"));

        let limiter = self::limiter(RequestLimits {
            max_total_tokens: Some(100),
            ..OPEN
        });
        limiter
            .acquire(60)
            .expect("there is enough")
            .record_usage(30);
        limiter.acquire(70).expect("it used less").refund();
        drop(limiter.acquire(70).expect("what was lost used nothing"));
        assert!(exhausted(&limiter).contains("100"));
    }

    #[test]
    fn closing_wakes_whoever_waits() {
        let limiter = limiter(RequestLimits {
            concurrency: 1,
            ..OPEN
        });
        let permit = limiter.acquire(1).expect("a permit");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| limiter.acquire(1).map(drop));
            thread::sleep(Duration::from_millis(5));
            limiter.close(ModelError::Unavailable("gone".into()));
            assert_eq!(
                waiting.join().expect("it ends"),
                Err(ModelError::Unavailable("gone".into()))
            );
        });
        drop(permit);
    }

    #[test]
    fn a_pause_ends() {
        let limiter = limiter(OPEN);
        let before = Instant::now();
        limiter.pause(Duration::from_millis(30));
        limiter.pause(Duration::from_millis(1));
        drop(limiter.acquire(1).expect("a permit"));
        assert!(before.elapsed() >= Duration::from_millis(30));
    }
}
