//! Checks of a model's sizes and tokens, whichever file they came from.

use std::path::Path;

use tpo_types::{Failure, FailureKind};

use crate::spec::ModelSpec;

/// Far above any model, and small enough that the number of a model's values cannot overflow.
const LARGEST_SIZE: usize = 1 << 22;
const MOST_LAYERS: usize = 1 << 12;
const LONGEST_CONTEXT: usize = 1 << 30;

/// Fails if no decoder can have this shape. `file` is for the message.
pub(super) fn check(spec: &ModelSpec, file: &Path) -> Result<(), Failure> {
    let refuse = |what: String| {
        Err(
            Failure::new(FailureKind::Input, format!("`{}`: {what}", file.display()))
                .hint("the file is damaged or describes another kind of model"),
        )
    };
    let sizes = [
        ("vocabulary size", spec.vocab_size, LARGEST_SIZE),
        ("hidden size", spec.hidden_size, LARGEST_SIZE),
        ("intermediate size", spec.intermediate_size, LARGEST_SIZE),
        ("number of layers", spec.num_layers, MOST_LAYERS),
        ("number of heads", spec.num_heads, LARGEST_SIZE),
        ("number of key heads", spec.num_kv_heads, LARGEST_SIZE),
        ("head width", spec.head_dim, LARGEST_SIZE),
        (
            "width of all heads",
            spec.num_heads.saturating_mul(spec.head_dim),
            LARGEST_SIZE,
        ),
        ("context length", spec.max_positions, LONGEST_CONTEXT),
    ];
    if let Some((name, size, most)) = sizes
        .into_iter()
        .find(|(_, size, most)| !(1..=*most).contains(size))
    {
        return refuse(format!("{name} {size} is not between 1 and {most}"));
    }
    if !spec.num_heads.is_multiple_of(spec.num_kv_heads) {
        return refuse(format!(
            "{} heads do not share {} key heads evenly",
            spec.num_heads, spec.num_kv_heads
        ));
    }
    if !spec.head_dim.is_multiple_of(2) {
        return refuse(format!(
            "head width {} is odd, which RoPE does not allow",
            spec.head_dim
        ));
    }
    for (name, value) in [
        ("norm epsilon", spec.rms_norm_eps),
        ("rotary base", spec.rope_theta),
    ] {
        if !(value.is_finite() && value > 0.0) {
            return refuse(format!("{name} {value} is not a positive number"));
        }
    }
    if let Some(id) = spec
        .eos_token_ids
        .iter()
        .find(|&&id| id as usize >= spec.vocab_size)
    {
        return refuse(format!(
            "end-of-turn token {id} is outside the vocabulary of {}",
            spec.vocab_size
        ));
    }
    Ok(())
}

/// Fails if the tokenizer has tokens that the embedding has no row for, or if no token ends a turn.
pub(super) fn check_tokens(spec: &ModelSpec, largest_id: u32, file: &Path) -> Result<(), Failure> {
    if largest_id as usize >= spec.vocab_size {
        let what = format!(
            "the tokenizer of `{}` has token {largest_id}, but the embedding has only {} rows",
            file.display(),
            spec.vocab_size
        );
        return Err(Failure::new(FailureKind::Input, what)
            .hint("tokenizer and weights belong to different models"));
    }
    if spec.eos_token_ids.is_empty() {
        return Err(Failure::new(
            FailureKind::Input,
            format!("`{}` has no end-of-turn token", file.display()),
        )
        .hint("set `eos_token_id` in its `generation_config.json`"));
    }
    Ok(())
}
