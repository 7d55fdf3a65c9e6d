//! How long to wait before a request is sent again.

use std::time::{Duration, SystemTime};

/// The longest first pause.
const BASE: Duration = Duration::from_millis(500);
/// The longest pause.
const CAP: Duration = Duration::from_secs(8);
/// The longest pause that a server may ask for.
const PATIENCE: Duration = Duration::from_mins(10);

/// A pause before attempt `attempt`, from 1: anything up to `min(8 s, 0.5 s * 2^(attempt - 1))`.
/// That all of it is left to chance ("full jitter") keeps those who were refused together from
/// coming back together.
pub(crate) fn before(attempt: u32) -> Duration {
    let longest = BASE
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(CAP);
    // Without randomness the longest pause is the safe one.
    let chance = getrandom::u32().map_or(1.0, |chance| f64::from(chance) / f64::from(u32::MAX));
    longest.mul_f64(chance)
}

/// What a server asks for with `Retry-After`: seconds, or the date when to come back.
pub(crate) fn asked_for(retry_after: &str, now: SystemTime) -> Option<Duration> {
    let pause = match retry_after.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => httpdate::parse_http_date(retry_after.trim())
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(pause.min(PATIENCE))
}

/// The same with `retry-after-ms`, which some servers send for shorter pauses.
pub(crate) fn asked_for_milliseconds(retry_after_ms: &str) -> Option<Duration> {
    let seconds = retry_after_ms.trim().parse::<f64>().ok()? / 1000.0;
    Some(Duration::try_from_secs_f64(seconds).ok()?.min(PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for (attempt, longest) in [
            (1, 500),
            (2, 1000),
            (3, 2000),
            (5, 8000),
            (6, 8000),
            (99, 8000),
        ] {
            let pauses: Vec<Duration> = (0..200).map(|_| before(attempt)).collect();
            assert!(
                pauses
                    .iter()
                    .all(|pause| *pause <= Duration::from_millis(longest))
            );
            // Two hundred draws that all stay below a half would be a wonder.
            assert!(
                pauses
                    .iter()
                    .any(|pause| *pause > Duration::from_millis(longest / 2))
            );
        }
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (text, seconds) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("86400", Some(600)),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("inf", None),
            ("soon", None),
        ] {
            assert_eq!(
                asked_for(text, now),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
        assert_eq!(
            asked_for_milliseconds("250"),
            Some(Duration::from_millis(250))
        );
        assert_eq!(asked_for_milliseconds("soon"), None);
    }
}
