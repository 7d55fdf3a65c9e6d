//! The path of a key: `judge.panel[0].weight`.

use std::fmt;
use std::str::FromStr;

use crate::text::escape;
use crate::{Failure, FailureKind};

/// A path through tables and arrays. Keys that contain a dot cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPath(Vec<PathPart>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPart {
    /// The key of a table.
    Key(String),
    /// The item of an array, from 0.
    Index(usize),
}

impl KeyPath {
    /// The parts, from the outside in.
    pub fn parts(&self) -> &[PathPart] {
        &self.0
    }

    /// The path of a part of what stands here.
    #[must_use]
    pub fn join(&self, part: PathPart) -> Self {
        let mut parts = self.0.clone();
        parts.push(part);
        Self(parts)
    }

    /// The path of a key of the table here.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.join(PathPart::Key(key.to_owned()))
    }

    /// The path of an item of the array here.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(PathPart::Index(index))
    }

    /// Whether this is the path of `other` or of what it is in.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The last key, without what leads to it; empty for the whole configuration.
    pub(super) fn last_key(&self) -> &str {
        self.0
            .iter()
            .rev()
            .find_map(|part| match part {
                PathPart::Key(key) => Some(key.as_str()),
                PathPart::Index(_) => None,
            })
            .unwrap_or_default()
    }
}

impl FromIterator<PathPart> for KeyPath {
    fn from_iter<I: IntoIterator<Item = PathPart>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            match part {
                PathPart::Key(key) if at == 0 => f.write_str(key)?,
                PathPart::Key(key) => write!(f, ".{key}")?,
                PathPart::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let refused = || {
            Failure::new(
                FailureKind::Usage,
                format!("`{}` is not the path of a key", escape(text)),
            )
            .hint("write it like `train.beta` or `judge.panel[0].weight`; the first index is 0")
        };
        let mut parts = Vec::new();
        for part in text.split('.') {
            let (key, indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() {
                return Err(refused());
            }
            parts.push(PathPart::Key(key.to_owned()));
            let mut rest = indexes;
            while !rest.is_empty() {
                let (index, after) = rest
                    .strip_prefix('[')
                    .and_then(|rest| rest.split_once(']'))
                    .ok_or_else(refused)?;
                parts.push(PathPart::Index(index.parse().map_err(|_| refused())?));
                rest = after;
            }
        }
        Ok(Self(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_printed_as_it_is_written() {
        for text in [
            "name",
            "train.beta",
            "judge.panel[0].weight",
            "a[1][22].b[3]",
        ] {
            let path: KeyPath = text.parse().expect(text);
            assert_eq!(path.to_string(), text);
        }
        let path: KeyPath = "judge.panel[0]".parse().expect("a path");
        assert_eq!(path.last_key(), "panel");
        assert_eq!(
            path.parts()[1..],
            [PathPart::Key("panel".into()), PathPart::Index(0)]
        );
        assert!(path.contains(&path) && path.contains(&path.key("weight")));
        assert!(!path.key("weight").contains(&path));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "", ".", "a..b", "a.", "[0]", "a[", "a[]", "a[x]", "a[-1]", "a[0", "a[0]b",
        ] {
            text.parse::<KeyPath>().expect_err(text);
        }
    }
}
