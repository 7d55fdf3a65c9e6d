//! What a token of a model is, and how many it reads: limits in tokens are other lengths of text
//! for models that differ in it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tpo_types::Failure;
use tpo_types::digest::Hasher;

use crate::load;
use crate::tokenizer::TextCodec;

/// Text that tokenizers of one vocabulary may split differently: common and rare words, digits,
/// spaces, lines, code, other scripts.
const PROBE: &str = "Don't split 12345.67  or\n\n\tthis_name; \u{4f60}\u{597d}, \u{e9}t\u{e9} \u{1f600}. \
    The quick brown fox jumps over the lazy dog while seventeen elephants quietly considered \
    whether photosynthesis, however unlikely, might explain their extraordinary appetite for \
    government publications. Please write a short story about a river, a lantern and the valley \
    between them; then count: one, two, three, four, five, six, eight hundred ninety-nine.\n\
    def add(first, second):\n    return {\"sum\": first + second}  # <b>twice</b>\n\
    \u{416}\u{438}\u{437}\u{43d}\u{44c} \u{3b1}\u{3b2}\u{3b3} \u{5e9}\u{5dc}\u{5d5}\u{5dd} HELLO World iPhone 3.14159e-10 x\u{b2}";

/// What a token of a model is, and how many it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUnits {
    /// Digest of the vocabulary and of how a text is split.
    pub tokenizer: String,
    /// Context length, in tokens.
    pub context: usize,
}

impl TokenUnits {
    /// Those of the model at `path`, whose weights are not read.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let outline = load::outline(path)?;
        Ok(Self {
            tokenizer: fingerprint(&outline.text)?,
            context: outline.spec.max_positions,
        })
    }
}

fn fingerprint(text: &TextCodec) -> Result<String, Failure> {
    let mut hasher = Hasher::default();
    for (token, id) in text.vocabulary() {
        hasher.update_part(token);
        hasher.update(id.to_le_bytes());
    }
    for id in text.encode(PROBE)? {
        hasher.update(id.to_le_bytes());
    }
    Ok(hasher.finish().to_string())
}
