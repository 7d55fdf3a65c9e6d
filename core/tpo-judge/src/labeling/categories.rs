//! The list of categories, and its file, which people edit.

use std::io;
use std::ops::Index;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use tpo_types::text::{escape, is_hostile};
use tpo_types::{Failure, FailureKind};

use super::files::replace;
use super::names::{same, words};

/// The most characters of a name.
pub(super) const MAX_NAME_CHARS: usize = 80;
/// The most characters of a description.
pub(super) const MAX_DESCRIPTION_CHARS: usize = 400;
/// The most categories of a list.
const MAX_CATEGORIES: usize = 500;
const HINT: &str =
    r#"a list of names, or of objects such as {"name": "Math", "description": "..."}"#;

/// A kind of instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// What belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Category {
    /// A category without a description.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
        }
    }
}

/// Categories whose names a reply can tell apart; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryList(Vec<Category>);

impl CategoryList {
    /// Checks categories: their number, their names, and that no two names differ only in case or
    /// punctuation. The error says what is wrong.
    pub fn new(categories: Vec<Category>) -> Result<Self, String> {
        if categories.is_empty() {
            return Err("the list of categories is empty".into());
        }
        if categories.len() > MAX_CATEGORIES {
            return Err(format!(
                "there are {} categories, more than {MAX_CATEGORIES}",
                categories.len()
            ));
        }
        for (index, category) in categories.iter().enumerate() {
            check(category).map_err(|why| format!("category {}: {why}", index + 1))?;
            let before = categories[..index].iter();
            if let Some(twin) = before
                .into_iter()
                .find(|one| same(&one.name, &category.name))
            {
                return Err(format!(
                    "categories `{}` and `{}` differ in case or punctuation only, or not at all",
                    escape(&twin.name),
                    escape(&category.name)
                ));
            }
        }
        Ok(Self(categories))
    }

    /// Reads the file, if it exists: a JSON list of names, or of objects with `name` and
    /// optionally `description`.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let name = path.display();
        let bad = |what: String| Failure::new(FailureKind::Input, what).hint(HINT);
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(bad(format!("cannot read the categories of `{name}`")).because(error));
            }
        };
        let items: Vec<Value> = serde_json::from_slice(&bytes)
            .map_err(|error| bad(format!("`{name}` is not a list of categories")).because(error))?;
        let categories = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                category(item).map_err(|why| format!("category {}: {why}", index + 1))
            })
            .collect::<Result<Vec<_>, _>>();
        categories
            .and_then(Self::new)
            .map(Some)
            .map_err(|why| bad(format!("{name}: {why}")))
    }

    /// Writes the file, in one step.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| {
            Failure::new(FailureKind::Bug, "categories cannot be serialized").because(error)
        })?;
        json.push(b'\n');
        replace(path, &json)
    }

    /// The categories.
    pub fn iter(&self) -> std::slice::Iter<'_, Category> {
        self.0.iter()
    }

    /// The number of categories.
    #[expect(clippy::len_without_is_empty, reason = "a list is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a category has exactly this name.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|category| category.name == name)
    }

    /// The list as a model is shown it and writes it.
    pub(super) fn as_lines(&self) -> String {
        let line = |category: &Category| match &category.description {
            Some(description) => format!("- {}: {description}", category.name),
            None => format!("- {}", category.name),
        };
        self.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Index<usize> for CategoryList {
    type Output = Category;

    fn index(&self, index: usize) -> &Category {
        &self.0[index]
    }
}

impl<'a> IntoIterator for &'a CategoryList {
    type Item = &'a Category;
    type IntoIter = std::slice::Iter<'a, Category>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn check(category: &Category) -> Result<(), String> {
    let name = escape(&category.name);
    if words(&category.name).is_empty() {
        return Err(format!("the name `{name}` has no letter and no digit"));
    }
    let is_bad = |text: &str| {
        text.chars()
            .any(|c| is_hostile(c) || c == '\n' || c == '\t')
    };
    if is_bad(&category.name) || category.description.as_deref().is_some_and(is_bad) {
        return Err(format!("`{name}` has a line break or a control character"));
    }
    let chars = |text: &str| text.chars().count();
    if chars(&category.name) > MAX_NAME_CHARS {
        return Err(format!(
            "the name `{name}` has more than {MAX_NAME_CHARS} characters"
        ));
    }
    let description = category.description.as_deref().unwrap_or_default();
    if chars(description) > MAX_DESCRIPTION_CHARS {
        return Err(format!(
            "the description of `{name}` has more than {MAX_DESCRIPTION_CHARS} characters"
        ));
    }
    Ok(())
}

fn category(item: Value) -> Result<Category, String> {
    let mut fields = match item {
        Value::String(name) => return Ok(Category::named(name.trim())),
        Value::Object(fields) => fields,
        _ => return Err("it is neither a name nor an object".into()),
    };
    let mut text = |key: &str| match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(format!("`{key}` is not a text")),
    };
    let (name, description) = (text("name")?, text("description")?);
    if let Some(key) = fields.keys().next() {
        return Err(format!("unknown key `{}`", escape(key)));
    }
    Ok(Category {
        name: name.ok_or("there is no `name`")?,
        description: description.filter(|text| !text.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CategoryList, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.json");
        std::fs::write(&path, text).expect("a file");
        match CategoryList::read(&path) {
            Ok(list) => Ok(list.expect("the file exists")),
            Err(failure) => Err(failure
                .to_string()
                .replace(&path.display().to_string(), "c.json")),
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_as_people_write_it() {
        let list =
            read(r#"["Math", {"name": "Café & Bar", "description": "drinks"}]"#).expect("a list");
        assert_eq!(list.as_lines(), "- Math\n- Café & Bar: drinks");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.json");
        assert!(CategoryList::read(&path).expect("no file").is_none());
        list.write(&path).expect("written");
        assert_eq!(CategoryList::read(&path).expect("read"), Some(list));
    }

    #[test]
    fn lists_that_a_reply_cannot_tell_apart_are_refused() {
        for (text, why) in [
            ("[]", "c.json: the list of categories is empty"),
            ("{}", "`c.json` is not a list of categories"),
            ("", "`c.json` is not a list of categories"),
            (
                r#"["a", 3]"#,
                "c.json: category 2: it is neither a name nor an object",
            ),
            (
                r#"[{"nmae": "a"}]"#,
                "c.json: category 1: unknown key `nmae`",
            ),
            (
                r#"[{"description": "a"}]"#,
                "c.json: category 1: there is no `name`",
            ),
            (
                r#"["?"]"#,
                "c.json: category 1: the name `?` has no letter and no digit",
            ),
            (
                r#"["a\u001b[2J"]"#,
                r"c.json: category 1: `a\u{1b}[2J` has a line break or a control character",
            ),
            (
                r#"["Math & Code", "math and code"]"#,
                "c.json: categories `Math & Code` and `math and code` differ in case or \
                 punctuation only, or not at all",
            ),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text}");
        }
    }
}
