//! The numbers of `tests/golden/statistics.json`, which scipy, statsmodels, scikit-learn and
//! alpaca_eval made.

mod alpaca;
mod arena;

use serde_json::Value;
use tpo_eval::agreement::agreement;
use tpo_eval::checkpoints::expected_maximum;
use tpo_eval::correlation::{pearson, spearman};
use tpo_eval::estimate::{clustered_estimate, estimate};
use tpo_eval::multiple::{benjamini_hochberg, bonferroni, holm};
use tpo_eval::paired::compare;
use tpo_eval::rates::{Discordant, mcnemar, wilson};
use tpo_eval::sign_flip::sign_flip;
use tpo_eval::{Interval, IntervalMethod, Scale};

fn file(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("golden file");
    serde_json::from_str(&text).expect("JSON")
}

fn golden() -> Value {
    file("statistics.json")
}

fn rows(golden: &Value) -> &[Value] {
    golden.as_array().expect("rows")
}

/// Numbers with null for NaN.
fn list(value: &Value) -> Vec<f64> {
    let numbers = rows(value).iter();
    numbers
        .map(|number| number.as_f64().unwrap_or(f64::NAN))
        .collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    rows(value).iter().map(list).collect()
}

fn integer(value: &Value) -> u64 {
    value.as_u64().expect("an integer")
}

#[track_caller]
fn within(got: f64, want: &Value, tolerance: f64) {
    let want = want.as_f64().expect("a number");
    let error = (got - want).abs() / want.abs().max(1.0);
    assert!(error <= tolerance, "{got} is not {want}");
}

#[track_caller]
fn near(got: f64, want: &Value) {
    within(got, want, 1e-6);
}

#[track_caller]
fn ends(interval: &Interval, low: &Value, high: &Value) {
    near(interval.low, low);
    near(interval.high, high);
}

#[test]
fn means_and_t_intervals() {
    for row in rows(&golden()["means"]) {
        let x = list(&row["x"]);
        let found = estimate(&x, Scale::Continuous).expect("finite");
        near(found.mean, &row["mean"]);
        near(found.standard_error.expect("spread"), &row["se"]);
        ends(&found.interval.expect("spread"), &row["low"], &row["high"]);
        let compared = compare(&x, 0.0, Scale::Continuous).expect("finite");
        near(compared.t_p_value.expect("spread"), &row["p"]);
    }
}

#[test]
fn sign_flips() {
    for row in rows(&golden()["sign_flips"]) {
        let flip = sign_flip(&list(&row["x"])).expect("finite");
        assert!(flip.exact);
        near(flip.p_value, &row["p"]);
    }
}

#[test]
fn cluster_robust_errors() {
    for row in rows(&golden()["clusters"]) {
        let found =
            clustered_estimate(&lists(&row["clusters"]), Scale::Continuous).expect("finite");
        near(found.mean, &row["mean"]);
        near(found.standard_error.expect("spread"), &row["se"]);
    }
}

#[test]
fn intervals_of_proportions() {
    for row in rows(&golden()["proportions"]) {
        let (won, n) = (integer(&row["won"]) as usize, integer(&row["n"]) as usize);
        let interval = wilson(won as f64, n).expect("a proportion");
        ends(&interval, &row["wilson"][0], &row["wilson"][1]);
        let outcomes: Vec<f64> = (0..n).map(|place| f64::from(place < won)).collect();
        let found = estimate(&outcomes, Scale::UNIT)
            .expect("outcomes")
            .interval
            .expect("bounded");
        let name = if n < 30 {
            assert_eq!(found.method, IntervalMethod::Guaranteed);
            "clopper_pearson"
        } else {
            assert_eq!(found.method, IntervalMethod::Balanced);
            "balanced"
        };
        ends(&found, &row[name][0], &row[name][1]);
    }
}

/// Drawn weights, so to three digits.
#[test]
fn intervals_of_ties() {
    for row in rows(&golden()["dirichlet"]) {
        let found = estimate(&list(&row["x"]), Scale::UNIT).expect("outcomes");
        let interval = found.interval.expect("bounded");
        within(interval.low, &row["low"], 1e-3);
        within(interval.high, &row["high"], 1e-3);
    }
}

#[test]
fn mcnemar_tests() {
    for row in rows(&golden()["discordant"]) {
        let pairs = Discordant {
            first: integer(&row["b"]),
            second: integer(&row["c"]),
        };
        let test = mcnemar(pairs).expect("counts");
        near(test.exact, &row["exact"]);
        near(test.mid_p, &row["mid_p"]);
        near(test.chi_squared.expect("discordant"), &row["chi"]);
        near(test.chi_squared_p.expect("discordant"), &row["chi_p"]);
        near(test.corrected.expect("discordant"), &row["corrected"]);
        near(test.corrected_p.expect("discordant"), &row["corrected_p"]);
    }
}

#[test]
fn adjusted_p_values() {
    for row in rows(&golden()["adjusted"]) {
        let p = list(&row["p"]);
        let found = [holm(&p), bonferroni(&p), benjamini_hochberg(&p)];
        for (found, name) in found.iter().zip(["holm", "bonferroni", "bh"]) {
            let found = found.as_ref().expect("p values");
            found
                .iter()
                .zip(rows(&row[name]))
                .for_each(|(got, want)| near(*got, want));
        }
    }
}

#[test]
fn correlations() {
    for row in rows(&golden()["correlations"]) {
        let (x, y) = (list(&row["x"]), list(&row["y"]));
        let found = pearson(&x, &y).expect("spread");
        near(found.r, &row["r"]);
        near(found.slope, &row["slope"]);
        ends(
            &found.interval.expect("four pairs"),
            &row["low"],
            &row["high"],
        );
        near(spearman(&x, &y).expect("spread"), &row["spearman"]);
    }
}

#[test]
fn kappas() {
    for row in rows(&golden()["kappas"]) {
        let labels = |name: &str| -> Vec<u64> { rows(&row[name]).iter().map(integer).collect() };
        let found = agreement(&labels("a"), &labels("b")).expect("labels");
        near(found.kappa.expect("two labels"), &row["kappa"]);
    }
}

#[test]
fn expected_maxima() {
    for row in rows(&golden()["expected_maxima"]) {
        near(
            expected_maximum(integer(&row["k"]) as usize).expect("k"),
            &row["value"],
        );
    }
}
