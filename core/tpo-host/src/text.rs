//! Text from guests, made safe to print: bounded, and without characters that control a terminal.

/// `text` without control and bidirectional characters, cut after `max_bytes`. Line breaks and tabs
/// stay.
pub(crate) fn sanitize(text: &str, max_bytes: usize) -> String {
    let end = text.floor_char_boundary(max_bytes);
    let mut quoted: String = text[..end].chars().filter(|&c| !is_hostile(c)).collect();
    if end < text.len() {
        quoted.push('…');
    }
    quoted
}

fn is_hostile(c: char) -> bool {
    let bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidi || (c.is_control() && c != '\n' && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_terminal_is_removed() {
        assert_eq!(
            sanitize("a\u{1b}[2J\r\u{202e}b\n\tc\u{9b}31m\u{0}", 100),
            "a[2Jb\n\tc31m"
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(sanitize("aé", 3), "aé");
        assert_eq!(sanitize("aéb", 3), "aé…");
        assert_eq!(sanitize("aéb", 2), "a…");
    }
}
