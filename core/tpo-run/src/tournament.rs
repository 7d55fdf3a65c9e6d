//! Which responses to compare next, so that the best and the worst are known early.
//!
//! A full tournament compares every two, in both orders. An adaptive one plays rounds and ends as
//! soon as nothing that is left to be asked could change who has the most wins over losses, and who
//! the fewest, and the strengths of what was asked say the same. Strengths in between are then less
//! sure, which a selector of best against worst does not look at. Knows nothing of judges: it is
//! told verdicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::Preference;

use crate::bradley_terry::Votes;

/// How many comparisons a pairwise judge is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tournament {
    /// Every two responses, in both orders: K (K - 1) for K responses.
    #[default]
    Full,
    /// Until best and worst are clear, in both orders.
    Adaptive,
}

/// The responses to one instruction and what is known of them.
#[derive(Debug)]
pub(crate) struct Table {
    tournament: Tournament,
    responses: usize,
    /// Whether two have been compared, in both orders.
    met: Vec<bool>,
    /// Wins less losses.
    margins: Vec<i64>,
    votes: Votes,
    /// Why the first comparison of each had no verdict; `Ok` as soon as any has one.
    heard: Vec<Result<(), Option<String>>>,
}

impl Table {
    pub(crate) fn of(responses: usize, tournament: Tournament) -> Self {
        Self {
            tournament,
            responses,
            met: vec![false; responses * responses],
            margins: vec![0; responses],
            votes: Votes::none(responses),
            heard: vec![Err(None); responses],
        }
    }

    /// The comparisons to make next: both orders of some pairs, none when it is over.
    pub(crate) fn next_round(&mut self) -> Vec<(usize, usize)> {
        let left = self.left();
        let pairs = match self.tournament {
            Tournament::Full => left,
            Tournament::Adaptive if self.is_clear() => Vec::new(),
            Tournament::Adaptive => self.telling(&left),
        };
        for &(m, n) in &pairs {
            self.met[m * self.responses + n] = true;
        }
        pairs
            .into_iter()
            .flat_map(|(m, n)| [(m, n), (n, m)])
            .collect()
    }

    /// Counts one verdict.
    pub(crate) fn record(&mut self, first: usize, second: usize, preference: &Preference) {
        self.votes.add(first, second, preference);
        let margin = match preference {
            Preference::First => 1,
            Preference::Second => -1,
            Preference::Tie => 0,
            Preference::Unscored(reason) => {
                for response in [first, second] {
                    if let Err(why) = &mut self.heard[response] {
                        why.get_or_insert_with(|| reason.clone());
                    }
                }
                return;
            }
        };
        self.margins[first] += margin;
        self.margins[second] -= margin;
        self.heard[first] = Ok(());
        self.heard[second] = Ok(());
    }

    /// The strength of each response, or why it has none.
    pub(crate) fn strengths(&self) -> Vec<Result<f64, String>> {
        let strength = |(strength, heard): (f64, &Result<(), Option<String>>)| match heard {
            Ok(()) => Ok(strength),
            Err(Some(reason)) => Err(format!("no comparison was decided: {reason}")),
            Err(None) => Err("nothing to compare with".into()),
        };
        self.votes
            .strengths()
            .into_iter()
            .zip(&self.heard)
            .map(strength)
            .collect()
    }

    /// Comparisons that were not asked for.
    pub(crate) fn saved(&self) -> usize {
        self.left().len() * 2
    }

    /// The pairs that have not been compared.
    fn left(&self) -> Vec<(usize, usize)> {
        let all = (0..self.responses).flat_map(|m| (m + 1..self.responses).map(move |n| (m, n)));
        all.filter(|(m, n)| !self.met[m * self.responses + n])
            .collect()
    }

    /// By how much the margin of each may still change.
    fn open(&self) -> Vec<i64> {
        let mut open = vec![0; self.responses];
        for (m, n) in self.left() {
            open[m] += 2;
            open[n] += 2;
        }
        open
    }

    /// Those that may still end up on top, by margins of one sign or the other.
    fn contenders(&self, sign: i64) -> Vec<usize> {
        let open = self.open();
        let margin = |index: usize| sign * self.margins[index];
        let surest = (0..self.responses)
            .map(|index| margin(index) - open[index])
            .max()
            .unwrap_or(0);
        (0..self.responses)
            .filter(|&index| margin(index) + open[index] >= surest)
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

    /// The pairs of the next round: for the top and for the bottom, those who can still get
    /// furthest meet each other, and whoever is alone there meets all who are still in the way.
    fn telling(&self, left: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut round: Vec<(usize, usize)> = [1, -1]
            .into_iter()
            .flat_map(|sign| self.for_one_end(sign, left))
            .collect();
        round.sort_unstable();
        round.dedup();
        // Where the margins leave nothing open and only the strengths disagree, anything left may
        // help.
        if round.is_empty() {
            left.to_vec()
        } else {
            round
        }
    }

    fn for_one_end(&self, sign: i64, left: &[(usize, usize)]) -> Vec<(usize, usize)> {
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
            left.iter()
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

/// Of the pairs as many as nobody is in twice, the first ones first.
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

    /// Plays to the end; `verdict` is asked with the response shown first and the one shown second.
    fn play(
        responses: usize,
        tournament: Tournament,
        verdict: impl Fn(usize, usize) -> Preference,
    ) -> Table {
        let mut table = Table::of(responses, tournament);
        loop {
            let round = table.next_round();
            if round.is_empty() {
                return table;
            }
            for (first, second) in round {
                table.record(first, second, &verdict(first, second));
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
        let mut table = Table::of(4, Tournament::Full);
        assert_eq!(table.next_round().len(), 12);
        assert!(table.next_round().is_empty());
        assert_eq!(table.saved(), 0);
    }

    #[test]
    fn a_consistent_judge_is_asked_about_half() {
        let table = play(8, Tournament::Adaptive, stronger);
        assert_eq!((table.margins[7], table.margins[0]), (14, -14));
        assert!(table.saved() >= 20, "saved {} of 56", table.saved());
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
        /// Whatever the judge says, who is ahead of all others at the end would be so after every
        /// comparison.
        #[test]
        fn stopping_early_changes_neither_best_nor_worst(
            responses in 2_usize..9,
            verdicts in prop::collection::vec(preference(), 64),
        ) {
            let verdict = |first: usize, second: usize| verdicts[first * 8 + second].clone();
            let full = play(responses, Tournament::Full, verdict);
            let adaptive = play(responses, Tournament::Adaptive, verdict);
            if adaptive.saved() > 0 {
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
