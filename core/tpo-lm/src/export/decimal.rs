//! Numbers in exported JSON files.

/// The shortest decimal number that reads back as `value`: plain widening would write `1e-5` as
/// `9.999999747378752e-06`.
pub(super) fn decimal(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}
