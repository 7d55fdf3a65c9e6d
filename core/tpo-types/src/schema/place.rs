//! Places in the text of a configuration.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key_path::{KeyPath, PathPart};

/// Line and column of a byte offset, both from 1, as `line:column`.
pub fn line_and_column(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    format!("{line}:{column}")
}

/// Byte offset of the value at a path, or of the innermost value on the way to it. None if a key or
/// an item on the way is not written.
pub fn value_offset(document: &DeTable<'_>, path: &KeyPath) -> Option<usize> {
    let (first, rest) = path.parts().split_first()?;
    let PathPart::Key(first) = first else {
        return None;
    };
    let mut here = value_of(document, first)?;
    for part in rest {
        here = match (part, here.get_ref()) {
            (PathPart::Key(key), DeValue::Table(table)) => value_of(table, key)?,
            (PathPart::Index(index), DeValue::Array(items)) => items.get(*index)?,
            _ => break,
        };
    }
    Some(here.span().start)
}

fn value_of<'a, 'b>(table: &'a DeTable<'b>, key: &str) -> Option<&'a Spanned<DeValue<'b>>> {
    let (_, value) = table.iter().find(|(found, _)| found.get_ref() == key)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"ä\"\n[[judge.panel]]\nweight = 1\n\
                        [[judge.panel]]\nweight = [1, 2]\n";

    fn place(path: &str) -> Option<String> {
        let document = DeTable::parse(TEXT).expect("TOML");
        let offset = value_offset(document.get_ref(), &path.parse().expect("a path"))?;
        Some(line_and_column(TEXT, offset))
    }

    #[test]
    fn values_in_tables_and_arrays_have_a_place() {
        for (path, at) in [
            ("name", "1:8"),
            ("judge.panel[0].weight", "3:10"),
            ("judge.panel[1].weight[1]", "5:14"),
            ("judge.panel[1].weight.more", "5:10"),
        ] {
            assert_eq!(place(path).as_deref(), Some(at), "{path}");
        }
        assert_eq!(place("judge.panel[2].weight"), None);
        assert_eq!(place("judge.missing"), None);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_and_column("ä=ö", "ä=".len()), "1:3");
        assert_eq!(line_and_column("a", 9), "1:2");
    }
}
