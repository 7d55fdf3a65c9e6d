//! The paths of a `use` item.

use crate::rust_source::Token;

/// Reads a path or a tree of `use` into its paths, each with its `as` name; gives where it ends.
pub(crate) fn read_tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    paths: &mut Vec<(Vec<String>, Option<String>)>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut path = prefix.to_vec();
    loop {
        if text(at) == "{" {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                let end = read_tree(tokens, at, &path, paths);
                at = if text(end) == "," {
                    end + 1
                } else {
                    end.max(at + 1)
                };
                if text(end) == "}" {
                    at = end;
                }
            }
            return at + 1;
        }
        path.push(text(at).to_owned());
        at += 1;
        if text(at) == ":" && text(at + 1) == ":" {
            at += 2;
            continue;
        }
        let alias = (text(at) == "as").then(|| text(at + 1).to_owned());
        at += if alias.is_some() { 2 } else { 0 };
        paths.push((path, alias));
        return at;
    }
}
