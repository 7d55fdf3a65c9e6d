//! Which comparisons of an adaptive tournament still matter.

use super::matchup::Matchup;

/// Responses that compete for the most and for the fewest net wins, wins minus losses.
pub(super) struct Race<'a> {
    /// The net wins of each response so far.
    net_wins: &'a [i64],
    /// The matchups that have not been compared.
    remaining: &'a [Matchup],
    /// By how much the net wins of each response may still change.
    open: Vec<i64>,
}

/// An end of the ranking.
#[derive(Clone, Copy)]
enum End {
    Best,
    Worst,
}

impl End {
    /// Turns a value that is high for the responses of this end into one that is high.
    fn sign(self) -> i64 {
        match self {
            Self::Best => 1,
            Self::Worst => -1,
        }
    }
}

impl<'a> Race<'a> {
    pub(super) fn new(net_wins: &'a [i64], remaining: &'a [Matchup]) -> Self {
        let mut open = vec![0; net_wins.len()];
        for matchup in remaining {
            // Both orders of the matchup are compared.
            open[matchup.first] += 2;
            open[matchup.second] += 2;
        }
        Self {
            net_wins,
            remaining,
            open,
        }
    }

    /// Whether the best and the worst response are known, and the strengths agree.
    pub(super) fn is_clear(&self, strengths: &[f64]) -> bool {
        self.net_wins.len() < 2
            || [End::Best, End::Worst]
                .into_iter()
                .all(|end| self.is_clear_at(end, strengths))
    }

    fn is_clear_at(&self, end: End, strengths: &[f64]) -> bool {
        let contenders = self.contenders(end);
        let [only] = contenders.as_slice() else {
            return false;
        };
        let strength = |response: usize| end.sign() as f64 * strengths[response];
        (0..strengths.len()).all(|other| other == *only || strength(other) < strength(*only))
    }

    /// The matchups of the next round in order, for both ends of the ranking.
    pub(super) fn informative_matchups(&self) -> Vec<Matchup> {
        let mut round = self.matchups_for(End::Best);
        round.extend(self.matchups_for(End::Worst));
        round.sort_unstable();
        round.dedup();
        // If the net wins are settled and only the strengths disagree, any remaining matchup may
        // help.
        if round.is_empty() {
            self.remaining.to_vec()
        } else {
            round
        }
    }

    /// The contenders that can still get furthest are compared with each other; a single one is
    /// compared with the other contenders.
    fn matchups_for(&self, end: End) -> Vec<Matchup> {
        let contenders = self.contenders(end);
        if contenders.len() < 2 {
            return Vec::new();
        }
        let furthest = contenders
            .iter()
            .map(|&response| self.reach(end, response))
            .max()
            .unwrap_or(0);
        let contends = |response: usize| contenders.contains(&response);
        let leads = |response: usize| contends(response) && self.reach(end, response) == furthest;
        let among_leaders = disjoint(&self.remaining(|m, n| leads(m) && leads(n)));
        if !among_leaders.is_empty() {
            return among_leaders;
        }
        let of_leaders =
            self.remaining(|m, n| (leads(m) && contends(n)) || (leads(n) && contends(m)));
        if of_leaders.is_empty() {
            self.remaining(|m, n| contends(m) || contends(n))
        } else {
            of_leaders
        }
    }

    /// The responses that may still come out best, or worst.
    fn contenders(&self, end: End) -> Vec<usize> {
        let responses = 0..self.net_wins.len();
        let guaranteed = responses
            .clone()
            .map(|response| end.sign() * self.net_wins[response] - self.open[response])
            .max()
            .unwrap_or(0);
        responses
            .filter(|&response| self.reach(end, response) >= guaranteed)
            .collect()
    }

    /// The net wins of a response if it wins, or loses, everything that remains.
    fn reach(&self, end: End, response: usize) -> i64 {
        end.sign() * self.net_wins[response] + self.open[response]
    }

    fn remaining(&self, wanted: impl Fn(usize, usize) -> bool) -> Vec<Matchup> {
        let matchups = self.remaining.iter().copied();
        matchups
            .filter(|matchup| wanted(matchup.first, matchup.second))
            .collect()
    }
}

/// The first matchups that have no response in common.
fn disjoint(matchups: &[Matchup]) -> Vec<Matchup> {
    let mut kept: Vec<Matchup> = Vec::new();
    for matchup in matchups {
        if !kept
            .iter()
            .any(|other| matchup.shares_a_response_with(*other))
        {
            kept.push(*matchup);
        }
    }
    kept
}
