//! A Rust file as tokens that know whether they are only compiled for tests.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The tokens of a file, in order, groups opened up.
#[derive(Debug, Default)]
pub(crate) struct RustSource {
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
    pub(crate) is_test: bool,
}

impl RustSource {
    pub(crate) fn parse(text: &str) -> Self {
        let stream = TokenStream::from_str(text).expect("Rust");
        let mut source = Self::default();
        source.push_stream(stream, false);
        source
    }

    fn push_stream(&mut self, stream: TokenStream, is_test: bool) {
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            let is_hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
            self.push_tree(tree, is_test);
            if is_hash && trees.peek().is_some_and(is_cfg_test) {
                self.push_test_item(&mut trees);
            }
        }
    }

    /// Takes an item that is only compiled for tests, up to its `;` or block.
    fn push_test_item(&mut self, trees: &mut impl Iterator<Item = TokenTree>) {
        let mut words = Vec::new();
        for tree in trees {
            let word = tree.to_string();
            let is_block =
                matches!(&tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
            self.push_tree(tree, true);
            if word == ";"
                && let [.., keyword, name] = words.as_slice()
                && keyword == "mod"
            {
                self.test_modules.push(String::clone(name));
            }
            if word == ";" || is_block {
                return;
            }
            words.push(word);
        }
    }

    fn push_tree(&mut self, tree: TokenTree, is_test: bool) {
        let line = tree.span().start().line;
        let is_literal = matches!(tree, TokenTree::Literal(_));
        let token = |text: &str, line| Token {
            text: text.to_owned(),
            line,
            is_literal,
            is_test,
        };
        let TokenTree::Group(group) = tree else {
            self.tokens.push(token(&tree.to_string(), line));
            return;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::None => ("", ""),
        };
        self.tokens.push(token(open, line));
        self.push_stream(group.stream(), is_test);
        let end = group.span_close().start().line;
        self.tokens.push(token(close, end));
    }
}

fn is_cfg_test(tree: &TokenTree) -> bool {
    tree.to_string().replace(' ', "") == "[cfg(test)]"
}
