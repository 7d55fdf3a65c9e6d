//! Judges that do not say which scores they can give. Two models mostly answer alike, so that many
//! differences are 0 and a few decide.

use tpo_eval::Scale;
use tpo_eval::paired::{Conclusion, compare, differences};

use crate::chance::Chance;

/// Simulated evaluations per cell.
const EVALUATIONS: usize = 2_000;
/// Scores from which the true mean is taken.
const TRUTH: usize = 300_000;

/// The scores of the reference and of the model that is compared with it.
#[derive(Clone, Copy)]
struct Scores {
    reference: f64,
    model: f64,
}

struct World {
    name: &'static str,
    /// The scores of one instruction; the model is better by about `gain`.
    scores: fn(gain: f64, chance: &mut Chance) -> Scores,
}

const WORLDS: [World; 6] = [
    World {
        name: "rules, 70 % alike",
        scores: |gain, chance| rules(0.7, gain, chance),
    },
    World {
        name: "rules, 95 % alike",
        scores: |gain, chance| rules(0.95, gain, chance),
    },
    World {
        name: "overlap, half alike",
        scores: |gain, chance| overlap(0.5, gain, chance),
    },
    World {
        name: "overlap, 80 % alike",
        scores: |gain, chance| overlap(0.8, gain, chance),
    },
    // Most get worse by a little and few get better by much.
    World {
        name: "rare gains",
        scores: |gain, chance| {
            let moves = chance.happens(0.3);
            let rare = chance.happens(0.2 + gain);
            Scores {
                reference: 0.25 * chance.one_to(4) as f64 - 0.25,
                model: 0.0,
            }
            .moved(match (moves, rare) {
                (false, _) => 0.0,
                (true, false) => -0.25,
                (true, true) => 1.0,
            })
        },
    },
    World {
        name: "reward model",
        scores: |gain, chance| {
            let shared = chance.normal();
            Scores {
                reference: shared + 0.7 * chance.normal(),
                model: shared + 0.7 * chance.normal() + gain,
            }
        },
    },
];

impl Scores {
    /// The model's score is the reference's, moved.
    fn moved(self, by: f64) -> Self {
        Self {
            model: self.reference + by,
            ..self
        }
    }
}

/// The share of one to three constraints that hold.
fn rules(alike: f64, gain: f64, chance: &mut Chance) -> Scores {
    let constraints = chance.one_to(3);
    let easy = chance.uniform();
    let mut share = |p: f64| {
        let held = (0..constraints).filter(|_| chance.happens(p)).count();
        held as f64 / constraints as f64
    };
    let reference = share(easy);
    let other = share((easy + gain).min(1.0));
    let model = if chance.happens(alike) {
        reference
    } else {
        other
    };
    Scores { reference, model }
}

/// Shares of words in common, which vary finely.
fn overlap(alike: f64, gain: f64, chance: &mut Chance) -> Scores {
    let mut one = || chance.uniform() * chance.uniform();
    let (reference, other) = (one(), one());
    let model = if chance.happens(alike) {
        reference
    } else {
        (other + gain).min(1.0)
    };
    Scores { reference, model }
}

#[derive(Default)]
struct Cell {
    covered: usize,
    improved: usize,
    worse: usize,
}

fn simulate(world: &World, gain: f64, n: usize) -> Cell {
    let mut chance = Chance::new(4_711 + n as u64);
    let total: f64 = (0..TRUTH)
        .map(|_| {
            let scores = (world.scores)(gain, &mut chance);
            scores.model - scores.reference
        })
        .sum();
    let truth = total / TRUTH as f64;
    let mut cell = Cell::default();
    for _ in 0..EVALUATIONS {
        let rows: Vec<Scores> = (0..n).map(|_| (world.scores)(gain, &mut chance)).collect();
        let reference: Vec<f64> = rows.iter().map(|row| row.reference).collect();
        let model: Vec<f64> = rows.iter().map(|row| row.model).collect();
        let all = || reference.iter().chain(&model).copied();
        let seen = Scale::Seen {
            lowest: all().fold(f64::INFINITY, f64::min),
            highest: all().fold(f64::NEG_INFINITY, f64::max),
        };
        let differences = differences(&model, &reference).expect("as many");
        let comparison = compare(&differences, 0.0, seen.of_differences()).expect("scores");
        let interval = comparison.estimate.interval;
        // An interval that is refused claims nothing.
        cell.covered += usize::from(interval.map_or(true, |one| one.contains(truth)));
        cell.improved += usize::from(comparison.verdict == Conclusion::Improved);
        cell.worse += usize::from(comparison.verdict == Conclusion::Worse);
    }
    cell
}

/// Too wide is allowed here and too narrow is not: the ends of the scale are guessed.
#[test]
fn intervals_of_lumpy_scores_are_not_too_narrow() {
    let share = |count: usize| count as f64 / EVALUATIONS as f64;
    let noise = |share: f64| 3.0 * (share * (1.0 - share) / EVALUATIONS as f64).sqrt();
    let mut wrong = Vec::new();
    for world in &WORLDS {
        for gain in [0.0, 0.2] {
            for n in [5, 10, 30, 100] {
                let cell = simulate(world, gain, n);
                let (covered, improved) = (share(cell.covered), share(cell.improved));
                let row = format!(
                    "| {} | {gain} | {n} | {:.1} | {:.1} | {:.1} |",
                    world.name,
                    100.0 * covered,
                    100.0 * improved,
                    100.0 * share(cell.worse),
                );
                println!("{row}");
                let lowest = if n < 30 { 0.95 } else { 0.94 };
                let is_equal = gain == 0.0 && world.name != "rare gains";
                let is_wrong = covered < lowest - noise(lowest)
                    || is_equal && improved > 0.025 + noise(0.025)
                    || n == 5 && cell.improved + cell.worse > 0;
                if is_wrong {
                    wrong.push(row);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
