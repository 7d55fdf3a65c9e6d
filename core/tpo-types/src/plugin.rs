//! Which plugin plays which role.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The roles of the contract: a row per role.
macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $role:ident = $interface:literal, slot $slot:literal;)+) => {
        /// What a plugin does in a run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum PluginRole {
            $($(#[doc = $doc])+ #[serde(rename = $interface)] $role,)+
        }

        impl PluginRole {
            /// Every role.
            pub const ALL: [Self; [$(Self::$role),+].len()] = [$(Self::$role),+];

            /// The name of the contract's interface.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$role => $interface,)+
                }
            }

            /// What a run calls the plugin that it uses in this role: the option `--judge` and the
            /// table `[judge]` of a configuration, for example.
            pub const fn slot(self) -> &'static str {
                match self {
                    $(Self::$role => $slot,)+
                }
            }
        }
    };
}

roles! {
    /// Renders instructions with a thought prompt.
    ThoughtTemplate = "thought-template", slot "thought";
    /// Splits completions into thought and response.
    ResponseParser = "response-parser", slot "parser";
    /// Scores responses.
    Judge = "judge", slot "judge";
    /// Compares two responses.
    PairwiseJudge = "pairwise-judge", slot "judge";
    /// Chooses the pairs.
    PairSelector = "pair-selector", slot "selector";
}

impl PluginRole {
    /// The role whose interface has that name.
    pub fn named(interface: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == interface)
    }

    /// The names of all roles, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// Whether a run judges responses with it.
    pub fn is_judge(self) -> bool {
        self.slot() == Self::Judge.slot()
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
