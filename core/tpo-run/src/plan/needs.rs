//! What judges of this project need of an instruction: without it they could score nothing.

use serde_json::Value;
use tpo_judge::JudgeConfig;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind, Instruction};

/// Instructions that an error names.
const SHOWN: usize = 3;
/// The keys of `rules` that make rules for every response.
const GENERAL_RULES: [&str; 3] = ["length", "repetition", "refusal"];

/// The instructions of a set that lack what a judge needs.
pub(crate) struct Lacking {
    /// Whether it is all of them.
    pub all: bool,
    /// What is lacking, in words.
    pub text: String,
}

impl Lacking {
    /// None if nothing is lacking, or if what the judge needs is not known.
    pub(crate) fn of(set: &str, instructions: &[Instruction], judge: &JudgeConfig) -> Option<Self> {
        let need = Need::of(judge)?;
        let lacking: Vec<String> = instructions
            .iter()
            .filter(|instruction| !need.is_met(instruction))
            .map(|instruction| format!("`{}`", sanitize(&instruction.id, 60)))
            .collect();
        (!lacking.is_empty()).then(|| Self {
            all: lacking.len() == instructions.len(),
            text: format!(
                "{} of {} instructions of `{set}` have no {}, which the judge `{}` needs: {}{}",
                lacking.len(),
                instructions.len(),
                need.what(),
                judge.plugin,
                lacking[..SHOWN.min(lacking.len())].join(", "),
                if lacking.len() > SHOWN { ", ..." } else { "" }
            ),
        })
    }

    /// The refusal of such a set.
    pub(crate) fn refusal(self) -> Failure {
        Failure::new(FailureKind::Input, self.text)
            .hint("add it to these rows, remove them, or use another judge")
    }
}

/// What a judge needs of every instruction.
enum Need {
    /// A reference answer, in this field or as the reference.
    Answer(String),
    /// Constraints.
    Constraints,
}

impl Need {
    fn of(judge: &JudgeConfig) -> Option<Self> {
        match judge.plugin.as_str() {
            "overlap"
                if judge
                    .config
                    .get("against")
                    .is_some_and(|one| one == "instruction") =>
            {
                None
            }
            "math" | "choice" | "exact" | "overlap" => {
                let field = judge.config.get("answers_field").and_then(Value::as_str);
                Some(Self::Answer(field.unwrap_or("answers").to_owned()))
            }
            "rules"
                if !GENERAL_RULES
                    .iter()
                    .any(|key| judge.config.contains_key(*key)) =>
            {
                Some(Self::Constraints)
            }
            _ => None,
        }
    }

    fn is_met(&self, instruction: &Instruction) -> bool {
        let has = |field: &str| {
            let value = instruction.metadata.get(field);
            value.is_some_and(|value| match value {
                Value::Array(items) => !items.is_empty(),
                Value::String(text) => !text.trim().is_empty(),
                Value::Null => false,
                _ => true,
            })
        };
        match self {
            Self::Answer(field) => {
                let reference = instruction.reference.as_deref().unwrap_or_default();
                !reference.trim().is_empty() || has(field)
            }
            Self::Constraints => has("constraints"),
        }
    }

    fn what(&self) -> String {
        match self {
            Self::Answer(field) => format!("`{field}` and no `reference`"),
            Self::Constraints => "`constraints`".to_owned(),
        }
    }
}
