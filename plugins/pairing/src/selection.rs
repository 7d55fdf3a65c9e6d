//! The selection of one group.

use tpo_plugin::{Extra, Pair, Selection};

/// The selection of one group: its pairs, at least one, or why it has none. Both carry the report
/// of the call.
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

/// The report of a call: named numbers, all finite.
pub fn report<'a>(numbers: impl IntoIterator<Item = (&'a str, f64)>) -> Extra {
    // Rust writes finite numbers as JSON does.
    numbers
        .into_iter()
        .map(|(name, number)| (name.into(), number.to_string()))
        .collect()
}
