//! Files that are copied into every project of a language: names and texts, collected by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));
