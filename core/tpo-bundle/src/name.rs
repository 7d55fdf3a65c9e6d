//! Names that are safe to print, to type and to use in a path.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind};

/// A short name: lower-case words and digits joined by single hyphens, at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// A file within a bundle: a relative path with `/`, without `..`, at most 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(is_word)
}

fn is_file_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        !part.is_empty() && part != "." && part != ".." && part.chars().all(plain)
    };
    text.len() <= 200 && text.split('/').all(is_part)
}

macro_rules! checked_text {
    (
        $type:ident, $check:ident, $schema_name:literal, $pattern:literal, $what:literal,
        $hint:literal
    ) => {
        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Failure;

            fn from_str(text: &str) -> Result<Self, Failure> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $type {
            type Error = Failure;

            fn try_from(text: String) -> Result<Self, Failure> {
                if $check(&text) {
                    return Ok(Self(text));
                }
                let what = format!("`{}` is not {}", escape(&text), $what);
                Err(Failure::new(FailureKind::Input, what).hint($hint))
            }
        }

        impl From<$type> for String {
            fn from(checked: $type) -> Self {
                checked.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $schema_name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

checked_text!(
    Name,
    is_name,
    "Name",
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    "a plain name",
    "use at most 64 lower-case letters, digits and single hyphens, starting with a letter"
);
checked_text!(
    FileName,
    is_file_name,
    "FileName",
    "^[A-Za-z0-9._+-]+(/[A-Za-z0-9._+-]+)*$",
    "a file name within the bundle",
    "use a relative path with `/`, without `..`, of letters, digits and `-_.+`"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_names() {
        for good in ["a", "rules", "best-worst", "k2-judge", "a-1"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "1a",
            "a/b",
            "a.b",
            "é",
            "a\u{202e}b",
            &"a".repeat(65),
        ] {
            let failure = bad.parse::<Name>().expect_err(bad);
            assert!(
                failure.to_string().ends_with("is not a plain name"),
                "{failure}"
            );
        }
    }

    #[test]
    fn a_file_name_stays_in_its_directory() {
        for good in [
            "a.wasm",
            "target/wasm32-wasip2/release/a_b.wasm",
            ".hidden",
            "a..b",
        ] {
            assert!(good.parse::<FileName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/a",
            "a/",
            "../a",
            "a/../b",
            "./a",
            "a//b",
            "a\\b",
            "C:a",
            "a b",
            "a\0",
            &"a".repeat(201),
        ] {
            assert!(bad.parse::<FileName>().is_err(), "{bad}");
        }
    }
}
