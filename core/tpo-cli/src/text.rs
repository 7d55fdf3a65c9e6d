//! Makes text of models, data sets and plugins safe to print: nothing in it can control the
//! terminal.

use std::io::{self, Write};

use serde_json::Value;
use tpo_types::text::is_hostile;
pub(crate) use tpo_types::text::printable;

/// JSON whose hostile characters, which only strings can hold, are escaped: nothing is lost.
pub(crate) fn printable_json(value: &Value) -> String {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(PrintableJson(&mut text), value);
    String::from_utf8_lossy(&text).into_owned()
}

/// Escapes the JSON written to it. Every write must hold whole characters, as serializers do.
pub(crate) struct PrintableJson<W>(pub W);

impl<W: Write> Write for PrintableJson<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        let mut rest = str::from_utf8(json).map_err(io::Error::other)?;
        while let Some((at, hostile)) = rest.char_indices().find(|&(_, c)| is_hostile(c)) {
            // All of these characters are in the basic multilingual plane.
            write!(self.0, "{}\\u{:04x}", &rest[..at], hostile as u32)?;
            rest = &rest[at + hostile.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Indents all lines but the first, so that foreign text after a line break cannot be mistaken for
/// a message of ours.
pub(crate) fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// A number with one decimal.
pub(crate) fn one_decimal(value: f64) -> String {
    format!("{value:.1}")
}

/// A mean score, or `-` without one.
pub(crate) fn score(mean: Option<f64>) -> String {
    mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.4}"))
}

/// A fraction as a percentage.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1}%", fraction * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_bidi_do_not_reach_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\u{202e}c\u{9b}31m\n\td\u{0}";
        let shown = printable(hostile);
        assert_eq!(
            shown,
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}31m\n\td\u{fffd}"
        );
        let value = serde_json::json!([hostile]);
        let json = printable_json(&value);
        assert!(json.chars().all(|c| !is_hostile(c)), "{json}");
        assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), value);
    }
}
