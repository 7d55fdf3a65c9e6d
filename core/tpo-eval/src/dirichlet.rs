//! Quantiles of a mean whose weights are random: `M = sum_j G_j s_j / sum_j G_j m_j` with
//! independent `G_j ~ Gamma(shape_j)`.
//!
//! For sizes `m_j = 1` this is the mean of the values `s_j` under Dirichlet weights. Exactly: `P(M
//! <= x) = P(Q <= 0)` with `Q = sum_j G_j (s_j - x m_j)`, whose cumulant function is `K(z) = -sum_j
//! shape_j ln(1 - (s_j - x m_j) z)`. The tail probability is the integral of `e^K(z) / z` along the
//! vertical line through the saddle point of K (Daniels 1987, "Tail probability approximations"),
//! here evaluated to the last digits by the trapezoidal rule instead of approximated.

use crate::distributions::normal_quantile;

/// A value with a random weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Atom {
    /// `s_j`.
    pub(crate) sum: f64,
    /// `m_j` > 0.
    pub(crate) size: f64,
    /// Shape of the gamma weight, > 0.
    pub(crate) shape: f64,
}

impl Atom {
    fn value(&self) -> f64 {
        self.sum / self.size
    }
}

/// The value that M stays below with this probability; NaN without atoms.
pub(crate) fn quantile(mut atoms: Vec<Atom>, probability: f64) -> f64 {
    merge(&mut atoms);
    let low = atoms.iter().map(Atom::value).fold(f64::INFINITY, f64::min);
    let high = atoms
        .iter()
        .map(Atom::value)
        .fold(f64::NEG_INFINITY, f64::max);
    if atoms.is_empty() || low >= high {
        return if atoms.is_empty() { f64::NAN } else { low };
    }
    // Values from 0 to 1 and sizes around 1, whatever the scale.
    let unit = atoms.iter().map(|atom| atom.size).fold(0.0, f64::max);
    for atom in &mut atoms {
        let share = ((atom.value() - low) / (high - low)).clamp(0.0, 1.0);
        atom.size /= unit;
        atom.sum = share * atom.size;
    }
    let share = quantile_of_shares(&atoms, normal_quantile(probability));
    (low + share * (high - low)).clamp(low, high)
}

/// In probits the distribution is nearly a straight line, so that secants converge at once. A
/// saddle point approximation, exact to three digits, is enough to come near.
fn quantile_of_shares(atoms: &[Atom], target: f64) -> f64 {
    let near = root(
        |x| approximate_probit(atoms, x) - target,
        1e-3,
        &Guess::new(atoms, target),
    );
    let miss = |x: f64| {
        let below = cumulative(atoms, x).clamp(1e-300, 1.0 - 1e-16);
        normal_quantile(below) - target
    };
    root(miss, 1e-6, &near).x
}

/// Adds up the shapes of equal atoms.
fn merge(atoms: &mut Vec<Atom>) {
    let key = |atom: &Atom| (atom.size, atom.sum);
    atoms.sort_by(|a, b| {
        let ((a_size, a_sum), (b_size, b_sum)) = (key(a), key(b));
        a_size.total_cmp(&b_size).then(a_sum.total_cmp(&b_sum))
    });
    atoms.dedup_by(|later, earlier| {
        let equal = key(later) == key(earlier);
        if equal {
            earlier.shape += later.shape;
        }
        equal
    });
}

/// Where the quantile about is.
struct Guess {
    x: f64,
    /// Standard deviation of M, the inverse slope of its probits.
    deviation: f64,
}

impl Guess {
    /// From mean and standard deviation of M as if the sum of the weights were fixed.
    fn new(atoms: &[Atom], target: f64) -> Self {
        let size: f64 = atoms.iter().map(|atom| atom.shape * atom.size).sum();
        let mean = atoms.iter().map(|atom| atom.shape * atom.sum).sum::<f64>() / size;
        let variance: f64 = atoms
            .iter()
            .map(|atom| atom.shape * (atom.sum - mean * atom.size).powi(2))
            .sum();
        let deviation = variance.sqrt() / size;
        Self {
            x: mean + target * deviation,
            deviation,
        }
    }
}

/// The zero between 0 and 1 of an increasing function, by secants that fall back on halving; a last
/// secant starts where the function is within `accuracy` of 0.
fn root(miss: impl Fn(f64) -> f64, accuracy: f64, guess: &Guess) -> Guess {
    let (mut low, mut high) = (0.0, 1.0);
    let mut found = Guess {
        x: guess.x.clamp(0.01, 0.99),
        deviation: guess.deviation,
    };
    let mut error = miss(found.x);
    for _ in 0..100 {
        if error > 0.0 {
            high = found.x;
        } else {
            low = found.x;
        }
        let secant = found.x - error * found.deviation;
        let inside = secant > low && secant < high;
        let next = if inside { secant } else { low.midpoint(high) };
        if next <= low || next >= high {
            break;
        }
        if inside && error.abs() < accuracy {
            found.x = next;
            break;
        }
        let next_error = miss(next);
        if next_error != error {
            found.deviation = (next - found.x) / (next_error - error);
        }
        (found.x, error) = (next, next_error);
    }
    found
}

/// Normal quantile of P(M <= x), approximately: `w + ln(u / w) / w` with `w = sign(z) sqrt(-2
/// K(z))` and `u = z sqrt(K''(z))` at the saddle point z (Barndorff-Nielsen 1986).
fn approximate_probit(atoms: &[Atom], x: f64) -> f64 {
    let terms = terms(atoms, x);
    let Some(strip) = Strip::of(&terms) else {
        return if terms.iter().any(|term| term.slope > 0.0) {
            -40.0
        } else {
            40.0
        };
    };
    let z = saddle(&terms, &strip);
    let cumulant: f64 = terms
        .iter()
        .map(|term| -term.shape * (1.0 - term.slope * z).ln())
        .sum();
    let w = (-2.0 * cumulant).max(0.0).sqrt().copysign(z);
    let u = z * curvature(&terms, z).sqrt();
    if w.abs() < 1e-2 {
        w
    } else {
        w + (u / w).ln() / w
    }
}

/// P(M <= x).
pub(crate) fn cumulative(atoms: &[Atom], x: f64) -> f64 {
    let terms = terms(atoms, x);
    let Some(strip) = Strip::of(&terms) else {
        let above = terms.iter().any(|term| term.slope > 0.0);
        return if above { 0.0 } else { 1.0 };
    };
    let saddle = saddle(&terms, &strip);
    let width = 1.0 / curvature(&terms, saddle).sqrt();
    // The line must keep away from the pole at 0 and from the ends of the strip.
    let crossing = if saddle.abs() >= width {
        saddle
    } else if saddle >= 0.0 {
        width.min(0.5 * (saddle + strip.right))
    } else {
        -width.min(0.5 * (saddle + strip.left).abs())
    };
    let tail = tail_integral(&terms, crossing, width, &strip);
    if crossing > 0.0 { 1.0 - tail } else { -tail }
}

/// One part of K: `-shape ln(1 - slope z)`.
struct Term {
    slope: f64,
    shape: f64,
}

/// The parts of K at x that are not constant.
fn terms(atoms: &[Atom], x: f64) -> Vec<Term> {
    let term = |atom: &Atom| Term {
        slope: atom.sum - x * atom.size,
        shape: atom.shape,
    };
    atoms
        .iter()
        .map(term)
        .filter(|term| term.slope != 0.0)
        .collect()
}

/// Where K is finite on the real line, around 0.
struct Strip {
    left: f64,
    right: f64,
}

impl Strip {
    /// None unless there are slopes of both signs.
    fn of(terms: &[Term]) -> Option<Self> {
        let steepest = terms.iter().map(|term| term.slope).fold(0.0, f64::max);
        let lowest = terms.iter().map(|term| term.slope).fold(0.0, f64::min);
        (lowest < 0.0 && steepest > 0.0).then(|| Self {
            left: 1.0 / lowest,
            right: 1.0 / steepest,
        })
    }
}

fn curvature(terms: &[Term], z: f64) -> f64 {
    terms
        .iter()
        .map(|term| term.shape * (term.slope / (1.0 - term.slope * z)).powi(2))
        .sum()
}

/// Where K'(z) = 0, which increases from minus to plus infinity across the strip. A few digits are
/// enough, since any line inside the strip gives the same integral.
fn saddle(terms: &[Term], strip: &Strip) -> f64 {
    let (mut low, mut high, mut z) = (strip.left, strip.right, 0.0);
    for _ in 0..60 {
        let first: f64 = terms
            .iter()
            .map(|term| term.shape * term.slope / (1.0 - term.slope * z))
            .sum();
        if first > 0.0 {
            high = z;
        } else {
            low = z;
        }
        let second = curvature(terms, z);
        let newton = z - first / second;
        z = if newton > low && newton < high {
            newton
        } else {
            low.midpoint(high)
        };
        if first * first < 1e-6 * second {
            break;
        }
    }
    z
}

/// `1/pi int_0^inf Re[e^K(c + iy) / (c + iy)] dy`: P(Q > 0) for c > 0 and -P(Q <= 0) for c < 0.
///
/// With `y = b sinh u` the integrand is analytic for |Im u| < pi/2, so that the trapezoidal rule
/// converges exponentially in 1/step; at 0.15 it is exact to 1e-10.
fn tail_integral(terms: &[Term], c: f64, width: f64, strip: &Strip) -> f64 {
    const STEP: f64 = 0.15;
    let b = width.min(c.abs()).min(strip.right - c).min(c - strip.left);
    let (mut sum, mut small) = (0.0, 0);
    for k in 0..2000 {
        let u = STEP * f64::from(k);
        let y = b * u.sinh();
        let (mut modulus, mut angle) = (0.0, 0.0);
        for term in terms {
            let real = 1.0 - term.slope * c;
            let imaginary = -term.slope * y;
            modulus -= 0.5 * term.shape * (real * real + imaginary * imaginary).ln();
            angle -= term.shape * (imaginary / real).atan();
        }
        let size = modulus.exp() / (c * c + y * y) * b * u.cosh();
        let value = size * (c * angle.cos() + y * angle.sin());
        sum += if k == 0 { 0.5 * value } else { value };
        small = if size * (c.abs() + y) < 1e-15 * sum.abs() {
            small + 1
        } else {
            0
        };
        if small == 2 {
            break;
        }
    }
    sum * STEP / std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF};

    use super::*;

    fn atom(value: f64, shape: f64) -> Atom {
        Atom {
            sum: value,
            size: 1.0,
            shape,
        }
    }

    #[test]
    fn with_two_values_it_is_the_beta_distribution() {
        for (a, b) in [
            (1.0, 1.0),
            (0.5, 30.5),
            (5.0, 1.0),
            (7.5, 3.5),
            (120.0, 81.0),
            (700.0, 105.5),
        ] {
            let beta = Beta::new(a, b).expect("shapes");
            let atoms = vec![atom(0.0, b), atom(1.0, a)];
            for p in [0.001, 0.025, 0.5, 0.975, 0.999] {
                let x = beta.inverse_cdf(p);
                let got = cumulative(&atoms, x);
                assert!((got - p).abs() < 1e-9, "{a} {b} {p}: {got}");
                let x_got = quantile(atoms.clone(), p);
                assert!((x_got - x).abs() < 1e-9, "{a} {b} {p}: {x_got} is not {x}");
            }
        }
    }

    #[test]
    fn values_that_are_all_equal_have_one_quantile() {
        assert_eq!(quantile(vec![atom(0.5, 3.0), atom(0.5, 1.0)], 0.1), 0.5);
        assert!(quantile(Vec::new(), 0.1).is_nan());
    }
}
