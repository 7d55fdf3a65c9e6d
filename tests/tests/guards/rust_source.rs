//! A Rust file as tokens, with what is only compiled for tests taken out.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The tokens of a file, in order, groups opened up.
#[derive(Debug, Default)]
pub(crate) struct RustSource {
    /// Tokens outside of test modules.
    pub(crate) tokens: Vec<Token>,
    /// Modules of files of their own that are only compiled for tests.
    pub(crate) test_modules: Vec<String>,
}

/// A token and the line that it starts on.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) is_literal: bool,
}

impl RustSource {
    pub(crate) fn parse(text: &str) -> Self {
        let stream = TokenStream::from_str(text).expect("Rust");
        let mut source = Self::default();
        source.push_stream(stream);
        source
    }

    fn push_stream(&mut self, stream: TokenStream) {
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            let is_cfg_test = |tree: &TokenTree| tree.to_string().replace(' ', "") == "[cfg(test)]";
            if tree.to_string() == "#" && trees.peek().is_some_and(is_cfg_test) {
                trees.next();
                self.skip_item(&mut trees);
                continue;
            }
            self.push_tree(tree);
        }
    }

    /// Drops an item, up to its `;` or block.
    fn skip_item(&mut self, trees: &mut impl Iterator<Item = TokenTree>) {
        let mut words = Vec::new();
        for tree in trees {
            match &tree {
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    if let [.., keyword, name] = words.as_slice()
                        && keyword == "mod"
                    {
                        self.test_modules.push(String::clone(name));
                    }
                    return;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
                _ => words.push(tree.to_string()),
            }
        }
    }

    fn push_tree(&mut self, tree: TokenTree) {
        let line = tree.span().start().line;
        let is_literal = matches!(tree, TokenTree::Literal(_));
        let TokenTree::Group(group) = tree else {
            self.push(tree.to_string(), line, is_literal);
            return;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::None => ("", ""),
        };
        self.push(open.to_owned(), line, false);
        self.push_stream(group.stream());
        self.push(close.to_owned(), group.span_close().start().line, false);
    }

    fn push(&mut self, text: String, line: usize, is_literal: bool) {
        self.tokens.push(Token { text, line, is_literal });
    }
}
