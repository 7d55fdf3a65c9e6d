//! Judges that say which scores they can give: many near misses, which vary finely, and a full mark
//! that is rare or common. What decides is often not among what was seen.

use tpo_eval::Scale;
use tpo_eval::estimate::estimate;
use tpo_eval::paired::{Conclusion, compare, differences};

use crate::chance::Chance;

/// Simulated evaluations per cell.
const EVALUATIONS: usize = 2_000;
/// Scores from which the true means are taken.
const TRUTH: usize = 300_000;

/// Responses of two models to one instruction.
struct World {
    name: &'static str,
    /// How often the reference gets the full mark.
    full: f64,
    /// How much more often the other model does.
    gain: f64,
    /// How often both get the same.
    alike: f64,
}

const WORLDS: [World; 10] = [
    world("full marks very rare, more of them", 0.02, 0.08, 0.0),
    world("full marks rare", 0.05, 0.0, 0.0),
    world("full marks rare, more of them", 0.05, 0.1, 0.0),
    world("full marks at times", 0.15, 0.0, 0.0),
    world("full marks at times, more", 0.15, 0.15, 0.0),
    world("full marks at times, half alike", 0.15, 0.0, 0.5),
    world("full marks common", 0.5, 0.0, 0.0),
    world("full marks common, more", 0.5, 0.2, 0.0),
    world("full marks nearly always", 0.9, 0.05, 0.0),
    world("never full marks", 0.0, 0.0, 0.0),
];

const fn world(name: &'static str, full: f64, gain: f64, alike: f64) -> World {
    World {
        name,
        full,
        gain,
        alike,
    }
}

impl World {
    fn score(&self, more: f64, chance: &mut Chance) -> f64 {
        let miss = 0.04 + 0.26 * chance.uniform();
        if chance.happens(self.full + more) {
            1.0
        } else {
            miss
        }
    }

    /// Scores of the reference and of the other model.
    fn scores(&self, chance: &mut Chance) -> [f64; 2] {
        let reference = self.score(0.0, chance);
        let other = self.score(self.gain, chance);
        [
            reference,
            if chance.happens(self.alike) {
                reference
            } else {
                other
            },
        ]
    }
}

#[derive(Default)]
struct Cell {
    differences: usize,
    means: usize,
    improved: usize,
    worse: usize,
    width: f64,
    mean_width: f64,
}

fn simulate(world: &World, n: usize) -> Cell {
    let mut chance = Chance::new(815 + n as u64);
    let (mut reference_sum, mut other_sum) = (0.0, 0.0);
    for _ in 0..TRUTH {
        let [reference, other] = world.scores(&mut chance);
        reference_sum += reference;
        other_sum += other;
    }
    let truth = (other_sum - reference_sum) / TRUTH as f64;
    let mean = reference_sum / TRUTH as f64;
    let mut cell = Cell::default();
    for _ in 0..EVALUATIONS {
        let rows: Vec<[f64; 2]> = (0..n).map(|_| world.scores(&mut chance)).collect();
        let reference: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        let other: Vec<f64> = rows.iter().map(|row| row[1]).collect();
        let gains = differences(&other, &reference).expect("as many");
        let seen = Scale::of_scores(&[&*reference, &other].concat(), Some(0.0..=1.0));
        let compared = compare(&gains, 0.0, seen.of_differences()).expect("scores");
        // An interval that is refused, where nothing differs, claims nothing.
        let interval = compared.estimate.interval;
        cell.differences += usize::from(interval.as_ref().map_or(true, |one| one.contains(truth)));
        cell.width += interval.map_or(0.0, |one| one.high - one.low) / EVALUATIONS as f64;
        cell.improved += usize::from(compared.verdict == Conclusion::Improved);
        cell.worse += usize::from(compared.verdict == Conclusion::Worse);
        let own = estimate(&reference, Scale::UNIT)
            .expect("scores")
            .interval
            .expect("bounded");
        cell.means += usize::from(own.contains(mean));
        cell.mean_width += (own.high - own.low) / EVALUATIONS as f64;
    }
    cell
}

#[test]
fn intervals_of_declared_scores_are_not_too_narrow() {
    let share = |count: usize| count as f64 / EVALUATIONS as f64;
    let noise = |share: f64| 3.0 * (share * (1.0 - share) / EVALUATIONS as f64).sqrt();
    let mut wrong = Vec::new();
    for world in &WORLDS {
        for n in [5, 10, 20, 30, 100] {
            let cell = simulate(world, n);
            let (of_differences, of_means) = (share(cell.differences), share(cell.means));
            let row = format!(
                "| {} | {n} | {:.1} ({:.3}) | {:.1} ({:.3}) | {:.1} | {:.1} |",
                world.name,
                100.0 * of_differences,
                cell.width,
                100.0 * of_means,
                cell.mean_width,
                100.0 * share(cell.improved),
                100.0 * share(cell.worse),
            );
            println!("{row}");
            let lowest = if n < 30 { 0.95 } else { 0.94 };
            if of_differences.min(of_means) < lowest - noise(lowest)
                || world.gain == 0.0 && share(cell.improved) > 0.025 + noise(0.025)
                || n == 5 && cell.improved + cell.worse > 0
            {
                wrong.push(row);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
