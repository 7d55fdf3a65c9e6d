//! How complex an instruction is.

use serde::Serialize;

/// How complex an instruction is: a whole number from 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Complexity(u8);

impl Complexity {
    /// All of them, from 1.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// The complexity that a number is, if it is a whole number from 1 to 5.
    pub fn from_number(number: f64) -> Option<Self> {
        let is_one = number.fract() == 0.0 && (1.0..=5.0).contains(&number);
        is_one.then_some(Self(number as u8))
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}
