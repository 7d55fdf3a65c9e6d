//! The results of the attacks.

use serde::Serialize;
use tpo_types::{Failure, FailureKind, Preference};

use crate::scoring::JudgeMetrics;

/// The result of one attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttackResult {
    /// The attack's name.
    pub name: &'static str,
    /// What the judge was given.
    pub description: &'static str,
    /// How often both responses were judged.
    pub trials: usize,
    /// The fraction of the trials that the junk won, a tie counting one half.
    pub win_rate: f64,
    /// The fraction of the trials where neither was preferred.
    pub tie_rate: f64,
}

/// The results of all attacks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StressTestReport {
    /// One per attack.
    pub attacks: Vec<AttackResult>,
    /// How consistent the judges were.
    #[serde(flatten)]
    pub judge: JudgeMetrics,
}

impl StressTestReport {
    /// An error if the win rate of an attack is above `tolerance`, or if the judge scored no real
    /// response.
    pub fn check(&self, tolerance: f64) -> Result<(), Failure> {
        if self.attacks.iter().all(|attack| attack.trials == 0) {
            return Err(Failure::new(
                FailureKind::Plugin,
                "the judge scored none of the real responses",
            )
            .hint("run `tpo judge` on the same input to see the reasons"));
        }
        let failed = self.failed(tolerance);
        if failed.is_empty() {
            return Ok(());
        }
        let what = format!(
            "junk beats real responses with a win rate above {:.1}%: {}",
            tolerance * 100.0,
            failed.join(", ")
        );
        Err(Failure::new(FailureKind::Plugin, what)
            .hint("a model trained with this judge learns to write such junk"))
    }

    /// The names of the attacks whose win rate is above `tolerance`.
    pub(super) fn failed(&self, tolerance: f64) -> Vec<&str> {
        self.attacks
            .iter()
            .filter(|attack| attack.win_rate > tolerance)
            .map(|attack| attack.name)
            .collect()
    }
}

/// The trials of one attack, counted.
#[derive(Default)]
pub(super) struct Trials {
    count: usize,
    wins: usize,
    ties: usize,
}

impl Trials {
    /// Counts a trial where the first response is the real one and the second the junk.
    pub(super) fn record(&mut self, preference: &Preference) {
        self.count += 1;
        self.wins += usize::from(*preference == Preference::Second);
        self.ties += usize::from(*preference == Preference::Tie);
    }

    pub(super) fn result(&self, name: &'static str, description: &'static str) -> AttackResult {
        let trials = self.count.max(1) as f64;
        AttackResult {
            name,
            description,
            trials: self.count,
            win_rate: (self.wins as f64 + self.ties as f64 / 2.0) / trials,
            tie_rate: self.ties as f64 / trials,
        }
    }
}
