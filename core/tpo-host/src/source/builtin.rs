//! The components that ship inside the binary. The build script compiles them from the workspace.

use tpo_types::nearest;

const COMPONENTS: &[(&str, &[u8])] = &[
    (
        "all-pairs",
        include_bytes!(concat!(env!("OUT_DIR"), "/all_pairs.wasm")),
    ),
    (
        "alpaca-eval",
        include_bytes!(concat!(env!("OUT_DIR"), "/alpaca_eval.wasm")),
    ),
    (
        "arena-hard",
        include_bytes!(concat!(env!("OUT_DIR"), "/arena_hard.wasm")),
    ),
    (
        "armo",
        include_bytes!(concat!(env!("OUT_DIR"), "/armo.wasm")),
    ),
    (
        "best-worst",
        include_bytes!(concat!(env!("OUT_DIR"), "/best_worst.wasm")),
    ),
    (
        "choice",
        include_bytes!(concat!(env!("OUT_DIR"), "/choice.wasm")),
    ),
    (
        "exact",
        include_bytes!(concat!(env!("OUT_DIR"), "/exact.wasm")),
    ),
    (
        "llm-rubric",
        include_bytes!(concat!(env!("OUT_DIR"), "/llm_rubric.wasm")),
    ),
    (
        "margin",
        include_bytes!(concat!(env!("OUT_DIR"), "/margin.wasm")),
    ),
    (
        "math",
        include_bytes!(concat!(env!("OUT_DIR"), "/math.wasm")),
    ),
    (
        "overlap",
        include_bytes!(concat!(env!("OUT_DIR"), "/overlap.wasm")),
    ),
    (
        "reward-model",
        include_bytes!(concat!(env!("OUT_DIR"), "/reward_model.wasm")),
    ),
    (
        "rules",
        include_bytes!(concat!(env!("OUT_DIR"), "/rules.wasm")),
    ),
    (
        "self-taught",
        include_bytes!(concat!(env!("OUT_DIR"), "/self_taught.wasm")),
    ),
    (
        "thought-length",
        include_bytes!(concat!(env!("OUT_DIR"), "/thought_length.wasm")),
    ),
    (
        "thought-markers",
        include_bytes!(concat!(env!("OUT_DIR"), "/thought_markers.wasm")),
    ),
];

/// The names of the components that ship inside the binary.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMPONENTS.iter().map(|&(name, _)| name)
}

/// The component of that name.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    COMPONENTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, bytes)| bytes)
}

/// The name nearest to `name`, if one is near.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    nearest::nearest(name, names())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognized() {
        assert_eq!(nearest("rule"), Some("rules"));
        assert_eq!(nearest("best_worst"), Some("best-worst"));
        assert_eq!(nearest("helpsteer"), None);
    }
}
