//! How much length counts: a number, or what the lengths of the pairs ask for.
//!
//! Which pairs a value leads to is the selector's business; here is only the setting, and the
//! search.

use serde::{Deserialize, Serialize};
use tpo_plugin::{JsonSchema, schemars};

/// The search goes from 0 to the largest value in steps of a hundredth.
const STEPS_PER_UNIT: u32 = 100;
/// The largest value.
const MOST: u32 = 2;

/// How much a length counts against the score.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(inline)]
pub enum Rho {
    /// This much.
    Fixed(f64),
    /// As little as keeps the chosen sides from being longer on average.
    Auto,
}

impl Rho {
    /// Off.
    pub const ZERO: Self = Self::Fixed(0.0);

    /// Refuses a number out of range, in a sentence that names the key.
    pub fn check(self, key: &str) -> Result<(), String> {
        match self {
            Self::Fixed(rho) if !(0.0..=f64::from(MOST)).contains(&rho) => Err(format!(
                "`{key}` must be a number from 0 to {MOST} or \"auto\", not {rho}"
            )),
            Self::Fixed(_) | Self::Auto => Ok(()),
        }
    }

    /// The value to use, given by how much the chosen sides are longer on average at a value, where
    /// it leads to pairs.
    ///
    /// `Auto` is the smallest of 0, 0.01, ..., 2 at which they are not longer. Where there is none,
    /// it is the one with the smallest excess, and of several the smallest. A value that leads to
    /// no pair is not taken, and where none leads to one, nothing is to be balanced: 0.
    pub fn resolve(self, mean_excess: impl Fn(f64) -> Option<f64>) -> f64 {
        match self {
            Self::Fixed(rho) => rho,
            Self::Auto => smallest(mean_excess),
        }
    }
}

fn smallest(mean_excess: impl Fn(f64) -> Option<f64>) -> f64 {
    let (mut least, mut found) = (f64::INFINITY, 0.0);
    for step in 0..=MOST * STEPS_PER_UNIT {
        // A quotient is the number nearest to the decimal fraction, a sum of steps is not.
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

/// The setting as it is written.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "must be a number from 0 to 2 or \"auto\"")]
enum Written {
    /// The weight itself.
    Number(#[schemars(range(min = 0.0, max = 2.0))] f64),
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
            assert_eq!(
                read(wrong),
                Err("must be a number from 0 to 2 or \"auto\"".into())
            );
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

    #[test]
    fn numbers_out_of_range_are_refused_by_key() {
        for rho in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
            let refusal = Rho::Fixed(rho)
                .check("rho_thought")
                .expect_err("out of range");
            assert_eq!(
                refusal,
                format!("`rho_thought` must be a number from 0 to 2 or \"auto\", not {rho}")
            );
        }
        for rho in [Rho::ZERO, Rho::Fixed(2.0), Rho::Auto] {
            assert_eq!(rho.check("rho"), Ok(()));
        }
    }

    /// The value that `Auto` comes to.
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
    fn where_none_balances_the_smallest_excess_is_taken() {
        assert_eq!(found(|rho| Some(1.0 + (rho - 0.5).abs())), Rho::Fixed(0.5));
        assert_eq!(found(|_| Some(1.0)), Rho::ZERO);
        assert_eq!(found(|rho| (rho >= 0.4).then_some(1.0)), Rho::Fixed(0.4));
        assert_eq!(found(|_| None), Rho::ZERO);
    }

    #[test]
    fn a_number_is_what_it_is() {
        assert_eq!(
            Rho::Fixed(Rho::Fixed(0.123).resolve(|_| Some(5.0))),
            Rho::Fixed(0.123)
        );
    }
}
