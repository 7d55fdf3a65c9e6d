//! Several checkpoints.

use tpo_eval::checkpoints::{cross_fit, expected_maximum, max_t, one_standard_error};
use tpo_eval::multiple::{benjamini_hochberg, bonferroni, holm};
use tpo_eval::paired::differences;

use crate::near;

const P: [f64; 5] = [0.001, 0.012, 0.021, 0.040, 0.300];

fn checkpoints() -> Vec<Vec<f64>> {
    vec![
        vec![0.42, 0.55, 0.38, 0.61, 0.47, 0.50, 0.44, 0.58],
        vec![0.48, 0.57, 0.41, 0.66, 0.46, 0.55, 0.49, 0.60],
        vec![0.50, 0.61, 0.40, 0.69, 0.52, 0.54, 0.51, 0.63],
        vec![0.51, 0.58, 0.45, 0.67, 0.50, 0.58, 0.50, 0.66],
    ]
}

#[test]
fn corrections_5_4() {
    for (found, wanted) in [
        (holm(&P), [0.005, 0.048, 0.063, 0.080, 0.300]),
        (bonferroni(&P), [0.005, 0.060, 0.105, 0.200, 1.0]),
        (benjamini_hochberg(&P), [0.005, 0.030, 0.035, 0.050, 0.300]),
    ] {
        found
            .expect("p values")
            .iter()
            .zip(wanted)
            .for_each(|(got, want)| near(*got, want));
    }
}

#[test]
fn max_t_5_4() {
    let checkpoints = checkpoints();
    let gains: Vec<Vec<f64>> = checkpoints[1..]
        .iter()
        .map(|checkpoint| differences(checkpoint, &checkpoints[0]).expect("aligned"))
        .collect();
    let wanted = [
        (4.103_850, 0.023_437_5),
        (7.701_274, 0.007_812_5),
        (7.849_823, 0.007_812_5),
    ];
    for (found, (t, p)) in max_t(&gains).expect("finite").iter().zip(wanted) {
        near(found.t, t);
        near(found.p_value, p);
    }
}

#[test]
fn choosing_5_5() {
    for (k, value) in [
        (2, 0.564_190),
        (3, 0.846_284),
        (5, 1.162_964),
        (10, 1.538_753),
        (20, 1.867_475),
    ] {
        near(expected_maximum(k).expect("k"), value);
    }
    let choice = one_standard_error(&checkpoints()).expect("aligned");
    assert_eq!((choice.best, choice.kept), (3, 2));
    near(choice.gaps[2].gap, 0.006_25);
    near(choice.gaps[2].standard_error, 0.010_846);
    near(choice.gaps[1].gap, 0.028_75);
    near(choice.gaps[1].standard_error, 0.006_391);
    let found = cross_fit(&checkpoints()).expect("aligned");
    assert_eq!((found.even.chosen, found.odd.chosen), (3, 3));
    near(found.even.report, 0.6225);
    near(found.odd.report, 0.49);
    near(found.mean, 0.55625);
}
