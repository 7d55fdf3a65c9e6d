//! Strengths of candidates from preferences, by the Bradley-Terry model.
//!
//! Maximizes `sum_mn B_mn log sigmoid(eps_m - eps_n) - lambda/2 |eps|^2` over the candidates'
//! strengths `eps`, where `B_mn` counts the votes for m over n from both orders (paper, appendix
//! B). The prior keeps a candidate that never lost finite. Ties and unscored comparisons cast no
//! vote.

use tpo_types::Preference;

/// Strength of the prior.
const LAMBDA: f64 = 0.01;
/// Newton steps are repeated until the largest is below this.
const TOLERANCE: f64 = 1e-10;
const MAX_STEPS: usize = 100;

/// Votes among `n` candidates: `votes[m * n + o]` counts those for `m` over `o`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Votes {
    n: usize,
    votes: Vec<f64>,
}

impl Votes {
    /// No votes yet among `n` candidates.
    pub(super) fn none(n: usize) -> Self {
        Self {
            n,
            votes: vec![0.0; n * n],
        }
    }

    /// Counts one verdict.
    pub(super) fn add(&mut self, first: usize, second: usize, preference: &Preference) {
        match preference {
            Preference::First => self.votes[first * self.n + second] += 1.0,
            Preference::Second => self.votes[second * self.n + first] += 1.0,
            Preference::Tie | Preference::Unscored(_) => {}
        }
    }

    /// Strength of each candidate; they sum to 0.
    pub(super) fn strengths(&self) -> Vec<f64> {
        self.strengths_with(LAMBDA)
    }

    fn strengths_with(&self, lambda: f64) -> Vec<f64> {
        let n = self.n;
        let mut eps = vec![0.0; n];
        for _ in 0..MAX_STEPS {
            let (gradient, curvature) = self.derivatives(&eps, lambda);
            let step = solve(curvature, gradient);
            // A full Newton step can overshoot where the curve is flat; strengths move at most 1 at
            // a time.
            let largest = step
                .iter()
                .fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let scale = 1.0 / largest.max(1.0);
            eps.iter_mut()
                .zip(&step)
                .for_each(|(strength, change)| *strength += scale * change);
            if largest < TOLERANCE {
                break;
            }
        }
        let center = eps.iter().sum::<f64>() / n.max(1) as f64;
        eps.iter().map(|strength| strength - center).collect()
    }

    /// Gradient, and the negative of the Hessian, row by row.
    fn derivatives(&self, eps: &[f64], lambda: f64) -> (Vec<f64>, Vec<f64>) {
        let n = self.n;
        let mut gradient: Vec<f64> = eps.iter().map(|strength| -lambda * strength).collect();
        let mut curvature = vec![0.0; n * n];
        for m in 0..n {
            curvature[m * n + m] += lambda;
            for o in 0..n {
                let votes = self.votes[m * n + o];
                let lost = 1.0 / (1.0 + (eps[m] - eps[o]).exp());
                gradient[m] += votes * lost;
                gradient[o] -= votes * lost;
                let weight = votes * lost * (1.0 - lost);
                curvature[m * n + m] += weight;
                curvature[o * n + o] += weight;
                curvature[m * n + o] -= weight;
                curvature[o * n + m] -= weight;
            }
        }
        (gradient, curvature)
    }
}

/// Solves `a x = b` for a positive definite `a` by elimination; definite, so no pivoting is needed.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        for row in column + 1..n {
            let factor = a[row * n + column] / a[column * n + column];
            for k in column..n {
                a[row * n + k] -= factor * a[column * n + k];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| a[row * n + k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row * n + row];
    }
    b
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn votes(rows: [[f64; 3]; 3]) -> Votes {
        Votes {
            n: 3,
            votes: rows.concat(),
        }
    }

    #[test]
    fn agrees_with_the_vectors_computed_independently() {
        let eps = votes([[0.0, 2.0, 1.0], [0.0, 0.0, 2.0], [1.0, 0.0, 0.0]]).strengths();
        let wanted = [0.749_035, 0.0, -0.749_035];
        assert!(
            eps.iter()
                .zip(wanted)
                .all(|(got, want)| (got - want).abs() < 1e-5),
            "{eps:?}"
        );
        let free = votes([[0.0, 2.0, 1.0], [0.0, 0.0, 2.0], [1.0, 0.0, 0.0]]).strengths_with(1e-9);
        assert!((free[0] - 0.756_308).abs() < 1e-5, "{free:?}");
    }

    /// `tests/golden/make_bradley_terry.py` wrote them, with solvers of another kind.
    #[test]
    fn agrees_with_scipy_on_a_thousand_random_tournaments() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/bradley_terry.json"
        );
        let golden: Value =
            serde_json::from_str(&std::fs::read_to_string(path).expect("tournaments"))
                .expect("tournaments");
        assert_eq!(golden["prior"], LAMBDA);
        let kinds = golden["battles"].as_object().expect("kinds of judges");
        let rows: Vec<&[Value]> = kinds
            .values()
            .flat_map(|rows| rows.as_array().expect("rows"))
            .map(row_of)
            .collect();
        for row in &rows {
            let (votes, wanted) = row.split_first().expect("votes and strengths");
            let digits = votes.as_str().expect("digits").chars();
            let votes: Vec<f64> = digits
                .map(|digit| digit.to_digit(10).expect("a digit").into())
                .collect();
            let eps = Votes {
                n: wanted.len(),
                votes,
            }
            .strengths();
            let near = |(got, want): (&f64, &Value)| {
                (got - want.as_f64().expect("a strength")).abs() < 1e-6
            };
            assert!(
                eps.len() == wanted.len() && eps.iter().zip(wanted).all(near),
                "{eps:?} is not {row:?}"
            );
        }
        assert_eq!(rows.len(), 1000);
    }

    fn row_of(row: &Value) -> &[Value] {
        row.as_array().expect("a row")
    }

    #[test]
    fn an_unbeaten_candidate_stays_finite() {
        let eps = votes([[0.0, 2.0, 2.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]).strengths();
        assert!(eps[0] > eps[1] && eps[1] > eps[2]);
        assert!(eps.iter().all(|strength| strength.is_finite()));
    }

    #[test]
    fn the_order_of_showing_does_not_matter() {
        let mut a = Votes::none(2);
        a.add(0, 1, &Preference::First);
        let mut b = Votes::none(2);
        b.add(1, 0, &Preference::Second);
        assert_eq!(a, b);
    }
}
