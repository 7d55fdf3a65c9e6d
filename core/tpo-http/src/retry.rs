//! Sending a request again: how often, and after which delay.

use std::thread;
use std::time::{Duration, SystemTime};

use ureq::http::HeaderMap;
use ureq::http::header::RETRY_AFTER;

/// The longest delay that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);

/// Exponentially growing delays with full jitter.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The longest first delay; each further one is at most twice as long.
    pub base: Duration,
    /// The longest delay of all.
    pub cap: Duration,
}

impl Backoff {
    /// The delay after `attempts` failed ones, from 1: random up to
    /// `min(cap, base * 2^(attempts - 1))`, so that clients that were refused together do not come
    /// back together.
    pub fn delay(&self, attempts: u32) -> Duration {
        let longest = self
            .base
            .saturating_mul(1 << attempts.saturating_sub(1).min(16))
            .min(self.cap);
        // Without randomness the longest delay is the safe one.
        let chance = getrandom::u32().map_or(1.0, |chance| f64::from(chance) / f64::from(u32::MAX));
        longest.mul_f64(chance)
    }
}

/// Calls `send` until its result is not transient, at most `attempts` times, and returns the last
/// result.
pub fn with_retries<T>(
    attempts: u32,
    backoff: Backoff,
    is_transient: impl Fn(&T) -> bool,
    mut send: impl FnMut() -> T,
) -> T {
    for attempt in 1..attempts {
        let result = send();
        if !is_transient(&result) {
            return result;
        }
        thread::sleep(backoff.delay(attempt));
    }
    send()
}

/// How long the server wants to be left alone, at most ten minutes: `retry-after-ms`, or
/// `Retry-After` in seconds or as a date.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let delay = header("retry-after-ms")
        .and_then(|text| seconds(text, 1000.0))
        .or_else(|| seconds_or_date(header(RETRY_AFTER.as_str())?, SystemTime::now()))?;
    Some(delay.min(MAX_RETRY_AFTER))
}

fn seconds_or_date(text: &str, now: SystemTime) -> Option<Duration> {
    if text.trim().parse::<f64>().is_ok() {
        return seconds(text, 1.0);
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A number of units of which there are `per_second`.
fn seconds(text: &str, per_second: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number / per_second).ok()
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderValue;

    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(500),
        cap: Duration::from_secs(8),
    };

    #[test]
    fn delays_grow_and_stay_bounded() {
        for (attempts, longest) in [
            (1, 500),
            (2, 1000),
            (3, 2000),
            (5, 8000),
            (6, 8000),
            (99, 8000),
        ] {
            let longest = Duration::from_millis(longest);
            let delays: Vec<Duration> = (0..200).map(|_| BACKOFF.delay(attempts)).collect();
            assert!(delays.iter().all(|delay| *delay <= longest));
            // That two hundred draws all stay below a half is next to impossible.
            assert!(delays.iter().any(|delay| *delay > longest / 2));
        }
    }

    #[test]
    fn only_transient_results_are_retried() {
        let backoff = Backoff {
            base: Duration::ZERO,
            cap: Duration::ZERO,
        };
        let mut sent = 0;
        let mut count_to = |enough: u32| {
            sent = 0;
            with_retries(
                3,
                backoff,
                |sent| *sent < enough,
                || {
                    sent += 1;
                    sent
                },
            )
        };
        assert_eq!(count_to(1), 1);
        assert_eq!(count_to(2), 2);
        assert_eq!(count_to(9), 3);
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("86400", Some(86400)),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("inf", None),
            ("soon", None),
        ] {
            assert_eq!(
                seconds_or_date(text, now),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
    }

    #[test]
    fn headers_are_read_and_bounded() {
        for (name, text, delay) in [
            ("retry-after-ms", "250", Some(Duration::from_millis(250))),
            ("retry-after-ms", "soon", None),
            ("retry-after", "3", Some(Duration::from_secs(3))),
            ("retry-after", "86400", Some(MAX_RETRY_AFTER)),
        ] {
            let headers = HeaderMap::from_iter([(
                name.parse().expect("a name"),
                HeaderValue::from_static(text),
            )]);
            assert_eq!(retry_after(&headers), delay, "{name}: {text}");
        }
    }
}
