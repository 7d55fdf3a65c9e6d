//! The model families that can be loaded, trained and exported: one row per family.
//!
//! A family whose decoder fits [`crate::spec::ModelSpec`] needs a row here and nothing else. Code
//! that computes reads the [`crate::spec::ModelSpec`], never the family.

/// What a family's files say and imply.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The class in `architectures` of `config.json`; also written by the exporter.
    pub causal_lm: &'static str,
    /// `model_type` in `config.json`; also written by the exporter.
    pub model_type: &'static str,
    /// Classes with the same decoder under a head that scores texts.
    pub reward_models: &'static [&'static str],
    /// `general.architecture` of GGUF files; none if they are written as another family.
    pub gguf_architecture: Option<&'static str>,
    /// Whether GGUF files have the rows of query and key projections reordered: llama.cpp rotates
    /// neighboring channels of a head, where Hugging Face rotates its two halves.
    pub gguf_interleaves_rope: bool,
    /// Query, key and value projections have a bias, whatever `attention_bias` says.
    pub qkv_bias: bool,
    /// Queries and keys are RMS-normed per head before rotation.
    pub qk_norm: bool,
    /// What `sliding_window` in `config.json` means.
    pub sliding_window: SlidingWindow,
}

/// What `sliding_window` in `config.json` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlidingWindow {
    /// Nothing.
    Ignored,
    /// Attention is limited to the window if `use_sliding_window` is true.
    IfEnabled,
    /// Attention is limited to the window if there is one.
    IfPresent,
}

/// Every family, in the order in which messages list them.
pub static FAMILIES: [Family; 4] = [
    // Llama 2 and 3, SmolLM2.
    Family {
        causal_lm: "LlamaForCausalLM",
        model_type: "llama",
        reward_models: &[
            "LlamaForRewardModelWithGating",
            "LlamaForSequenceClassification",
        ],
        gguf_architecture: Some("llama"),
        gguf_interleaves_rope: true,
        qkv_bias: false,
        qk_norm: false,
        sliding_window: SlidingWindow::Ignored,
    },
    Family {
        causal_lm: "MistralForCausalLM",
        model_type: "mistral",
        reward_models: &["MistralForSequenceClassification"],
        // Written as `llama`.
        gguf_architecture: None,
        gguf_interleaves_rope: false,
        qkv_bias: false,
        qk_norm: false,
        sliding_window: SlidingWindow::IfPresent,
    },
    // Qwen2 and Qwen2.5.
    Family {
        causal_lm: "Qwen2ForCausalLM",
        model_type: "qwen2",
        reward_models: &["Qwen2ForSequenceClassification"],
        gguf_architecture: Some("qwen2"),
        gguf_interleaves_rope: false,
        qkv_bias: true,
        qk_norm: false,
        sliding_window: SlidingWindow::IfEnabled,
    },
    // Qwen3, dense.
    Family {
        causal_lm: "Qwen3ForCausalLM",
        model_type: "qwen3",
        reward_models: &["Qwen3ForSequenceClassification"],
        gguf_architecture: Some("qwen3"),
        gguf_interleaves_rope: false,
        qkv_bias: false,
        qk_norm: true,
        sliding_window: SlidingWindow::IfEnabled,
    },
];

impl Family {
    /// The first family that `matches`.
    pub fn find(matches: impl Fn(&Self) -> bool) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| matches(family))
    }
}

/// The names that families have, for messages: those that `name` gives, with commas.
pub(crate) fn list(name: impl Fn(&Family) -> Option<&'static str>) -> String {
    let names: Vec<&str> = FAMILIES.iter().filter_map(name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_belongs_to_one_family() {
        let mut names = HashSet::new();
        for family in &FAMILIES {
            let classes = family.reward_models.iter().chain([&family.causal_lm]);
            for name in classes {
                assert!(names.insert(("class", *name)), "{name}");
            }
            assert!(names.insert(("model type", family.model_type)));
            if let Some(architecture) = family.gguf_architecture {
                assert!(names.insert(("GGUF", architecture)), "{architecture}");
            }
        }
    }
}
