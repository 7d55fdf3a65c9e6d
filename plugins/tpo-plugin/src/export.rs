//! What the `export_*!` macros of the roles use.
//!
//! Public only for the macros; a plugin never names anything here.

use crate::bindings::metadata::exports::tpo::plugin::metadata::{self, Description};
use crate::{Error, Plugin, config, state};

/// A plugin's package, from its `Cargo.toml`.
#[derive(Debug, Clone, Copy)]
pub struct PackageInfo {
    name: &'static str,
    version: &'static str,
    summary: &'static str,
    license: &'static str,
}

impl PackageInfo {
    /// Checks the fields at compile time.
    pub const fn new(
        name: &'static str,
        version: &'static str,
        summary: &'static str,
        license: &'static str,
    ) -> Self {
        assert!(
            is_short_name(name),
            "a plugin's package name is lower-case words joined by hyphens"
        );
        assert!(
            !summary.is_empty(),
            "a plugin needs a `description` in its Cargo.toml"
        );
        assert!(
            !license.is_empty(),
            "a plugin needs a `license` in its Cargo.toml"
        );
        Self {
            name,
            version,
            summary,
            license,
        }
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

/// A component: a plugin and its package.
pub trait Component {
    /// The plugin that implements the component's roles.
    type Plugin: Plugin;
    /// The package, which describes it.
    const PACKAGE: PackageInfo;
}

impl<C: Component> metadata::Guest for C {
    fn describe() -> Description {
        let PackageInfo {
            name,
            version,
            summary,
            license,
        } = C::PACKAGE;
        Description {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            license: license.into(),
            config_schema: config::schema::<<C::Plugin as Plugin>::Config>(),
            extra: state::configured_plugin(|plugin: &C::Plugin| plugin.score_range())
                .flatten()
                .map(|range| {
                    let json = format!("[{}, {}]", range.start(), range.end());
                    ("score-range".into(), json)
                })
                .into_iter()
                .collect(),
        }
    }

    fn configure(config: String) -> Result<(), Error> {
        state::configure::<C::Plugin>(&config)
    }
}

#[cfg(test)]
mod tests {
    use crate::roles::judge::bindings::exports::tpo::plugin::judge::Guest as _;
    use std::ops::RangeInclusive;

    use metadata::Guest as _;
    use serde::Deserialize;

    use super::*;
    use crate::{Group, Instruction, JsonSchema, Judge, Judgment, Scored, each_response, schemars};

    struct Toy;

    impl Component for Toy {
        type Plugin = Constant;
        const PACKAGE: PackageInfo =
            PackageInfo::new("toy", "1.2.3", "Gives every response the same score", "MIT");
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(default)]
    struct Constant {
        /// The score.
        score: f64,
    }

    impl Default for Constant {
        fn default() -> Self {
            Self { score: 1.0 }
        }
    }

    impl Plugin for Constant {
        type Config = Self;

        fn new(config: Self) -> Result<Self, String> {
            if config.score.is_finite() {
                Ok(config)
            } else {
                Err("`score` must be finite".into())
            }
        }

        fn score_range(&self) -> Option<RangeInclusive<f64>> {
            Some(0.0..=self.score)
        }
    }

    impl Judge for Constant {
        fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
            Ok(each_response(groups, |_, _| Scored::new(self.score).into()))
        }
    }

    fn groups(responses: usize) -> Vec<Group> {
        vec![Group {
            instruction: Instruction::default(),
            responses: vec![String::new(); responses],
        }]
    }

    #[test]
    fn a_plugin_describes_itself_before_it_is_configured() {
        let description = Toy::describe();
        assert_eq!(
            (
                &*description.name,
                &*description.version,
                &*description.license
            ),
            ("toy", "1.2.3", "MIT")
        );
        assert!(
            description.config_schema.contains("The score."),
            "{}",
            description.config_schema
        );
    }

    #[test]
    fn a_configured_judge_describes_its_range() {
        assert!(Toy::describe().extra.is_empty());
        Toy::configure("{\"score\": 2.5}".into()).expect("valid configuration");
        let range = ("score-range".to_owned(), "[0, 2.5]".to_owned());
        assert_eq!(Toy::describe().extra, [range]);
    }

    #[test]
    fn a_role_needs_a_configured_instance() {
        assert!(matches!(Toy::score(groups(1)), Err(Error::Internal(_))));
        assert!(matches!(
            Toy::configure("{\"scores\": 1}".into()),
            Err(Error::InvalidConfig(_))
        ));
        Toy::configure("{\"score\": 2}".into()).expect("valid configuration");
        assert_eq!(
            Toy::score(groups(2)).expect("scored"),
            [[Scored::new(2.0).into(), Scored::new(2.0).into()]]
        );
        assert!(matches!(
            Toy::configure(String::new()),
            Err(Error::Internal(_))
        ));
    }
}
