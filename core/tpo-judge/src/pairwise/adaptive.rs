//! Which comparisons of an adaptive tournament still matter.

use super::pair::Pair;

/// Responses that compete for the highest and the lowest margin of wins minus losses.
pub(super) struct Race<'a> {
    /// The margin of each response so far.
    margins: &'a [i64],
    /// The pairs that have not been compared.
    remaining: &'a [Pair],
    /// By how much the margin of each response may still change.
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
    pub(super) fn new(margins: &'a [i64], remaining: &'a [Pair]) -> Self {
        let mut open = vec![0; margins.len()];
        for pair in remaining {
            // Both orders of the pair are compared.
            open[pair.first] += 2;
            open[pair.second] += 2;
        }
        Self {
            margins,
            remaining,
            open,
        }
    }

    /// Whether the best and the worst response are known, and the strengths agree.
    pub(super) fn is_clear(&self, strengths: &[f64]) -> bool {
        self.margins.len() < 2
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

    /// The pairs of the next round in order, for both ends of the ranking.
    pub(super) fn informative_pairs(&self) -> Vec<Pair> {
        let mut round = self.pairs_for(End::Best);
        round.extend(self.pairs_for(End::Worst));
        round.sort_unstable();
        round.dedup();
        // If the margins are settled and only the strengths disagree, any remaining pair may help.
        if round.is_empty() {
            self.remaining.to_vec()
        } else {
            round
        }
    }

    /// The contenders that can still get furthest are compared with each other; a single one is
    /// compared with the other contenders.
    fn pairs_for(&self, end: End) -> Vec<Pair> {
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
        let responses = 0..self.margins.len();
        let guaranteed = responses
            .clone()
            .map(|response| end.sign() * self.margins[response] - self.open[response])
            .max()
            .unwrap_or(0);
        responses
            .filter(|&response| self.reach(end, response) >= guaranteed)
            .collect()
    }

    /// The margin of a response if it wins, or loses, everything that remains.
    fn reach(&self, end: End, response: usize) -> i64 {
        end.sign() * self.margins[response] + self.open[response]
    }

    fn remaining(&self, wanted: impl Fn(usize, usize) -> bool) -> Vec<Pair> {
        let pairs = self.remaining.iter().copied();
        pairs
            .filter(|pair| wanted(pair.first, pair.second))
            .collect()
    }
}

/// The first pairs that have no response in common.
fn disjoint(pairs: &[Pair]) -> Vec<Pair> {
    let mut kept: Vec<Pair> = Vec::new();
    for pair in pairs {
        if !kept.iter().any(|other| pair.shares_a_response_with(*other)) {
            kept.push(*pair);
        }
    }
    kept
}
