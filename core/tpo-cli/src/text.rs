//! Text of models, data sets and plugins on a terminal: only what prints, never what commands the terminal.

/// Replaces control and bidirectional characters, keeping line breaks and tabs.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect()
}

fn is_hostile(c: char) -> bool {
    let bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidi || (c.is_control() && c != '\n' && c != '\t')
}

/// A length in tokens, or any figure with one decimal.
pub(crate) fn one_decimal(value: f64) -> String {
    format!("{value:.1}")
}

/// A share as per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_bidi_do_not_reach_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\u{202e}c\u{9b}31m\n\td\u{0}";
        let shown = printable(hostile);
        assert_eq!(shown, "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}31m\n\td\u{fffd}");
    }
}
