//! Names and texts of files that are copied into every project of a language, from `build.rs`.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));
