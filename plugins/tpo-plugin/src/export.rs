//! From the contract's exports to the role traits: what the `export_*!` macros expand to.
//!
//! Public for the macros alone; a plugin never names anything here.

use crate::bindings::{judge, metadata, pair_selector, pairwise_judge, response_parser, thought_template};
use crate::{
    CandidateGroup, Completion, Duel, Error, Group, Instruction, Judge, Judgment, PairSelector, PairwiseJudge, Parts,
    Plugin, Prompt, ResponseParser, Selection, ThoughtTemplate, Verdict, config, state,
};
use metadata::exports::tpo::plugin::metadata::Description;

/// What `Cargo.toml` says of a plugin's package.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    name: &'static str,
    version: &'static str,
    summary: &'static str,
    license: &'static str,
}

impl Package {
    /// Checked while the plugin compiles.
    pub const fn new(
        name: &'static str,
        version: &'static str,
        summary: &'static str,
        license: &'static str,
    ) -> Self {
        assert!(is_short_name(name), "a plugin's package name is lower-case words joined by hyphens");
        assert!(!summary.is_empty(), "a plugin needs a `description` in its Cargo.toml");
        assert!(!license.is_empty(), "a plugin needs a `license` in its Cargo.toml");
        Self { name, version, summary, license }
    }
}

const fn is_short_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// A component: a plugin and the package it comes from.
pub trait Component {
    /// The plugin that plays the component's roles.
    type Plugin: Plugin;
    /// The package that describes it.
    const PACKAGE: Package;
}

impl<C: Component> metadata::exports::tpo::plugin::metadata::Guest for C {
    fn describe() -> Description {
        let Package { name, version, summary, license } = C::PACKAGE;
        Description {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            license: license.into(),
            config_schema: config::schema::<<C::Plugin as Plugin>::Config>(),
            extra: Vec::new(),
        }
    }

    fn configure(config: String) -> Result<(), Error> {
        state::configure::<C::Plugin>(&config)
    }
}

impl<C: Component<Plugin: ThoughtTemplate>> thought_template::exports::tpo::plugin::thought_template::Guest for C {
    fn render(instructions: Vec<Instruction>) -> Result<Vec<Result<Prompt, String>>, Error> {
        state::with(|plugin: &C::Plugin| Ok(instructions.iter().map(|item| plugin.render(item)).collect()))
    }
}

impl<C: Component<Plugin: ResponseParser>> response_parser::exports::tpo::plugin::response_parser::Guest for C {
    fn parse(completions: Vec<Completion>) -> Result<Vec<Result<Parts, String>>, Error> {
        state::with(|plugin: &C::Plugin| Ok(completions.iter().map(|item| plugin.parse(item)).collect()))
    }
}

impl<C: Component<Plugin: Judge>> judge::exports::tpo::plugin::judge::Guest for C {
    fn score(groups: Vec<Group>) -> Result<Vec<Vec<Judgment>>, Error> {
        state::with(|plugin: &C::Plugin| plugin.score(&groups))
    }
}

impl<C: Component<Plugin: PairwiseJudge>> pairwise_judge::exports::tpo::plugin::pairwise_judge::Guest for C {
    fn compare(duels: Vec<Duel>) -> Result<Vec<Verdict>, Error> {
        state::with(|plugin: &C::Plugin| plugin.compare(&duels))
    }
}

impl<C: Component<Plugin: PairSelector>> pair_selector::exports::tpo::plugin::pair_selector::Guest for C {
    fn select(groups: Vec<CandidateGroup>) -> Result<Vec<Selection>, Error> {
        state::with(|plugin: &C::Plugin| plugin.select(&groups))
    }
}

/// Exports metadata and the named interfaces. Outside wasm it only checks that the traits are there.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ty, $($module:ident $export:ident),+) => {
        const _: () = {
            struct Component;

            impl $crate::export::Component for Component {
                type Plugin = $plugin;
                const PACKAGE: $crate::export::Package = PACKAGE;
            }

            const PACKAGE: $crate::export::Package = $crate::export::Package::new(
                env!("CARGO_PKG_NAME"),
                env!("CARGO_PKG_VERSION"),
                env!("CARGO_PKG_DESCRIPTION"),
                env!("CARGO_PKG_LICENSE"),
            );

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::metadata::export_metadata!(Component with_types_in $crate::bindings::metadata);
            $(
                #[cfg(target_arch = "wasm32")]
                $crate::bindings::$module::$export!(Component with_types_in $crate::bindings::$module);
            )+
        };
    };
}

/// Exports a [`ThoughtTemplate`].
#[macro_export]
macro_rules! export_thought_template {
    ($plugin:ty) => {
        $crate::__export!($plugin, thought_template export_thought_template);
    };
}

/// Exports a [`ResponseParser`].
#[macro_export]
macro_rules! export_response_parser {
    ($plugin:ty) => {
        $crate::__export!($plugin, response_parser export_response_parser);
    };
}

/// Exports a thought format: one plugin that is [`ThoughtTemplate`] and [`ResponseParser`], so that the two cannot
/// disagree about markers.
#[macro_export]
macro_rules! export_thought_format {
    ($plugin:ty) => {
        $crate::__export!(
            $plugin,
            thought_template export_thought_template,
            response_parser export_response_parser
        );
    };
}

/// Exports a [`Judge`]. The component asks for models only if it calls [`model`](crate::model).
#[macro_export]
macro_rules! export_judge {
    ($plugin:ty) => {
        $crate::__export!($plugin, judge export_judge);
    };
}

/// Exports a [`PairwiseJudge`]. The component asks for models only if it calls [`model`](crate::model).
#[macro_export]
macro_rules! export_pairwise_judge {
    ($plugin:ty) => {
        $crate::__export!($plugin, pairwise_judge export_pairwise_judge);
    };
}

/// Exports a [`PairSelector`].
#[macro_export]
macro_rules! export_pair_selector {
    ($plugin:ty) => {
        $crate::__export!($plugin, pair_selector export_pair_selector);
    };
}
