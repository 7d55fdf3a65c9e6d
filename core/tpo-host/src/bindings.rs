//! The contract in Rust: types of `wit/`, and how to call what a component exports.
//!
//! A component exports `metadata` and the roles it plays, never all of them. The world below names
//! every role only so that one expansion makes all the types once; each exported interface is
//! looked up by itself.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "written by a macro"
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package tpo:host;

        world every-role {
            import tpo:plugin/log@0.1.0;
            import tpo:plugin/model@0.1.0;
            export tpo:plugin/metadata@0.1.0;
            export tpo:plugin/thought-template@0.1.0;
            export tpo:plugin/response-parser@0.1.0;
            export tpo:plugin/judge@0.1.0;
            export tpo:plugin/pairwise-judge@0.1.0;
            export tpo:plugin/pair-selector@0.1.0;
        }
    ",
    imports: { "tpo:plugin/model": trappable },
    additional_derives: [serde::Serialize, serde::Deserialize],
});
