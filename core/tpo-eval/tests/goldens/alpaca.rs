//! AlpacaEval: the package's numbers, and unpenalized fits by statsmodels.

use serde_json::Value;
use tpo_eval::Refusal;
use tpo_eval::alpaca::{
    Anchor, LengthControlVariant, length_controlled, package_fit, raw_win_rate,
};

use crate::{file, golden, integer, list, near, rows};

/// A set of preferences with what the formulas need.
struct Set {
    preferences: Vec<f64>,
    differences: Vec<f64>,
    difficulty: Vec<f64>,
    anchors: Vec<Anchor>,
}

impl Set {
    fn new(annotations: &Value, alpaca: &Value) -> Self {
        let lengths = list(&annotations["len_1"])
            .into_iter()
            .zip(list(&annotations["len_2"]));
        let anchors = &alpaca["anchors"];
        let scaled = list(&anchors["scaled_difference"]).into_iter();
        let rest = list(&anchors["difficulty"])
            .into_iter()
            .zip(list(&anchors["outcome"]));
        Self {
            preferences: list(&annotations["preference"]),
            differences: lengths.map(|(baseline, model)| baseline - model).collect(),
            difficulty: list(&alpaca["difficulty"]),
            anchors: scaled
                .zip(rest)
                .map(|(scaled_difference, (difficulty, outcome))| Anchor {
                    scaled_difference,
                    difficulty,
                    outcome,
                })
                .collect(),
        }
    }

    fn formulas(&self) -> [(&'static str, LengthControlVariant<'_>); 3] {
        let difficulty = &self.difficulty;
        let anchors = &self.anchors;
        [
            ("minimal", LengthControlVariant::Minimal),
            ("noreg", LengthControlVariant::NoReg { difficulty }),
            (
                "v1",
                LengthControlVariant::V1 {
                    difficulty,
                    anchors,
                },
            ),
        ]
    }
}

fn check_raw(preferences: &[f64], want: &Value) {
    let found = raw_win_rate(preferences).expect("preferences");
    near(found.win_rate, &want["win_rate"]);
    near(found.discrete_win_rate, &want["discrete_win_rate"]);
    // The package says NaN of one value and 0 of equal ones.
    let error = want["standard_error"].as_f64().filter(|error| *error > 0.0);
    assert_eq!(found.standard_error.is_some(), error.is_some());
    if let Some(error) = found.standard_error {
        near(error, &want["standard_error"]);
    }
    let counts = [
        found.n_wins,
        found.n_wins_base,
        found.n_draws,
        found.n_total,
    ];
    for (count, name) in counts
        .iter()
        .zip(["n_wins", "n_wins_base", "n_draws", "n_total"])
    {
        assert_eq!(*count as u64, integer(&want[name]), "{name}");
    }
}

fn check_length_control(set: &Set, want: &Value) {
    check_raw(&set.preferences, &want["raw"]);
    for (name, formula) in set.formulas() {
        let found = length_controlled(&set.preferences, &set.differences, formula).expect("a fit");
        let free = &want["unpenalized"][name];
        near(found.win_rate, &free["lc"]);
        assert!(!found.ridge);
        let weights = [
            Some(found.weights.length),
            found.weights.difficulty,
            Some(found.weights.model),
        ];
        let weights: Vec<f64> = weights.into_iter().flatten().collect();
        assert_eq!(weights.len(), rows(&free["weights"]).len());
        weights
            .iter()
            .zip(rows(&free["weights"]))
            .for_each(|(got, want)| near(*got, want));

        let package = &want["package"][name];
        let found = package_fit(&set.preferences, &set.differences, formula).expect("a fit");
        near(found.win_rate, &package["length_controlled_winrate"]);
        near(found.prediction_error, &package["lc_standard_error"]);
    }
}

#[test]
fn raw_rates_of_odd_preferences() {
    for row in rows(&golden()["raw_edges"]) {
        check_raw(&list(&row["preference"]), row);
    }
    assert_eq!(raw_win_rate(&[f64::NAN, 3.0]), Err(Refusal::Empty));
}

#[test]
fn recorded_sets_agree_with_the_package() {
    let (golden, recorded) = (golden(), file("alpaca_annotations.json"));
    let mut sets: Vec<Set> = recorded["sets"]
        .as_object()
        .expect("sets")
        .values()
        .map(|annotations| Set::new(annotations, &golden["alpaca"]))
        .collect();
    // The last golden set is the first one with verdicts missing.
    let mut holes = Set::new(
        &recorded["sets"]["FuseChat-Llama-3.2-3B-Instruct"],
        &golden["alpaca"],
    );
    holes
        .preferences
        .iter_mut()
        .skip(7)
        .step_by(20)
        .for_each(|p| *p = f64::NAN);
    sets.push(holes);
    let wanted = rows(&golden["alpaca"]["recorded"]);
    assert_eq!(sets.len(), wanted.len());
    sets.iter()
        .zip(wanted)
        .for_each(|(set, want)| check_length_control(set, want));
}

/// evaluation.md 1.4.
#[test]
fn the_vector_of_the_reference() {
    let golden = golden();
    let vector = &golden["alpaca"]["vector"];
    let set = Set::new(vector, vector);
    check_length_control(&set, vector);
    let [(_, minimal), (_, noreg), (_, v1)] = set.formulas();
    let fits = [
        (minimal, 48.257_670, Some(3.856_786)),
        (noreg, 54.154_061, Some(8.148_622)),
        (v1, 50.807_664, None),
    ];
    for (formula, win_rate, error) in fits {
        let found = length_controlled(&set.preferences, &set.differences, formula).expect("a fit");
        assert!(
            (found.win_rate - win_rate).abs() < 1e-6,
            "{}",
            found.win_rate
        );
        if let Some(error) = error {
            assert!((found.standard_error.expect("a fit") - error).abs() < 1e-6);
        }
    }
}
