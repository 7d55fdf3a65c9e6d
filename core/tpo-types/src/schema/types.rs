//! Types in the messages of serde.

/// The names of Rust's number types, and what they are for a user.
const TYPES: [(&str, &[&str]); 3] = [
    ("a number", &["f32", "f64"]),
    (
        "a non-negative integer",
        &["u8", "u16", "u32", "u64", "usize"],
    ),
    ("an integer", &["i8", "i16", "i32", "i64", "isize"]),
];

/// A message of serde in which `expected f64` at the end is `expected a number`, and so on.
pub fn plain_types(message: &str) -> String {
    let Some((before, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let plain = TYPES
        .iter()
        .find(|(_, names)| names.contains(&expected))
        .map_or(expected, |(plain, _)| plain);
    format!("{before}expected {plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_types_have_plain_names() {
        for (message, plain) in [
            (
                "invalid type: string \"hot\", expected f64",
                "invalid type: string \"hot\", expected a number",
            ),
            (
                "invalid value: integer `-1`, expected usize",
                "invalid value: integer `-1`, expected a non-negative integer",
            ),
            (
                "invalid type: integer `1`, expected a string",
                "invalid type: integer `1`, expected a string",
            ),
            ("missing field `x`", "missing field `x`"),
        ] {
            assert_eq!(plain_types(message), plain);
        }
    }
}
