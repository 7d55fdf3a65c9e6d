//! Paths and texts of the files of new projects, collected by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));

/// The text of a template or example, by its path.
pub(crate) fn find(path: &str) -> Option<&'static str> {
    SOURCES
        .iter()
        .find(|(known, _)| *known == path)
        .map(|&(_, text)| text)
}
