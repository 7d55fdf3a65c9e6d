//! Files that projects are made of, as `build.rs` gathers them: paths and texts.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));

/// The text of a template or example, by its path.
pub(crate) fn find(path: &str) -> Option<&'static str> {
    SOURCES
        .iter()
        .find(|(known, _)| *known == path)
        .map(|&(_, text)| text)
}
