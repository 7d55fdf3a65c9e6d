//! The role `thought-template`.

use crate::bindings::exported_interface;
use crate::export::Component;
use crate::{Error, Plugin, state};

exported_interface!(
    bindings,
    "package tpo:sdk; world thought-template { export tpo:plugin/thought-template@0.1.0; }",
    "export_thought_template",
    {
        "tpo:plugin/thought-template@0.1.0/prompt": [#[derive(Default)]],
        "tpo:plugin/thought-template@0.1.0/render-request": [#[derive(Default)]],
    }
);
pub use bindings::exports::tpo::plugin::thought_template::{Prompt, RenderRequest};

/// Renders instructions with a thought prompt.
pub trait ThoughtTemplate: Plugin {
    /// The prompt of one instruction, or why it cannot be rendered.
    fn render(&self, request: &RenderRequest) -> Result<Prompt, String>;
}

impl<C: Component<Plugin: ThoughtTemplate>> bindings::exports::tpo::plugin::thought_template::Guest
    for C
{
    fn render(requests: Vec<RenderRequest>) -> Result<Vec<Result<Prompt, String>>, Error> {
        state::with(|plugin: &C::Plugin| {
            Ok(requests.iter().map(|item| plugin.render(item)).collect())
        })
    }
}

/// Exports a [`ThoughtTemplate`].
#[macro_export]
macro_rules! export_thought_template {
    ($plugin:ty) => {
        $crate::__export!($plugin, thought_template ThoughtTemplate export_thought_template);
    };
}
