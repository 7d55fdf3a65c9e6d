//! What is answered for one group.

use tpo_plugin::{Extra, Pair, Selection};

/// The answer for one group: its pairs, at least one, or why it has none. Both carry what holds for
/// the whole call.
pub fn selection(pairs: Result<Vec<Pair>, &'static str>, report: &Extra) -> Selection {
    let (pairs, dropped) = match pairs {
        Ok(pairs) => (pairs, None),
        Err(reason) => (Vec::new(), Some(reason.into())),
    };
    Selection {
        pairs,
        dropped,
        extra: report.clone(),
    }
}

/// Named numbers that hold for a whole call, finite.
pub fn report(numbers: &[(&str, f64)]) -> Extra {
    // A finite number is written by Rust as JSON writes it.
    numbers
        .iter()
        .map(|(name, number)| ((*name).into(), number.to_string()))
        .collect()
}
