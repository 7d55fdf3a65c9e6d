//! Which plugin plays which role.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The part a plugin plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginRole {
    /// Renders instructions with a thought prompt.
    ThoughtTemplate,
    /// Splits completions into thought and response.
    ResponseParser,
    /// Scores responses.
    Judge,
    /// Compares two responses.
    PairwiseJudge,
    /// Chooses the pairs.
    PairSelector,
}

impl PluginRole {
    /// Whether it scores responses.
    pub fn is_judge(self) -> bool {
        matches!(self, Self::Judge | Self::PairwiseJudge)
    }

    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::ThoughtTemplate,
        Self::ResponseParser,
        Self::Judge,
        Self::PairwiseJudge,
        Self::PairSelector,
    ];

    /// The name of the contract's interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThoughtTemplate => "thought-template",
            Self::ResponseParser => "response-parser",
            Self::Judge => "judge",
            Self::PairwiseJudge => "pairwise-judge",
            Self::PairSelector => "pair-selector",
        }
    }
}

impl fmt::Display for PluginRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Exactly which code plays a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    /// The plugin's own name.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Sha256 of the component's bytes, in hex.
    pub sha256: String,
    /// Where it came from: `built-in` or a path.
    pub source: String,
}

impl fmt::Display for PluginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({})",
            self.name,
            self.version,
            &self.sha256[..12.min(self.sha256.len())]
        )
    }
}
