//! Worlds in which two models are compared, with the truth known.

use std::ops::RangeInclusive;

use tpo_eval::Scale;

use crate::chance::Chance;

/// How the new model compares with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Equal,
    Slight,
    Better,
}

impl Truth {
    fn pick(self, equal: f64, slight: f64, better: f64) -> f64 {
        match self {
            Self::Equal => equal,
            Self::Slight => slight,
            Self::Better => better,
        }
    }
}

/// A world of comparisons.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) scale: Scale,
    /// The mean outcome of equal models.
    pub(crate) null: f64,
    /// The true mean outcome.
    pub(crate) mean: fn(Truth) -> f64,
    /// The outcomes of one independent unit.
    pub(crate) unit: fn(Truth, &mut Chance) -> Vec<f64>,
    /// Coverage expected from 30 units, where it is not 94 to 96 %, with the reason beside it.
    expected: Option<fn(Truth, usize) -> RangeInclusive<f64>>,
}

impl World {
    pub(crate) fn coverage(&self, truth: Truth, n: usize) -> RangeInclusive<f64> {
        self.expected
            .map_or(0.94..=0.96, |expected| expected(truth, n))
    }
}

const DIFFERENCES: Scale = Scale::Bounded {
    lowest: -1.0,
    highest: 1.0,
};

pub(crate) const WORLDS: [World; 11] = [
    // Scores of a reward model: instructions differ, and so do the two responses to one.
    World {
        name: "scores",
        scale: Scale::Continuous,
        null: 0.0,
        mean: |truth| truth.pick(0.0, 0.1, 0.5),
        unit: |truth, chance| {
            let gain = truth.pick(0.0, 0.1, 0.5) * (1.0 + 0.5 * chance.normal());
            vec![gain + 0.7 * (chance.normal() - chance.normal())]
        },
        expected: None,
    },
    // Gains that are mostly small and sometimes large.
    World {
        name: "skewed scores",
        scale: Scale::Continuous,
        null: 0.0,
        mean: |truth| truth.pick(0.0, 0.1, 0.5),
        unit: |truth, chance| {
            let gain = truth.pick(0.0, 0.1, 0.5) * chance.exponential();
            vec![gain + 0.4 * (chance.exponential() - chance.exponential())]
        },
        expected: None,
    },
    // Malformed completions get the floor, 2.5 below the mean.
    World {
        name: "malformed scores",
        scale: Scale::Continuous,
        null: 0.0,
        mean: |truth| {
            let (gain, rate) = (truth.pick(0.0, 0.1, 0.5), truth.pick(0.1, 0.08, 0.03));
            (1.0 - rate) * gain - rate * 2.5 + 0.1 * 2.5
        },
        unit: |truth, chance| {
            let ours = scored(
                truth.pick(0.0, 0.1, 0.5),
                truth.pick(0.1, 0.08, 0.03),
                chance,
            );
            let base = scored(0.0, 0.1, chance);
            let shared = chance.normal();
            let value = |own: Option<f64>| own.map_or(-2.5, |own| shared + own);
            vec![value(ours) - value(base)]
        },
        expected: None,
    },
    // Win, tie or loss against the base, with many ties.
    World {
        name: "wins and ties",
        scale: Scale::UNIT,
        null: 0.5,
        mean: |truth| truth.pick(0.5, 0.55, 0.675),
        unit: |truth, chance| {
            let (win, tie) = (truth.pick(0.2, 0.25, 0.45), truth.pick(0.6, 0.6, 0.45));
            vec![chance.win_or_tie(win, tie)]
        },
        expected: None,
    },
    // Some responses of either model are malformed and lose; if both are, it is a tie.
    World {
        name: "malformed losses",
        scale: Scale::UNIT,
        null: 0.5,
        mean: |truth| {
            let (ours, win) = (truth.pick(0.2, 0.15, 0.05), truth.pick(0.35, 0.4, 0.5));
            let both = (1.0 - ours) * 0.8;
            both * (win + 0.15) + (1.0 - ours) * 0.2 + ours * 0.2 * 0.5
        },
        unit: |truth, chance| {
            let ours = chance.happens(truth.pick(0.2, 0.15, 0.05));
            let base = chance.happens(0.2);
            let outcome = match (ours, base) {
                (false, false) => chance.win_or_tie(truth.pick(0.35, 0.4, 0.5), 0.3),
                (true, true) => 0.5,
                (false, true) => 1.0,
                (true, false) => 0.0,
            };
            vec![outcome]
        },
        expected: None,
    },
    // Right or wrong answers of both models to the same questions.
    World {
        name: "accuracies",
        scale: DIFFERENCES,
        null: 0.0,
        mean: |truth| truth.pick(0.0, 0.05, 0.25),
        unit: |truth, chance| {
            let (ours, base) = (truth.pick(0.15, 0.2, 0.3), truth.pick(0.15, 0.15, 0.05));
            vec![2.0 * chance.win_or_tie(ours, 1.0 - ours - base) - 1.0]
        },
        expected: None,
    },
    // Four answers of either model to each question; questions differ in difficulty.
    World {
        name: "sampled accuracies",
        scale: Scale::Seen {
            lowest: -1.0,
            highest: 1.0,
        },
        null: 0.0,
        mean: |truth| truth.pick(0.0, 0.05, 0.2),
        unit: |truth, chance| {
            let base = 0.75 * chance.uniform();
            let ours = base + truth.pick(0.0, 0.05, 0.2);
            let right = |p: f64, chance: &mut Chance| {
                f64::from((0..4).map(|_| u8::from(chance.happens(p))).sum::<u8>()) / 4.0
            };
            vec![right(ours, chance) - right(base, chance)]
        },
        expected: None,
    },
    // One to four instructions per document, whose differences are correlated by one half.
    World {
        name: "clustered scores",
        scale: Scale::Continuous,
        null: 0.0,
        mean: |truth| truth.pick(0.0, 0.1, 0.5),
        unit: |truth, chance| {
            let shared = truth.pick(0.0, 0.1, 0.5) + 0.7 * chance.normal();
            let size = chance.one_to(4);
            (0..size).map(|_| shared + 0.7 * chance.normal()).collect()
        },
        expected: None,
    },
    // One to three instructions per document, where a document favors either model.
    World {
        name: "clustered wins",
        scale: Scale::UNIT,
        null: 0.5,
        mean: |truth| truth.pick(0.5, 0.54, 0.66),
        unit: |truth, chance| {
            let tilt = if chance.happens(0.5) { 0.15 } else { -0.15 };
            let win = truth.pick(0.3, 0.34, 0.46) + tilt;
            let size = chance.one_to(3);
            (0..size).map(|_| chance.win_or_tie(win, 0.4)).collect()
        },
        expected: None,
    },
    // Nearly everything ties. At n = 30 a set has one or two outcomes that differ, and often none:
    // no interval that depends on counts so small can have a coverage near 95 %.
    World {
        name: "rare differences",
        scale: Scale::UNIT,
        null: 0.5,
        mean: |truth| truth.pick(0.5, 0.505, 0.515),
        unit: |truth, chance| {
            let (win, tie) = (truth.pick(0.02, 0.03, 0.04), truth.pick(0.96, 0.95, 0.95));
            vec![chance.win_or_tie(win, tie)]
        },
        expected: Some(|_, n| if n < 100 { 0.94..=1.0 } else { 0.93..=0.975 }),
    },
    // One model wins nearly always, so that small sets have no spread at all. At n = 30 and 93 %
    // wins, two of thirty outcomes differ from a win, as above.
    World {
        name: "nearly all won",
        scale: Scale::UNIT,
        null: 0.5,
        mean: |truth| truth.pick(0.5, 0.8, 0.95),
        unit: |truth, chance| {
            let (win, tie) = (truth.pick(0.5, 0.75, 0.93), truth.pick(0.0, 0.1, 0.04));
            vec![chance.win_or_tie(win, tie)]
        },
        expected: Some(|truth, n| {
            let few = truth == Truth::Better && n < 100;
            if few { 0.94..=0.98 } else { 0.94..=0.96 }
        }),
    },
];

/// A score around the gain, or none if the completion is malformed.
fn scored(gain: f64, malformed: f64, chance: &mut Chance) -> Option<f64> {
    (!chance.happens(malformed)).then(|| gain + 0.7 * chance.normal())
}
