//! The role `response-parser`.

use crate::bindings::exported_interface;
use crate::export::Component;
use crate::{Error, Plugin, state};

exported_interface!(
    bindings,
    "package tpo:sdk; world response-parser { export tpo:plugin/response-parser@0.1.0; }",
    "export_response_parser"
);
pub use bindings::exports::tpo::plugin::response_parser::{Completion, Parts};

/// Splits completions into thought and response.
pub trait ResponseParser: Plugin {
    /// The parts of one completion, or why it is malformed: a short phrase that is counted and does
    /// not quote the text.
    fn parse(&self, completion: &Completion) -> Result<Parts, String>;
}

impl<C: Component<Plugin: ResponseParser>> bindings::exports::tpo::plugin::response_parser::Guest
    for C
{
    fn parse(completions: Vec<Completion>) -> Result<Vec<Result<Parts, String>>, Error> {
        state::with(|plugin: &C::Plugin| {
            Ok(completions.iter().map(|item| plugin.parse(item)).collect())
        })
    }
}

/// Exports a [`ResponseParser`].
#[macro_export]
macro_rules! export_response_parser {
    ($plugin:ty) => {
        $crate::__export!($plugin, response_parser ResponseParser export_response_parser);
    };
}
