//! Ten thousand simulated evaluations per world whose truth is known: how often intervals contain
//! it, and how often "improved" is said of equal models.
//!
//! `cargo test --release -p tpo-eval --test simulation -- --nocapture` prints the table, and
//! `--ignored` repeats it with a hundred thousand evaluations per cell.

mod chance;
mod declared;
mod seen;
mod worlds;

use std::collections::HashMap;
use std::fmt::Write as _;

use chance::Chance;
use tpo_eval::estimate::clustered_estimate;
use tpo_eval::paired::{Conclusion, compare_clustered};
use tpo_eval::{Interval, Scale};
use worlds::{Truth, WORLDS, World};

/// Simulated evaluations per cell.
const EVALUATIONS: usize = 10_000;
/// Evaluations per cell whose verdict is looked at where the models differ.
const POWER_EVALUATIONS: usize = 300;
const SIZES: [usize; 3] = [5, 30, 300];
const TRUTHS: [Truth; 3] = [Truth::Equal, Truth::Slight, Truth::Better];

/// What happened in one cell of the table.
#[derive(Debug, Default)]
struct Cell {
    evaluations: usize,
    covered: usize,
    /// Evaluations whose verdict was looked at.
    judged: usize,
    improved: usize,
    worse: usize,
}

impl Cell {
    fn coverage(&self) -> f64 {
        self.covered as f64 / self.evaluations as f64
    }

    fn improved(&self) -> f64 {
        self.improved as f64 / self.judged as f64
    }

    /// Three standard errors of a share near `share`, as simulated.
    fn noise(&self, share: f64) -> f64 {
        3.0 * (share * (1.0 - share) / self.evaluations as f64).sqrt()
    }
}

fn simulate(world: &World, truth: Truth, n: usize, evaluations: usize, seed: u64) -> Cell {
    let mut chance = Chance::new(seed ^ (n as u64) << 32 ^ (truth as u64) << 48);
    let mean = (world.mean)(truth);
    let mut cell = Cell {
        evaluations,
        ..Cell::default()
    };
    let mut seen = HashMap::new();
    for evaluation in 0..evaluations {
        let outcomes: Vec<Vec<f64>> = (0..n).map(|_| (world.unit)(truth, &mut chance)).collect();
        let judged = truth == Truth::Equal || evaluation < POWER_EVALUATIONS;
        // Sets of few values repeat.
        let few = world.scale != Scale::Continuous
            && (n < 6 || outcomes.iter().all(|unit| unit.len() == 1));
        let result = if few {
            let key = multiset(&outcomes);
            *seen
                .entry(key)
                .or_insert_with(|| evaluate(world, &outcomes, true))
        } else {
            evaluate(world, &outcomes, judged)
        };
        // An interval that is refused claims nothing.
        cell.covered += usize::from(result.interval.is_none_or(|i| i.contains(mean)));
        cell.judged += usize::from(judged);
        cell.improved += usize::from(judged && result.verdict == Conclusion::Improved);
        cell.worse += usize::from(judged && result.verdict == Conclusion::Worse);
    }
    cell
}

/// What an evaluation reports.
#[derive(Debug, Clone, Copy)]
struct Report {
    interval: Option<Interval>,
    verdict: Conclusion,
}

fn evaluate(world: &World, outcomes: &[Vec<f64>], judged: bool) -> Report {
    let estimate = clustered_estimate(outcomes, world.scale).expect("outcomes on the scale");
    let interval = estimate.interval.ok();
    // Elsewhere the verdict is "no difference" and the interval the same.
    let excludes = interval.is_some_and(|i| !i.contains(world.null));
    if excludes && (judged || outcomes.len() < 6) {
        let comparison = compare_clustered(outcomes, world.null, world.scale).expect("outcomes");
        return Report {
            interval: comparison.estimate.interval.ok(),
            verdict: comparison.verdict,
        };
    }
    Report {
        interval,
        verdict: Conclusion::NoDifferenceDetected,
    }
}

/// The outcomes in an order of their own.
fn multiset(outcomes: &[Vec<f64>]) -> Vec<(u64, u8)> {
    let unit = |values: &Vec<f64>| (values.iter().sum::<f64>().to_bits(), values.len() as u8);
    let mut units: Vec<(u64, u8)> = outcomes.iter().map(unit).collect();
    units.sort_unstable();
    units
}

/// Problems of one cell, in words.
fn problems(world: &World, truth: Truth, n: usize, cell: &Cell) -> Vec<String> {
    let mut problems = Vec::new();
    let coverage = cell.coverage();
    let mut say = |what: String| problems.push(format!("{} {truth:?} n={n}: {what}", world.name));
    if n < 6 {
        if coverage < 0.95 {
            say(format!("coverage {coverage}"));
        }
        if cell.improved + cell.worse > 0 {
            say("a verdict that no exact test could reach".to_owned());
        }
    } else if !world.coverage(truth, n).contains(&coverage) {
        say(format!("coverage {coverage}"));
    }
    if truth == Truth::Equal && cell.improved() > 0.025 + cell.noise(0.025) {
        say(format!("improved {}", cell.improved()));
    }
    problems
}

/// A world's rows of the table, and what is wrong with them.
struct Outcome {
    table: String,
    wrong: Vec<String>,
}

fn run(index: usize, evaluations: usize) -> Outcome {
    let world = &WORLDS[index];
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for n in SIZES {
        for truth in TRUTHS {
            let cell = simulate(world, truth, n, evaluations, 20_250 + index as u64);
            let _ = writeln!(
                table,
                "| {} | {truth:?} | {n} | {:.2} | {:.2} | {:.2} |",
                world.name,
                100.0 * cell.coverage(),
                100.0 * cell.improved(),
                100.0 * cell.worse as f64 / cell.judged as f64,
            );
            wrong.extend(problems(world, truth, n, &cell));
        }
    }
    Outcome { table, wrong }
}

macro_rules! worlds {
    ($($index:literal $name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let outcome = run($index, EVALUATIONS);
                println!("{}", outcome.table);
                assert!(outcome.wrong.is_empty(), "{:?}", outcome.wrong);
            }
        )*

        #[test]
        fn every_world_is_tested() {
            assert_eq!([$($index),*].len(), WORLDS.len());
        }
    };
}

worlds! {
    0 scores
    1 skewed_scores
    2 malformed_scores
    3 wins_and_ties
    4 malformed_losses
    5 accuracies
    6 sampled_accuracies
    7 clustered_scores
    8 clustered_wins
    9 rare_differences
    10 nearly_all_won
}

#[test]
#[ignore = "minutes; the slow lane"]
fn a_hundred_thousand_evaluations_per_world() {
    for index in 0..WORLDS.len() {
        let outcome = run(index, 100_000);
        println!("{}", outcome.table);
        assert!(outcome.wrong.is_empty(), "{:?}", outcome.wrong);
    }
}

/// Ten checkpoints that equal the base: the one that is best on a validation set, judged on another
/// set and, as it should not be, on the set that chose it.
#[test]
fn the_best_of_ten_equal_checkpoints_is_not_called_better() {
    for world in [&WORLDS[0], &WORLDS[3], &WORLDS[5]] {
        for n in [5, 30] {
            let (honest, optimistic) = best_of_ten(world, n);
            let limit = 0.025 + honest.noise(0.025);
            let rates = (honest.improved(), optimistic.improved());
            println!("| best of ten {} | {n} | {:?} |", world.name, rates);
            assert!(
                honest.improved() <= limit,
                "{} n={n}: {rates:?}",
                world.name
            );
            assert!(
                n < 6 || optimistic.improved() > 2.0 * limit,
                "{} {rates:?}",
                world.name
            );
        }
    }
}

/// Verdicts on the final set and on the validation set.
fn best_of_ten(world: &World, n: usize) -> (Cell, Cell) {
    let mut chance = Chance::new(77 + n as u64);
    let mut set = || -> Vec<Vec<f64>> {
        (0..n)
            .map(|_| (world.unit)(Truth::Equal, &mut chance))
            .collect()
    };
    let sum = |set: &Vec<Vec<f64>>| set.iter().flatten().sum::<f64>();
    let cell = || Cell {
        evaluations: EVALUATIONS,
        judged: EVALUATIONS,
        ..Cell::default()
    };
    let (mut honest, mut optimistic) = (cell(), cell());
    for _ in 0..EVALUATIONS {
        let sets = (0..10).map(|_| set());
        let better = |a: Vec<Vec<f64>>, b: Vec<Vec<f64>>| if sum(&b) > sum(&a) { b } else { a };
        let validation = sets.reduce(better).expect("ten");
        let improved =
            |set: &[Vec<f64>]| evaluate(world, set, true).verdict == Conclusion::Improved;
        optimistic.improved += usize::from(improved(&validation));
        honest.improved += usize::from(improved(&set()));
    }
    (honest, optimistic)
}
