//! How much length counts: a number, or the result of a search.
//!
//! The selector decides which pairs a value leads to; this module has the setting and the search.

use serde::{Deserialize, Serialize};
use tpo_plugin::{JsonSchema, schemars};

/// The search goes from 0 to the largest value in steps of a hundredth.
const STEPS_PER_UNIT: u32 = 100;
/// The largest value.
const MAX: u32 = 2;

/// How much a length counts against the score, both in standard deviations within the
/// instruction's candidates.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(inline)]
pub enum Rho {
    /// This much.
    Fixed(f64),
    /// The smallest value at which the chosen sides are not longer on average.
    Auto,
}

impl Default for Rho {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Rho {
    /// Length does not count.
    pub const ZERO: Self = Self::Fixed(0.0);

    /// The value to use. `mean_excess` is how much longer the chosen sides are on average at a
    /// value, if it leads to pairs.
    ///
    /// `Auto` is the smallest of 0, 0.01, ..., 2 at which they are not longer. If there is none, it
    /// is the value with the smallest excess, and the smallest of several. Values that lead to no
    /// pair are skipped; if no value leads to a pair, it is 0.
    pub fn resolve(self, mean_excess: impl Fn(f64) -> Option<f64>) -> f64 {
        match self {
            Self::Fixed(rho) => rho,
            Self::Auto => smallest(mean_excess),
        }
    }
}

fn smallest(mean_excess: impl Fn(f64) -> Option<f64>) -> f64 {
    let (mut least, mut found) = (f64::INFINITY, 0.0);
    for step in 0..=MAX * STEPS_PER_UNIT {
        // Unlike a sum of steps, the quotient is the float nearest to the decimal fraction.
        let rho = f64::from(step) / f64::from(STEPS_PER_UNIT);
        let Some(excess) = mean_excess(rho) else {
            continue;
        };
        if excess < least {
            (least, found) = (excess, rho);
        }
        if least <= 0.0 {
            break;
        }
    }
    found
}

/// The setting in JSON.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "it must be a number or \"auto\"")]
enum Written {
    /// The weight itself.
    Number(#[schemars(range(min = 0.0, max = f64::from(MAX)))] f64),
    Word(Word),
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
enum Word {
    /// The smallest value from 0 to 2, in steps of 0.01, at which the chosen sides of all pairs are
    /// on average not longer than the rejected ones.
    Auto,
}

impl From<Written> for Rho {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(rho) => Self::Fixed(rho),
            Written::Word(Word::Auto) => Self::Auto,
        }
    }
}

impl From<Rho> for Written {
    fn from(rho: Rho) -> Self {
        match rho {
            Rho::Fixed(rho) => Self::Number(rho),
            Rho::Auto => Self::Word(Word::Auto),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tpo_plugin::{Plugin, configured};

    use super::*;

    fn read(json: Value) -> Result<Rho, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_a_number_or_auto() {
        for (written, rho) in [
            (json!(0.3), Rho::Fixed(0.3)),
            (json!(1), Rho::Fixed(1.0)),
            (json!("auto"), Rho::Auto),
        ] {
            assert_eq!(read(written), Ok(rho));
        }
        for wrong in [
            json!("Auto"),
            json!("0.3"),
            json!(null),
            json!([0.3]),
            json!({"auto": 1}),
        ] {
            assert_eq!(read(wrong), Err("it must be a number or \"auto\"".into()));
        }
        assert_eq!(json!([Rho::Fixed(0.5), Rho::Auto]), json!([0.5, "auto"]));
    }

    #[test]
    fn the_schema_names_the_range_and_the_word() {
        let schema = schemars::schema_for!(Rho).to_value();
        let branch = |at: usize, key: &str| schema["anyOf"][at][key].clone();
        assert_eq!(
            [
                branch(0, "type"),
                branch(0, "minimum"),
                branch(0, "maximum")
            ],
            [json!("number"), json!(0.0), json!(2.0)]
        );
        assert!(
            schema.to_string().contains("\"const\":\"auto\""),
            "{schema}"
        );
    }

    /// The SDK refuses what is outside the bounds of the schema.
    #[test]
    fn numbers_out_of_range_are_refused() {
        #[derive(Debug, Deserialize, JsonSchema)]
        struct Config {
            #[expect(dead_code, reason = "only read")]
            rho: Rho,
        }

        struct Selector;

        impl Plugin for Selector {
            type Config = Config;

            fn new(_: Config) -> Result<Self, String> {
                Ok(Self)
            }
        }

        for rho in ["-0.1", "2.1"] {
            assert_eq!(
                configured::<Selector>(&format!("{{\"rho\": {rho}}}")).err(),
                Some(format!("`rho` is {rho}; it must be between 0 and 2"))
            );
        }
        for rho in ["0.0", "2", "\"auto\""] {
            configured::<Selector>(&format!("{{\"rho\": {rho}}}")).expect(rho);
        }
    }

    /// The value that `Auto` finds.
    fn found(mean_excess: impl Fn(f64) -> Option<f64>) -> Rho {
        Rho::Fixed(Rho::Auto.resolve(mean_excess))
    }

    #[test]
    fn auto_is_the_smallest_value_that_balances() {
        assert_eq!(found(|rho| Some(0.295 - rho)), Rho::Fixed(0.3));
        assert_eq!(found(|rho| Some(0.07 - rho)), Rho::Fixed(0.07));
        assert_eq!(found(|_| Some(0.0)), Rho::ZERO);
        assert_eq!(
            found(|rho| Some(if rho < 2.0 { 1.0 } else { -1.0 })),
            Rho::Fixed(2.0)
        );
    }

    #[test]
    fn if_none_balances_the_smallest_excess_wins() {
        assert_eq!(found(|rho| Some(1.0 + (rho - 0.5).abs())), Rho::Fixed(0.5));
        assert_eq!(found(|_| Some(1.0)), Rho::ZERO);
        assert_eq!(found(|rho| (rho >= 0.4).then_some(1.0)), Rho::Fixed(0.4));
        assert_eq!(found(|_| None), Rho::ZERO);
    }

    #[test]
    fn a_fixed_value_is_used_as_it_is() {
        assert_eq!(
            Rho::Fixed(Rho::Fixed(0.123).resolve(|_| Some(5.0))),
            Rho::Fixed(0.123)
        );
    }
}
