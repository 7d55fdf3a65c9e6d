//! Keys, passwords and tokens.

use std::fmt;

/// A text that must not be shown: only [`expose`](Secret::expose) gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, to be sent.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with `replacement` in place of the secret, because servers repeat what they were
    /// sent. Redact before truncating: a part of the secret is not recognized.
    pub fn redact(&self, text: &str, replacement: &str) -> String {
        text.replace(&self.0, replacement)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("s3cret".into());
        assert_eq!(secret.redact("no s3cret here", "[key]"), "no [key] here");
        assert!(!format!("{secret:?}").contains("s3cret"));
    }
}
