//! What to say of two models whose tokens are not the same.

use tpo_lm::token_units::TokenUnits;

/// A sentence for each way in which the tokens of two models differ.
pub fn differences_in_tokens(
    name: &str,
    units: &TokenUnits,
    other_name: &str,
    other_units: &TokenUnits,
) -> Vec<String> {
    let mut notes = Vec::new();
    if units.tokenizer != other_units.tokenizer {
        notes.push(format!(
            "`{name}` has another tokenizer than `{other_name}`: a limit in tokens is another \
             length of text for each, and their token counts cannot be compared"
        ));
    }
    if units.context != other_units.context {
        notes.push(format!(
            "`{name}` reads at most {} tokens and `{other_name}` {}: a long instruction leaves \
             them different room for an answer",
            units.context, other_units.context
        ));
    }
    notes
}
