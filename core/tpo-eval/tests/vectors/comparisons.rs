//! Means, rates, power, correlations and the alarm.

use tpo_eval::Scale;
use tpo_eval::agreement::agreement;
use tpo_eval::alarm::{JudgeScores, gain_gap, over_optimized};
use tpo_eval::correlation::{pearson, spearman, within_instructions};
use tpo_eval::estimate::{clustered_estimate, estimate, variance_parts};
use tpo_eval::paired::{Conclusion, compare, compare_clustered, differences};
use tpo_eval::power::{SampledDesign, instructions_needed, questions_needed, smallest_detectable};
use tpo_eval::rates::{Discordant, accuracy_difference, mcnemar, wilson};

use crate::near;

const A: [f64; 10] = [0.62, 0.55, 0.71, 0.48, 0.80, 0.66, 0.59, 0.73, 0.50, 0.68];
const B: [f64; 10] = [0.58, 0.57, 0.63, 0.45, 0.71, 0.60, 0.61, 0.69, 0.44, 0.66];

#[test]
fn paired_comparison_5_2() {
    let d = differences(&A, &B).expect("aligned");
    let found = compare(&d, 0.0, Scale::Continuous).expect("finite");
    near(found.estimate.mean, 0.038);
    near(found.estimate.standard_error.expect("spread"), 0.011_813_4);
    near(found.t_p_value.expect("spread"), 0.010_545_2);
    near(found.sign_flip.p_value, 0.019_531_25);
    let interval = found.estimate.interval.expect("spread");
    near(interval.low, 0.011_276);
    near(interval.high, 0.064_724);
    assert_eq!(found.verdict, Conclusion::Improved);
}

#[test]
fn clusters_5_2() {
    let equal = [
        vec![0.10, 0.14, 0.06],
        vec![-0.05, 0.01, -0.02],
        vec![0.20, 0.12, 0.16],
        vec![0.03, 0.07, 0.02],
        vec![-0.08, -0.02, 0.04],
    ];
    let found = compare_clustered(&equal, 0.0, Scale::Continuous).expect("finite");
    near(found.estimate.mean, 0.052);
    near(found.estimate.standard_error.expect("spread"), 0.034_985_7);
    near(found.t_p_value.expect("spread"), 0.211_388_9);
    let parts = variance_parts(&equal).expect("samples");
    near(parts.within, 0.001_68);
    near(parts.between_means, 0.006_12);
    near(parts.between, 0.005_56);

    let unequal = [
        vec![1.0, 1.0, 0.0],
        vec![0.0, 0.0],
        vec![1.0],
        vec![1.0, 1.0, 1.0, 0.0],
        vec![0.0, 1.0],
    ];
    let found = clustered_estimate(&unequal, Scale::UNIT).expect("finite");
    near(found.mean, 7.0 / 12.0);
    near(found.standard_error.expect("spread"), 0.134_030);
    assert_eq!((found.n, found.units), (12, 5));
}

#[test]
fn rates_5_3() {
    for (won, n, low, high) in [
        (0.0, 10, 0.0, 0.277_533),
        (7.0, 10, 0.396_778, 0.892_209),
        (10.0, 10, 0.722_467, 1.0),
        (120.0, 200, 0.530_837, 0.665_394),
        (523.0, 805, 0.616_094, 0.681_863),
        (6.5, 10, 0.353_671, 0.863_069),
    ] {
        let interval = wilson(won, n).expect("a rate");
        near(interval.low, low);
        near(interval.high, high);
    }
    for (first, second, exact, mid_p, chi, chi_p, corrected, corrected_p) in [
        (5, 15, 0.041_389, 0.026_604, 5.0, 0.025_347, 4.05, 0.044_171),
        (
            10, 2, 0.038_574, 0.022_461, 5.333_333, 0.020_921, 4.083_333, 0.043_308,
        ),
        (
            40, 25, 0.081_682, 0.064_018, 3.461_538, 0.062_812, 3.015_385, 0.082_478,
        ),
        (3, 3, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0),
    ] {
        let test = mcnemar(Discordant { first, second }).expect("counts");
        near(test.exact, exact);
        near(test.mid_p, mid_p);
        near(test.chi_squared.expect("discordant"), chi);
        near(test.chi_squared_p.expect("discordant"), chi_p);
        near(test.corrected.expect("discordant"), corrected);
        near(test.corrected_p.expect("discordant"), corrected_p);
    }
    let pairs = Discordant {
        first: 40,
        second: 25,
    };
    let found = accuracy_difference(pairs, 500).expect("counts");
    near(found.difference, 0.03);
    near(found.standard_error.expect("discordant"), 0.016_069_2);
    let interval = found.interval.expect("discordant");
    near(interval.low, -0.001_494);
    near(interval.high, 0.061_494);
}

#[test]
fn malformed_5_6() {
    let wins = [1.0, 1.0, 0.5, 1.0, 0.0, 1.0, 0.0, 1.0, 0.5, 0.0];
    let found = estimate(&wins, Scale::UNIT).expect("outcomes");
    near(found.mean, 0.6);
    near(found.standard_error.expect("spread"), 0.145_297);
}

#[test]
fn power_5_7() {
    near(smallest_detectable(0.25, 200).expect("sd"), 0.049_525_5);
    near(smallest_detectable(0.45, 805).expect("sd"), 0.044_434_1);
    assert!((instructions_needed(0.45, 0.04).expect("sd") - 993.374).abs() < 1e-3);
    assert!((instructions_needed(0.25, 0.03).expect("sd") - 545.061).abs() < 1e-3);
    let design = |within: f64, samples: usize| SampledDesign {
        between: 1.0 / 9.0,
        within_first: within,
        within_second: within,
        samples_first: samples,
        samples_second: samples,
    };
    let needed = design(0.0, 1).instructions_needed(0.03).expect("variance");
    assert!((needed - 968.997).abs() < 1e-3, "{needed}");
    near(
        design(1.0 / 6.0, 1)
            .smallest_detectable(198)
            .expect("variance"),
        0.132_732_7,
    );
    near(
        design(1.0 / 6.0, 10)
            .smallest_detectable(198)
            .expect("variance"),
        0.075_669_8,
    );
    assert!((questions_needed(0.25, 0.05).expect("shares") - 782.526).abs() < 1e-3);
}

#[test]
fn alarms_6() {
    let train = JudgeScores {
        before: &[0.10, 0.12, 0.09, 0.15, 0.11, 0.13],
        after: &[0.16, 0.17, 0.13, 0.20, 0.18, 0.16],
    };
    let held_out = JudgeScores {
        before: &[3.1, 2.8, 3.5, 3.0, 2.9, 3.3],
        after: &[3.2, 2.7, 3.6, 3.1, 3.1, 3.0],
    };
    let gap = gain_gap(train, held_out).expect("spread");
    near(gap.choosing, 2.314_550_2);
    near(gap.held_out, 0.063_914_3);
    near(gap.gap.mean, 2.250_636);
    near(gap.gap.standard_error.expect("spread"), 0.188_679);
    assert!(gap.exceeds);
    assert!(!over_optimized(std::slice::from_ref(&gap)));
    assert!(over_optimized(&[gap.clone(), gap]));

    let digits = |text: &str| text.chars().collect::<Vec<char>>();
    let found = agreement(&digits("1101011011"), &digits("1001010011")).expect("labels");
    near(found.observed, 0.8);
    near(found.chance, 0.5);
    near(found.kappa.expect("two labels"), 0.6);
}

#[test]
fn length_and_score_6() {
    let length = [
        820.0, 940.0, 760.0, 1200.0, 1010.0, 690.0, 1330.0, 880.0, 1100.0, 970.0,
    ];
    let score = [0.52, 0.55, 0.47, 0.71, 0.60, 0.50, 0.69, 0.58, 0.57, 0.61];
    let found = pearson(&length, &score).expect("spread");
    near(found.r, 0.903_515);
    near(100.0 * found.slope, 0.035_042);
    let interval = found.interval.expect("ten pairs");
    near(interval.low, 0.635_292);
    near(interval.high, 0.977_222);
    near(spearman(&length, &score).expect("spread"), 0.866_667);

    let length = [
        vec![800.0, 950.0, 1100.0, 700.0],
        vec![400.0, 520.0, 610.0, 450.0],
        vec![1500.0, 1350.0, 1700.0, 1600.0],
    ];
    let score = [
        vec![0.50, 0.58, 0.62, 0.47],
        vec![0.40, 0.41, 0.52, 0.38],
        vec![0.70, 0.66, 0.74, 0.75],
    ];
    let found = within_instructions(&length, &score).expect("spread");
    near(found.r, 0.897_741);
    near(100.0 * found.slope, 0.037_136);
}

/// Six equal signs reach p = 1/32 alone and nothing among two; a corrected effect is larger, and
/// never off the scale.
#[test]
fn an_effect_is_detectable_among_others_only_where_the_correction_allows() {
    let six = [2.0, 2.1, 2.2, 2.3, 2.1, 2.0];
    let found = compare(&six, 0.0, Scale::Continuous).expect("finite");
    assert!(found.smallest_detectable_among(1) == found.smallest_detectable);
    assert!(found.is_decidable_among(1) && !found.is_decidable_among(2));
    assert_eq!(found.smallest_detectable_among(2), None);
    let wins = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.5, -0.5, 0.5, 0.5];
    let scale = Scale::Bounded {
        lowest: -0.5,
        highest: 0.5,
    };
    let found = compare(&wins, 0.0, scale).expect("finite");
    let alone = found.smallest_detectable_among(1).expect("an effect");
    for comparisons in [2, 5, 20] {
        if let Some(effect) = found.smallest_detectable_among(comparisons) {
            assert!((alone..=0.5).contains(&effect), "{comparisons}: {effect}");
        }
    }
}
