//! What every project of a language is given a copy of, as `build.rs` gathers it: file names and
//! texts.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));
