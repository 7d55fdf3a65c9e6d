//! Arena-Hard: a model against a baseline in two games per prompt, with strong verdicts weighted.
//!
//! Every model meets only the baseline, so the Bradley-Terry score of version 0.1 is the weighted
//! vote mean of version 2. Both versions resample single votes, as if the copies of a strong
//! verdict and the two games of a prompt were independent; here prompts are resampled.

mod label;
mod style;

use crate::estimate::{Estimate, of_units};
use crate::interval::{Interval, IntervalMethod};
use crate::refusal::Refusal;
use crate::scale::Scale;
use crate::units::Unit;

pub use label::Label;
pub use style::{
    Markdown, Style, StyleControl, StyleControlled, StyleWeights, StyledBattle, style_controlled,
};

/// Votes that a strong verdict counts in the original.
pub const STRONG_WEIGHT: f64 = 3.0;
/// Weights that a strong verdict may have.
const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-3..=1e3;
/// Elo points per unit of log-odds: `400 / ln 10`.
const ELO: f64 = 400.0 / std::f64::consts::LN_10;

/// The two games of one prompt; none where no verdict could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Battle {
    /// A is the baseline, B the model.
    pub baseline_first: Option<Label>,
    /// A is the model, B the baseline.
    pub model_first: Option<Label>,
}

/// What becomes of a prompt when one of its verdicts is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingVerdict {
    /// The other game counts, as in version 0.1.
    DropGame,
    /// Neither game counts, as in version 2.
    DropPrompt,
}

/// How verdicts become votes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoteRule {
    /// Votes of a strong verdict, from 0.001 to 1000; slight ones and ties count one.
    pub strong_weight: f64,
    /// What becomes of missing verdicts.
    pub missing: MissingVerdict,
}

impl VoteRule {
    /// Version 0.1.
    pub const V0_1: Self = Self {
        strong_weight: STRONG_WEIGHT,
        missing: MissingVerdict::DropGame,
    };
    /// Version 2.
    pub const V2: Self = Self {
        strong_weight: STRONG_WEIGHT,
        missing: MissingVerdict::DropPrompt,
    };

    fn check(&self) -> Result<(), Refusal> {
        if WEIGHTS.contains(&self.strong_weight) {
            Ok(())
        } else {
            Err(Refusal::Parameter {
                name: "strong_weight",
            })
        }
    }

    /// The verdicts of a prompt that count.
    fn votes(&self, battle: Battle) -> Vec<Vote> {
        let games = [
            battle.baseline_first.map(|label| (label, true)),
            battle.model_first.map(|label| (label, false)),
        ];
        let missing = games.iter().any(Option::is_none);
        if missing && self.missing == MissingVerdict::DropPrompt {
            return Vec::new();
        }
        let vote = |(label, model_is_b): (Label, bool)| {
            let share = label.share_of_b();
            Vote {
                share: if model_is_b { share } else { 1.0 - share },
                weight: if label.is_strong() {
                    self.strong_weight
                } else {
                    1.0
                },
            }
        };
        games.into_iter().flatten().map(vote).collect()
    }
}

/// One verdict as weighted votes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Vote {
    /// Of each vote, the part that the model gets: 1, 0 or one half.
    share: f64,
    weight: f64,
}

/// A model's Arena-Hard score.
#[derive(Debug, Clone, PartialEq)]
pub struct ArenaScore {
    /// Share of votes, in points.
    pub score: f64,
    /// Its standard error over prompts, `sqrt(sum_p (votes won - score votes)^2) / N sqrt(P / (P -
    /// 1))`, in points; none where prompts do not differ.
    pub standard_error: Option<f64>,
    /// 95 % interval over prompts that is right for few of them, in points.
    pub interval: Result<Interval, Refusal>,
    /// 2.5 and 97.5 percentiles of the score over resampled prompts, in points, as the original
    /// shows them; refused below [`crate::MANY`] prompts, where they are too narrow.
    pub resampled: Result<Interval, Refusal>,
    /// Distance to the baseline in Elo points, `400 log10(score / (100 - score))`; none at 0 and
    /// 100.
    pub elo_difference: Option<f64>,
    /// Weighted votes.
    pub votes: f64,
    /// Prompts that count.
    pub prompts: usize,
    /// Games without a verdict.
    pub missing: usize,
}

/// Scores a model from its battles, with `rounds` resamplings of the prompts from a seed.
///
/// Refuses battles without any vote, a weight that is not positive, and no rounds.
pub fn arena_score(
    battles: &[Battle],
    rule: VoteRule,
    resampling: Resampling,
) -> Result<ArenaScore, Refusal> {
    rule.check()?;
    resampling.check()?;
    let units: Vec<Unit> = battles
        .iter()
        .filter_map(|battle| {
            let votes = rule.votes(*battle);
            (!votes.is_empty()).then(|| Unit {
                sum: votes.iter().map(|vote| vote.share * vote.weight).sum(),
                size: votes.iter().map(|vote| vote.weight).sum(),
            })
        })
        .collect();
    if units.is_empty() {
        return Err(Refusal::Empty);
    }
    let Estimate {
        mean,
        standard_error,
        interval,
        ..
    } = of_units(&units, Scale::UNIT);
    let share = |picked: &[usize]| {
        let (won, all) = picked.iter().fold((0.0, 0.0), |(won, all), &place| {
            (won + units[place].sum, all + units[place].size)
        });
        Ok(100.0 * won / all)
    };
    let resampled = if units.len() < crate::MANY {
        Err(Refusal::TooFew {
            n: units.len(),
            needed: crate::MANY,
        })
    } else {
        resampling.percentiles(units.len(), share)
    };
    let games = battles
        .iter()
        .flat_map(|b| [b.baseline_first, b.model_first]);
    Ok(ArenaScore {
        score: 100.0 * mean,
        standard_error: standard_error.map(|error| 100.0 * error),
        interval: interval.map(|interval| Interval {
            low: 100.0 * interval.low,
            high: 100.0 * interval.high,
            method: interval.method,
        }),
        resampled,
        elo_difference: (mean > 0.0 && mean < 1.0).then(|| ELO * (mean / (1.0 - mean)).ln()),
        votes: units.iter().map(|unit| unit.size).sum(),
        prompts: units.len(),
        missing: games.filter(Option::is_none).count(),
    })
}

/// How prompts are resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Resamples.
    pub rounds: usize,
    /// Seed of SplitMix64; draw k of a resample is its next output modulo the number of prompts.
    pub seed: u64,
}

impl Resampling {
    fn check(self) -> Result<(), Refusal> {
        if self.rounds == 0 {
            return Err(Refusal::Parameter { name: "rounds" });
        }
        Ok(())
    }

    /// The 2.5 and 97.5 percentiles of a statistic over resampled indices below n > 0.
    fn percentiles(
        self,
        n: usize,
        statistic: impl Fn(&[usize]) -> Result<f64, Refusal>,
    ) -> Result<Interval, Refusal> {
        let replicates = crate::bootstrap::replicates(n, self.rounds, self.seed, statistic)?;
        Ok(Interval {
            low: crate::bootstrap::percentile(&replicates, 0.025),
            high: crate::bootstrap::percentile(&replicates, 0.975),
            method: IntervalMethod::Percentiles,
        })
    }
}
