//! Which responses to compare next, so that the best and the worst are known early.
//!
//! A full tournament compares every two responses in both orders. An adaptive one plays rounds and
//! stops as soon as no remaining comparison could change which response has the most wins minus
//! losses and which has the fewest, and the strengths so far agree. Strengths in between are then
//! less certain, which does not matter to a selector of best against worst.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::Preference;

use super::bradley_terry::Votes;

/// How many comparisons a pairwise judge makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tournament {
    /// Every two responses, in both orders: K (K - 1) for K responses.
    #[default]
    Full,
    /// In both orders, until the best and the worst response are clear.
    Adaptive,
}

/// The tournament of the responses to one instruction.
#[derive(Debug)]
pub(super) struct TournamentState {
    tournament: Tournament,
    responses: usize,
    /// Whether two responses have been compared, in both orders.
    compared: Vec<bool>,
    /// Wins minus losses.
    margins: Vec<i64>,
    votes: Votes,
    /// `Ok` for a response with a verdict; until then why its first comparison had none.
    verdicts: Vec<Result<(), Option<String>>>,
}

impl TournamentState {
    pub(super) fn of(responses: usize, tournament: Tournament) -> Self {
        Self {
            tournament,
            responses,
            compared: vec![false; responses * responses],
            margins: vec![0; responses],
            votes: Votes::none(responses),
            verdicts: vec![Err(None); responses],
        }
    }

    /// The comparisons to make next: both orders of some pairs, none when it is over.
    pub(super) fn next_round(&mut self) -> Vec<(usize, usize)> {
        let remaining = self.remaining();
        let pairs = match self.tournament {
            Tournament::Full => remaining,
            Tournament::Adaptive if self.is_clear() => Vec::new(),
            Tournament::Adaptive => self.informative_pairs(&remaining),
        };
        for &(m, n) in &pairs {
            self.compared[m * self.responses + n] = true;
        }
        pairs
            .into_iter()
            .flat_map(|(m, n)| [(m, n), (n, m)])
            .collect()
    }

    /// Counts one verdict.
    pub(super) fn record(&mut self, first: usize, second: usize, preference: &Preference) {
        self.votes.add(first, second, preference);
        let margin = match preference {
            Preference::First => 1,
            Preference::Second => -1,
            Preference::Tie => 0,
            Preference::Unscored(reason) => {
                for response in [first, second] {
                    if let Err(why) = &mut self.verdicts[response] {
                        why.get_or_insert_with(|| reason.clone());
                    }
                }
                return;
            }
        };
        self.margins[first] += margin;
        self.margins[second] -= margin;
        self.verdicts[first] = Ok(());
        self.verdicts[second] = Ok(());
    }

    /// The strength of each response, or why it has none.
    pub(super) fn strengths(&self) -> Vec<Result<f64, String>> {
        let strength = |(strength, verdict): (f64, &Result<(), Option<String>>)| match verdict {
            Ok(()) => Ok(strength),
            Err(Some(reason)) => Err(format!("no comparison was decided: {reason}")),
            Err(None) => Err("nothing to compare with".into()),
        };
        self.votes
            .strengths()
            .into_iter()
            .zip(&self.verdicts)
            .map(strength)
            .collect()
    }

    /// Comparisons that were not made.
    pub(super) fn skipped(&self) -> usize {
        self.remaining().len() * 2
    }

    /// The pairs that have not been compared.
    fn remaining(&self) -> Vec<(usize, usize)> {
        let all = (0..self.responses).flat_map(|m| (m + 1..self.responses).map(move |n| (m, n)));
        all.filter(|(m, n)| !self.compared[m * self.responses + n])
            .collect()
    }

    /// By how much the margin of each response may still change.
    fn open(&self) -> Vec<i64> {
        let mut open = vec![0; self.responses];
        for (m, n) in self.remaining() {
            open[m] += 2;
            open[n] += 2;
        }
        open
    }

    /// The responses that may still end up with the highest margin times `sign`.
    fn contenders(&self, sign: i64) -> Vec<usize> {
        let open = self.open();
        let margin = |index: usize| sign * self.margins[index];
        let guaranteed = (0..self.responses)
            .map(|index| margin(index) - open[index])
            .max()
            .unwrap_or(0);
        (0..self.responses)
            .filter(|&index| margin(index) + open[index] >= guaranteed)
            .collect()
    }

    /// Whether the best and the worst are known, and the strengths agree.
    fn is_clear(&self) -> bool {
        let strengths = self.votes.strengths();
        let leads = |sign: i64| {
            let contenders = self.contenders(sign);
            let [only] = contenders.as_slice() else {
                return false;
            };
            let value = |index: usize| sign as f64 * strengths[index];
            (0..self.responses).all(|other| other == *only || value(other) < value(*only))
        };
        self.responses < 2 || (leads(1) && leads(-1))
    }

    /// The pairs of the next round. For the top and for the bottom, the contenders that can still
    /// get furthest are compared with each other; a single one is compared with the other
    /// contenders.
    fn informative_pairs(&self, remaining: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut round: Vec<(usize, usize)> = [1, -1]
            .into_iter()
            .flat_map(|sign| self.pairs_for_one_end(sign, remaining))
            .collect();
        round.sort_unstable();
        round.dedup();
        // If the margins are settled and only the strengths disagree, any remaining pair may help.
        if round.is_empty() {
            remaining.to_vec()
        } else {
            round
        }
    }

    fn pairs_for_one_end(&self, sign: i64, remaining: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let contenders = self.contenders(sign);
        if contenders.len() < 2 {
            return Vec::new();
        }
        let open = self.open();
        let reach = |index: usize| sign * self.margins[index] + open[index];
        let furthest = contenders
            .iter()
            .map(|&index| reach(index))
            .max()
            .unwrap_or(0);
        let leads = |index: usize| contenders.contains(&index) && reach(index) == furthest;
        let between = |wanted: &dyn Fn(usize, usize) -> bool| -> Vec<(usize, usize)> {
            remaining
                .iter()
                .copied()
                .filter(|&(m, n)| wanted(m, n))
                .collect()
        };
        let among_leaders = disjoint(&between(&|m, n| leads(m) && leads(n)));
        if !among_leaders.is_empty() {
            return among_leaders;
        }
        let contends = |index: usize| contenders.contains(&index);
        let of_leaders = between(&|m, n| (leads(m) && contends(n)) || (leads(n) && contends(m)));
        if of_leaders.is_empty() {
            between(&|m, n| contends(m) || contends(n))
        } else {
            of_leaders
        }
    }
}

/// The first pairs that have no response in common.
fn disjoint(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut taken: Vec<usize> = Vec::new();
    let mut kept = Vec::new();
    for &(m, n) in pairs {
        if !taken.contains(&m) && !taken.contains(&n) {
            taken.extend([m, n]);
            kept.push((m, n));
        }
    }
    kept
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
            for (first, second) in round {
                state.record(first, second, &verdict(first, second));
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
        assert_eq!((state.margins[7], state.margins[0]), (14, -14));
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
        /// Whatever the verdicts, a response that is best or worst at the end would be so after every
        /// comparison.
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
                let rank = |sign: f64| (0..responses).max_by(|a, b| (sign * strengths[*a]).total_cmp(&(sign * strengths[*b])));
                prop_assert_eq!(on_top(&full.margins, 1), rank(1.0));
                prop_assert_eq!(on_top(&full.margins, -1), rank(-1.0));
            } else {
                prop_assert_eq!(&full.margins, &adaptive.margins);
            }
        }
    }
}
