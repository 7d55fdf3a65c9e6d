//! A judge that compares: the win rates of AlpacaEval and Arena-Hard from the verdicts of both
//! orders.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use tpo_eval::alpaca::{LengthControlVariant, length_controlled, raw_win_rate};
use tpo_eval::arena::{ArenaScore, Battle, Label, Resampling, VoteRule, arena_score};
use tpo_eval::win_rate::{BothOrders, win_rate};
use tpo_types::{Preference, Strength, Verdict};

use super::Figure;
use crate::evaluation::answers::Answered;
use crate::metrics::{BothVerdicts, ComparedSample, JudgedSubject, mean};
use crate::pipeline::RunJudge;

/// The fewest instructions that lengths are controlled with.
const FEWEST_CONTROLLED: usize = tpo_eval::MANY;
/// Resamplings of the prompts behind the percentiles of Arena-Hard's score.
const ROUNDS: usize = 1000;

/// How Arena-Hard counts verdicts: by version 2 if the judge is configured so.
pub(in crate::evaluation) fn vote_rule(judge: &RunJudge) -> VoteRule {
    match judge.config.config.get("version").and_then(Value::as_str) {
        Some("v2") => VoteRule::V2,
        _ => VoteRule::V0_1,
    }
}

/// Win rates of a subject against the first one.
#[derive(Debug, Clone, Serialize)]
pub struct PairwiseResult {
    /// The subject that it is compared with.
    pub opponent: String,
    /// AlpacaEval's raw win rate in points: the mean probability to win, of both orders. It counts
    /// instructions where a response of both has a verdict in both orders, and malformed ones as
    /// lost.
    pub win_rate: Option<f64>,
    /// Its standard error in points.
    pub standard_error: Option<f64>,
    /// Instructions won.
    pub n_wins: usize,
    /// Instructions lost.
    pub n_wins_base: usize,
    /// Instructions with neither.
    pub n_draws: usize,
    /// Instructions that count.
    pub n_total: usize,
    /// AlpacaEval 2's length-controlled win rate in points, by its formula without the
    /// instructions' difficulty and without an anchor (`length_controlled_minimal`), fitted
    /// without a penalty.
    pub length_controlled_minimal: Option<f64>,
    /// Why there is none.
    pub length_controlled_missing: Option<NotControlled>,
    /// Its standard error by the influence function, in points; none where a completion is
    /// malformed, and for several samples per instruction.
    pub length_controlled_stderr: Option<f64>,
    /// Whether the fit had no maximum, so that a ridge decided: believe the raw win rate instead.
    pub length_controlled_ridge: bool,
    /// Whether it is so far from the raw win rate that the fit may have failed.
    pub length_controlled_extreme: bool,
    /// Arena-Hard's score, where the judge says how much better a response is.
    pub arena_hard: Option<ArenaResult>,
    /// Share of the comparisons in which both orders agree that one is better.
    pub consistent: Option<f64>,
    /// Mean preference for the response shown first; one half is no position bias.
    pub first_position: Option<f64>,
    /// Mean length of its responses in characters.
    pub avg_length: Option<f64>,
    /// The same of the opponent.
    pub avg_length_base: Option<f64>,
}

/// Why a win rate is not controlled for length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotControlled {
    /// Fewer than 30 instructions have a verdict.
    FewInstructions,
    /// Lengths differ by nearly the same everywhere, so that length and quality cannot be told
    /// apart.
    LengthsDifferAlike,
}

/// Arena-Hard's score.
#[derive(Debug, Clone, Serialize)]
pub struct ArenaResult {
    /// Share of the weighted votes, in points; a strong verdict counts three.
    pub score: Figure,
    /// 2.5 and 97.5 percentiles over resampled prompts; none for fewer than 30, for several samples
    /// of a prompt, and where all votes are equal.
    pub rating_q025: Option<f64>,
    /// See `rating_q025`.
    pub rating_q975: Option<f64>,
    /// Games without a verdict.
    pub missing: usize,
}

/// The win rates of a subject; none if it was not compared.
pub(in crate::evaluation) fn of(
    first: &Answered<'_>,
    own: &Answered<'_>,
    judged: &JudgedSubject,
    rule: VoteRule,
) -> Option<PairwiseResult> {
    if judged.comparisons.is_empty() {
        return None;
    }
    let lengths = Lengths {
        own: chars(own),
        first: chars(first),
    };
    let of_instructions = judged.comparisons.chunk_by(|one, next| one.id == next.id);
    let wins = of_instructions.filter_map(|samples| mean(samples.iter().filter_map(probability)));
    let preferences: Vec<f64> = wins.map(|win| 1.0 + win).collect();
    let raw = raw_win_rate(&preferences).ok();
    let controlled = controlled(&judged.comparisons, &lengths);
    let orders: Vec<BothOrders> = judged
        .comparisons
        .iter()
        .filter_map(|sample| sample.verdicts.as_ref().map(orders))
        .collect();
    // Without a verdict in both orders there is nothing to agree.
    let read: Vec<BothOrders> = orders
        .into_iter()
        .filter(|both| both.outcome().is_some())
        .collect();
    let consistency = win_rate(&read).ok();
    Some(PairwiseResult {
        opponent: first.subject.name.clone(),
        win_rate: raw.map(|raw| raw.win_rate),
        standard_error: raw.and_then(|raw| raw.standard_error),
        n_wins: raw.map_or(0, |raw| raw.n_wins),
        n_wins_base: raw.map_or(0, |raw| raw.n_wins_base),
        n_draws: raw.map_or(0, |raw| raw.n_draws),
        n_total: raw.map_or(0, |raw| raw.n_total),
        length_controlled_minimal: controlled.map(|one| one.win_rate).ok(),
        length_controlled_missing: controlled.err(),
        length_controlled_stderr: controlled.ok().and_then(|one| one.standard_error),
        length_controlled_ridge: controlled.is_ok_and(|one| one.ridge),
        length_controlled_extreme: controlled.is_ok_and(|one| one.extreme),
        arena_hard: arena(&judged.comparisons, rule),
        consistent: consistency.as_ref().map(|one| one.consistent),
        first_position: consistency.and_then(|one| one.first_position),
        avg_length: mean_length(&lengths.own),
        avg_length_base: mean_length(&lengths.first),
    })
}

/// Lengths of the responses that parsed in characters, by instruction; malformed completions come
/// after them, as in [`ComparedSample::index`].
struct Lengths<'a> {
    own: BTreeMap<&'a str, Vec<f64>>,
    first: BTreeMap<&'a str, Vec<f64>>,
}

impl Lengths<'_> {
    /// How much longer the first subject's response is; none if one of the two is malformed.
    fn difference(&self, sample: &ComparedSample) -> Option<f64> {
        let of = |lengths: &BTreeMap<&str, Vec<f64>>| {
            lengths.get(sample.id.as_str())?.get(sample.index).copied()
        };
        Some(of(&self.first)? - of(&self.own)?)
    }
}

fn chars<'a>(answered: &'a Answered<'_>) -> BTreeMap<&'a str, Vec<f64>> {
    let of_one = answered.groups.iter().map(|group| {
        let parts = group.candidates.iter().filter_map(|one| one.parts());
        let lengths = parts.map(|parts| parts.response.chars().count() as f64);
        (
            group.id(),
            lengths.take(answered.pass.num_samples).collect(),
        )
    });
    of_one.collect()
}

/// The mean over instructions of the mean length of their responses.
fn mean_length(lengths: &BTreeMap<&str, Vec<f64>>) -> Option<f64> {
    mean(
        lengths
            .values()
            .filter_map(|of_one| mean(of_one.iter().copied())),
    )
}

/// The probability that the subject wins, of both orders: from the judge's probabilities where it
/// gives them, else from its preferences. None without a verdict in both orders.
pub(in crate::evaluation) fn probability(sample: &ComparedSample) -> Option<f64> {
    match &sample.verdicts {
        Some(verdicts) => orders(verdicts).outcome(),
        None => sample.win,
    }
}

fn orders(verdicts: &BothVerdicts) -> BothOrders {
    BothOrders {
        ours_first: first_wins(&verdicts.own_first),
        baseline_first: first_wins(&verdicts.other_first),
    }
}

/// The probability that the response shown first is better.
fn first_wins(verdict: &Verdict) -> Option<f64> {
    match verdict.preference {
        Preference::Unscored(_) => None,
        Preference::First => Some(verdict.first_probability.unwrap_or(1.0)),
        Preference::Second => Some(verdict.first_probability.unwrap_or(0.0)),
        Preference::Tie => Some(verdict.first_probability.unwrap_or(0.5)),
    }
}

/// A length-controlled win rate in points.
#[derive(Clone, Copy)]
struct Controlled {
    win_rate: f64,
    standard_error: Option<f64>,
    ridge: bool,
    extreme: bool,
}

/// The length-controlled win rate, fitted to samples: of several for an instruction, one can be
/// malformed. An unscored response is not fitted, but its length counts. A malformed completion has
/// no length, so it stays out of the fit and counts as what it is: lost, or won against.
fn controlled(
    samples: &[ComparedSample],
    lengths: &Lengths<'_>,
) -> Result<Controlled, NotControlled> {
    let parsed = samples
        .iter()
        .filter_map(|sample| Some((sample, lengths.difference(sample)?)));
    let (parsed, differences): (Vec<&ComparedSample>, Vec<f64>) = parsed.unzip();
    let scored = parsed.iter().filter(|one| probability(one).is_some());
    let instructions: BTreeSet<&str> = scored.map(|one| one.id.as_str()).collect();
    if instructions.len() < FEWEST_CONTROLLED {
        return Err(NotControlled::FewInstructions);
    }
    let preference =
        |sample: &&ComparedSample| probability(sample).map_or(f64::NAN, |win| 1.0 + win);
    let preferences: Vec<f64> = parsed.iter().map(preference).collect();
    let fit = length_controlled(&preferences, &differences, LengthControlVariant::Minimal)
        .map_err(|_| NotControlled::LengthsDifferAlike)?;
    let malformed = samples
        .iter()
        .filter(|sample| lengths.difference(sample).is_none());
    let won: f64 = malformed.filter_map(|sample| sample.win).sum();
    let is_plain = parsed.len() == samples.len() && !is_clustered(samples);
    Ok(Controlled {
        win_rate: (parsed.len() as f64 * fit.win_rate + 100.0 * won) / samples.len() as f64,
        // The fit's error knows neither how much the share of malformed completions varies, nor
        // that samples of one instruction are alike.
        standard_error: fit.standard_error.filter(|_| is_plain),
        ridge: fit.ridge,
        extreme: fit.extreme,
    })
}

/// Whether an instruction has several samples, which are not several instructions.
fn is_clustered(samples: &[ComparedSample]) -> bool {
    samples.windows(2).any(|two| two[0].id == two[1].id)
}

/// Arena-Hard's score; none for a judge that says nothing on how much better a response is. A
/// malformed completion loses both games strongly.
fn arena(samples: &[ComparedSample], rule: VoteRule) -> Option<ArenaResult> {
    let verdicts = samples.iter().filter_map(|sample| sample.verdicts.as_ref());
    let mut both = verdicts.flat_map(|both| [&both.own_first, &both.other_first]);
    if !both.any(|verdict| verdict.strength.is_some()) {
        return None;
    }
    let battles: Vec<Battle> = samples.iter().map(battle).collect();
    let resampling = Resampling {
        rounds: ROUNDS,
        seed: 42,
    };
    let ArenaScore {
        score,
        standard_error,
        interval,
        resampled,
        prompts,
        missing,
        ..
    } = arena_score(&battles, rule, resampling).ok()?;
    // Resampling what is all equal shows no spread, and samples of one instruction are alike: no
    // interval is better than one that is too narrow.
    let is_clustered = is_clustered(samples);
    let interval = interval.ok().filter(|_| !is_clustered);
    let resampled = resampled
        .ok()
        .filter(|interval| !is_clustered && interval.high > interval.low);
    Some(ArenaResult {
        score: Figure {
            value: score,
            stderr: standard_error.filter(|_| !is_clustered),
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            n: prompts,
        },
        rating_q025: resampled.map(|interval| interval.low),
        rating_q975: resampled.map(|interval| interval.high),
        missing,
    })
}

/// The two games of a sample; the opponent is the baseline.
pub(in crate::evaluation) fn battle(sample: &ComparedSample) -> Battle {
    let Some(verdicts) = &sample.verdicts else {
        let decided = |won_by_model, lost_by_model| match sample.win {
            Some(1.0) => Some(won_by_model),
            Some(0.0) => Some(lost_by_model),
            Some(_) => Some(Label::Tie),
            None => None,
        };
        return Battle {
            baseline_first: decided(Label::MuchBetterB, Label::MuchBetterA),
            model_first: decided(Label::MuchBetterA, Label::MuchBetterB),
        };
    };
    Battle {
        baseline_first: label(&verdicts.other_first),
        model_first: label(&verdicts.own_first),
    }
}

/// The label of a verdict: A is the response shown first.
pub(in crate::evaluation) fn label(verdict: &Verdict) -> Option<Label> {
    let is_strong = verdict.strength == Some(Strength::Strong);
    Some(match (&verdict.preference, is_strong) {
        (Preference::First, true) => Label::MuchBetterA,
        (Preference::First, false) => Label::BetterA,
        (Preference::Tie, _) => Label::Tie,
        (Preference::Second, false) => Label::BetterB,
        (Preference::Second, true) => Label::MuchBetterB,
        (Preference::Unscored(_), _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rate of 60 instructions with two samples each. `win` says whether a sample is won, or
    /// none if it is malformed; lengths say nothing about winning.
    fn rate(win: impl Fn(usize, usize) -> Option<bool>) -> Controlled {
        let ids: Vec<String> = (0..60).map(|at| format!("{at:02}")).collect();
        let (mut samples, mut own) = (Vec::new(), BTreeMap::new());
        for (at, id) in ids.iter().enumerate() {
            // Malformed completions come last.
            let wins = [win(at, 0), win(at, 1)];
            let parsed = wins.iter().flatten().count();
            let lengths = (0..parsed).map(|index| ((at / 2 + index) % 2) as f64 * 100.0);
            own.insert(id.as_str(), lengths.collect());
            samples.extend(
                wins.into_iter()
                    .enumerate()
                    .map(|(index, win)| ComparedSample {
                        id: id.clone(),
                        index,
                        win: Some(f64::from(u8::from(win.unwrap_or(false)))),
                        verdicts: None,
                    }),
            );
        }
        let first = ids.iter().map(|id| (id.as_str(), vec![50.0; 2])).collect();
        controlled(&samples, &Lengths { own, first }).expect("lengths that differ")
    }

    #[test]
    fn where_length_explains_nothing_the_rate_is_the_raw_one() {
        let parsed = rate(|at, _| Some(at % 2 == 0));
        assert!((parsed.win_rate - 50.0).abs() < 1e-6, "{}", parsed.win_rate);
        let half = rate(|at, index| (index == 0).then_some(at % 2 == 0));
        assert!((half.win_rate - 25.0).abs() < 1e-6, "{}", half.win_rate);
        assert_eq!(half.standard_error, None);
        // Half of the instructions win one sample and lose the other as malformed, half lose both.
        let uneven = rate(|at, index| match (at % 2, index) {
            (0, 0) => Some(true),
            (0, _) => None,
            _ => Some(false),
        });
        assert!((uneven.win_rate - 25.0).abs() < 1e-6, "{}", uneven.win_rate);
    }

    #[test]
    fn a_rate_that_is_not_controlled_says_why() {
        let ids: Vec<String> = (0..40).map(|at| format!("{at:02}")).collect();
        let samples = |count: usize| -> Vec<ComparedSample> {
            let of = |id: &String| ComparedSample {
                id: id.clone(),
                index: 0,
                win: Some(f64::from(u8::from(id.ends_with('0')))),
                verdicts: None,
            };
            ids.iter().take(count).map(of).collect()
        };
        let longer = |by: f64| Lengths {
            own: ids
                .iter()
                .map(|id| (id.as_str(), vec![50.0 + by]))
                .collect(),
            first: ids.iter().map(|id| (id.as_str(), vec![50.0])).collect(),
        };
        let why = |count, by| controlled(&samples(count), &longer(by)).err();
        assert_eq!(why(29, 20.0), Some(NotControlled::FewInstructions));
        assert_eq!(why(40, 0.0), Some(NotControlled::LengthsDifferAlike));
        assert_eq!(why(40, 250.0), Some(NotControlled::LengthsDifferAlike));
    }
}
