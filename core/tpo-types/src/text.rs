//! Foreign text (of models, plugins, servers and files) made safe for messages and terminals.

/// Whether `c` can command a terminal or reorder text: control characters except line breaks and
/// tabs, and bidirectional formatting characters.
pub fn is_hostile(c: char) -> bool {
    is_bidi(c) || (c.is_control() && c != '\n' && c != '\t')
}

fn is_bidi(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Replaces every hostile character by U+FFFD.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_hostile(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Removes hostile characters and truncates to `max_bytes`, with an ellipsis where text was cut.
pub fn sanitize(text: &str, max_bytes: usize) -> String {
    let end = text.floor_char_boundary(max_bytes);
    let mut sanitized: String = text[..end].chars().filter(|&c| !is_hostile(c)).collect();
    if end < text.len() {
        sanitized.push('…');
    }
    sanitized
}

/// The most characters that [`escape`] keeps.
const MAX_ESCAPED: usize = 120;

/// The start of `text` as one line, with everything that does not print escaped as in a Rust
/// literal: for names and other short values.
pub fn escape(text: &str) -> String {
    let shown: String = text.chars().take(MAX_ESCAPED).collect();
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\r\u{202e}b\n\tc\u{9b}31m\u{0}";

    #[test]
    fn hostile_characters_are_replaced_removed_or_escaped() {
        assert_eq!(
            printable(HOSTILE),
            "a\u{fffd}[2J\u{fffd}\u{fffd}b\n\tc\u{fffd}31m\u{fffd}"
        );
        assert_eq!(sanitize(HOSTILE, 100), "a[2Jb\n\tc31m");
        assert_eq!(escape(HOSTILE), r"a\u{1b}[2J\r\u{202e}b\n\tc\u{9b}31m\0");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(sanitize("aé", 3), "aé");
        assert_eq!(sanitize("aéb", 3), "aé…");
        assert_eq!(sanitize("aéb", 2), "a…");
        assert_eq!(escape(&"é".repeat(200)), "é".repeat(MAX_ESCAPED));
    }
}
