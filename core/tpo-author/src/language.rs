//! Languages with project templates.

use std::fmt;
use std::str::FromStr;

/// A language with a template and a way to build it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Built by cargo for `wasm32-wasip2`.
    Rust,
    /// Built by componentize-py.
    Python,
    /// Built by jco with QuickJS.
    JavaScript,
    /// Built by zig's clang.
    C,
    /// Built by Go's own compiler.
    Go,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 5] = [
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::C,
        Self::Go,
    ];

    /// The name in commands and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::C => "c",
            Self::Go => "go",
        }
    }

    /// The name in text.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::C => "C",
            Self::Go => "Go",
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|language| language.as_str() == name);
        known.ok_or_else(|| {
            format!(
                "the languages are {}",
                Self::ALL.map(Self::as_str).join(", ")
            )
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
