//! The tournament of the responses to one instruction.
//!
//! A full tournament compares every two responses in both orders. An adaptive one plays rounds and
//! stops as soon as no remaining comparison could change which response has the most wins minus
//! losses and which has the fewest, and the strengths so far agree. Strengths in between are then
//! less certain, which does not matter to a selector of best against worst.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Judgment, Preference, Score, Scored};

use super::adaptive::Race;
use super::bradley_terry::Votes;
use super::matchup::Matchup;

/// Which comparisons a pairwise judge makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tournament {
    /// Every two responses, in both orders: K (K - 1) for K responses.
    #[default]
    Full,
    /// In both orders, until the best and the worst response are clear.
    Adaptive,
}

/// A tournament under way.
#[derive(Debug)]
pub(super) struct TournamentState {
    tournament: Tournament,
    /// The matchups that have not been compared, each in one order.
    remaining: Vec<Matchup>,
    /// Wins minus losses of each response.
    net_wins: Vec<i64>,
    votes: Votes,
    /// Whether each response has a verdict.
    verdicts: Vec<HasVerdict>,
}

/// Whether any comparison of a response had a verdict.
#[derive(Debug, Clone)]
enum HasVerdict {
    /// It was compared with none.
    NotCompared,
    /// No comparison had one; the reason of the first.
    No(String),
    Yes,
}

impl TournamentState {
    pub(super) fn of(responses: usize, tournament: Tournament) -> Self {
        let remaining = (0..responses)
            .flat_map(|first| (first + 1..responses).map(move |second| Matchup { first, second }))
            .collect();
        Self {
            tournament,
            remaining,
            net_wins: vec![0; responses],
            votes: Votes::none(responses),
            verdicts: vec![HasVerdict::NotCompared; responses],
        }
    }

    /// The comparisons to make next: both orders of some matchups, none when it is over.
    pub(super) fn next_round(&mut self) -> Vec<Matchup> {
        let matchups = match self.tournament {
            Tournament::Full => self.remaining.clone(),
            Tournament::Adaptive => {
                let race = Race::new(&self.net_wins, &self.remaining);
                if race.is_clear(&self.votes.strengths()) {
                    Vec::new()
                } else {
                    race.informative_matchups()
                }
            }
        };
        // Both are in order.
        self.remaining
            .retain(|matchup| matchups.binary_search(matchup).is_err());
        matchups
            .into_iter()
            .flat_map(Matchup::both_orders)
            .collect()
    }

    /// Counts one verdict.
    pub(super) fn record(&mut self, matchup: Matchup, preference: &Preference) {
        let Matchup { first, second } = matchup;
        self.votes.add(first, second, preference);
        let net_wins = match preference {
            Preference::First => 1,
            Preference::Second => -1,
            Preference::Tie => 0,
            Preference::Unscored(reason) => {
                for response in [first, second] {
                    if matches!(self.verdicts[response], HasVerdict::NotCompared) {
                        self.verdicts[response] = HasVerdict::No(reason.clone());
                    }
                }
                return;
            }
        };
        self.net_wins[first] += net_wins;
        self.net_wins[second] -= net_wins;
        self.verdicts[first] = HasVerdict::Yes;
        self.verdicts[second] = HasVerdict::Yes;
    }

    /// The judgment of each response: its strength, or why it has none.
    pub(super) fn judgments(&self) -> Vec<Judgment> {
        self.votes
            .strengths()
            .into_iter()
            .zip(&self.verdicts)
            .map(|(strength, verdict)| judgment(strength, verdict))
            .collect()
    }

    /// Comparisons that were not made.
    pub(super) fn skipped(&self) -> usize {
        self.remaining.len() * 2
    }
}

fn judgment(strength: f64, verdict: &HasVerdict) -> Judgment {
    let unscored = match verdict {
        HasVerdict::NotCompared => "nothing to compare with".to_owned(),
        HasVerdict::No(reason) => format!("no comparison was decided: {reason}"),
        HasVerdict::Yes => match Score::new(strength) {
            Some(score) => {
                return Judgment::Scored(Scored {
                    score,
                    rationale: None,
                    aspects: BTreeMap::new(),
                });
            }
            None => "the strength is not finite".to_owned(),
        },
    };
    Judgment::Unscored(unscored)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays to the end; `verdict` is given the response shown first and the one shown second.
    fn play(
        responses: usize,
        tournament: Tournament,
        verdict: impl Fn(usize, usize) -> Preference,
    ) -> TournamentState {
        let mut state = TournamentState::of(responses, tournament);
        loop {
            let round = state.next_round();
            if round.is_empty() {
                return state;
            }
            for matchup in round {
                state.record(matchup, &verdict(matchup.first, matchup.second));
            }
        }
    }

    fn stronger(first: usize, second: usize) -> Preference {
        if first > second {
            Preference::First
        } else {
            Preference::Second
        }
    }

    #[test]
    fn a_full_tournament_asks_everything_in_one_round() {
        let mut state = TournamentState::of(4, Tournament::Full);
        assert_eq!(state.next_round().len(), 12);
        assert!(state.next_round().is_empty());
        assert_eq!(state.skipped(), 0);
    }

    #[test]
    fn a_consistent_judge_is_asked_about_half() {
        let state = play(8, Tournament::Adaptive, stronger);
        assert_eq!((state.net_wins[7], state.net_wins[0]), (14, -14));
        assert!(state.skipped() >= 20, "skipped {} of 56", state.skipped());
    }

    fn on_top(values: &[i64], sign: i64) -> Option<usize> {
        let top = values.iter().map(|value| sign * value).max()?;
        let mut holders = (0..values.len()).filter(|&index| sign * values[index] == top);
        holders.next().filter(|_| holders.next().is_none())
    }

    fn preference() -> impl Strategy<Value = Preference> {
        prop_oneof![
            4 => Just(Preference::First),
            4 => Just(Preference::Second),
            1 => Just(Preference::Tie),
            1 => Just(Preference::Unscored("no verdict".into())),
        ]
    }

    proptest! {
        /// Whatever the verdicts, a response that is best or worst at the end would be so after
        /// every comparison.
        #[test]
        fn stopping_early_changes_neither_best_nor_worst(
            responses in 2_usize..9,
            verdicts in prop::collection::vec(preference(), 64),
        ) {
            let verdict = |first: usize, second: usize| verdicts[first * 8 + second].clone();
            let full = play(responses, Tournament::Full, verdict);
            let adaptive = play(responses, Tournament::Adaptive, verdict);
            if adaptive.skipped() > 0 {
                let strengths = adaptive.votes.strengths();
                let rank = |sign: f64| {
                    let signed = |response: usize| sign * strengths[response];
                    (0..responses).max_by(|a, b| signed(*a).total_cmp(&signed(*b)))
                };
                prop_assert_eq!(on_top(&full.net_wins, 1), rank(1.0));
                prop_assert_eq!(on_top(&full.net_wins, -1), rank(-1.0));
            } else {
                prop_assert_eq!(&full.net_wins, &adaptive.net_wins);
            }
        }
    }
}
