//! The WIT files of the contract, for new projects and for comparison with components.

/// Name and text of each file of the contract `tpo:plugin`.
pub const WIT: [(&str, &str); 8] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("metadata.wit", include_str!("../../../wit/metadata.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("model.wit", include_str!("../../../wit/model.wit")),
    ("thought.wit", include_str!("../../../wit/thought.wit")),
    ("judge.wit", include_str!("../../../wit/judge.wit")),
    ("selector.wit", include_str!("../../../wit/selector.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];
