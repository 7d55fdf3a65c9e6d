//! What is given cannot make anything panic or return a number that is none.

use proptest::collection::vec;
use proptest::prelude::*;
use tpo_eval::agreement::agreement;
use tpo_eval::alarm::{JudgeScores, gain_gap};
use tpo_eval::alpaca::{LengthControlVariant, length_controlled, package_fit, raw_win_rate};
use tpo_eval::arena::{Battle, Label, Resampling, VoteRule, arena_score};
use tpo_eval::checkpoints::{cross_fit, expected_maximum, max_t, one_standard_error};
use tpo_eval::correlation::{pearson, spearman, within_instructions};
use tpo_eval::estimate::{Row, clustered_estimate, estimate, instruction_means, variance_parts};
use tpo_eval::multiple::{benjamini_hochberg, bonferroni, holm};
use tpo_eval::paired::{
    Conclusion, PairedComparison, compare, compare_clustered, differences, pair,
};
use tpo_eval::power::{SampledDesign, instructions_needed, questions_needed, smallest_detectable};
use tpo_eval::rates::{Discordant, accuracy_difference, mcnemar, wilson};
use tpo_eval::sign_flip::sign_flip;
use tpo_eval::win_rate::{BothOrders, CategoryOutcome, by_category, win_rate};
use tpo_eval::{Interval, Refusal, Scale};

/// Numbers of every kind, and often equal ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -2.0..2.0_f64,
        4 => prop::sample::select(vec![0.0, 0.5, 1.0, -1.0, 1.5, 2.0]),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -0.0, 5e-324,
        ]),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        vec(number(), 0..12),
        vec(-2.0..2.0_f64, 0..40),
        vec(Just(0.5), 0..40)
    ]
}

fn scale() -> impl Strategy<Value = Scale> {
    let bounded = |lowest, highest| Scale::Bounded { lowest, highest };
    prop_oneof![
        Just(Scale::Continuous),
        Just(Scale::UNIT),
        Just(Scale::of_scores(&[0.0, 0.4], Some(0.0..=1.0)).of_differences()),
        Just(bounded(-2.0, 2.0)),
        (number(), number()).prop_map(move |(low, high)| bounded(low, high)),
    ]
}

fn sound(interval: &Interval) {
    assert!(interval.low <= interval.high, "{interval:?}");
    assert!(
        interval.low.is_finite() && interval.high.is_finite(),
        "{interval:?}"
    );
}

fn sound_comparison(found: &PairedComparison) {
    let estimate = &found.estimate;
    assert!(estimate.mean.is_finite());
    assert!(
        estimate
            .standard_error
            .is_none_or(|error| error > 0.0 && error.is_finite())
    );
    let flip = &found.sign_flip;
    assert!(flip.p_value > 0.0 && flip.p_value <= 1.0, "{found:?}");
    assert!(flip.p_value >= flip.smallest_p * (1.0 - 1e-12), "{found:?}");
    assert!(found.t_p_value.is_none_or(|p| (0.0..=1.0).contains(&p)));
    match &estimate.interval {
        Ok(interval) => {
            sound(interval);
            match found.verdict {
                Conclusion::Improved => assert!(interval.low > found.null && flip.p_value <= 0.05),
                Conclusion::Worse => assert!(interval.high < found.null && flip.p_value <= 0.05),
                Conclusion::NoDifferenceDetected => {}
            }
        }
        // All values are equal: the test alone decides.
        Err(Refusal::NoSpread) => match found.verdict {
            Conclusion::Improved => assert!(estimate.mean > found.null && flip.p_value <= 0.05),
            Conclusion::Worse => assert!(estimate.mean < found.null && flip.p_value <= 0.05),
            Conclusion::NoDifferenceDetected => {}
        },
        Err(_) => assert_eq!(found.verdict, Conclusion::NoDifferenceDetected),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn estimates_and_comparisons(
        x in numbers(),
        y in numbers(),
        scale in scale(),
        null in number(),
    ) {
        if let Ok(found) = estimate(&x, scale) {
            prop_assert!(found.mean.is_finite());
            found.interval.iter().for_each(sound);
        }
        let clusters: Vec<Vec<f64>> = x.chunks(3).map(<[f64]>::to_vec).chain([y.clone()]).collect();
        let _ = clustered_estimate(&clusters, scale);
        let _ = variance_parts(&clusters);
        compare(&x, null, scale).iter().for_each(sound_comparison);
        compare_clustered(&clusters, null, scale).iter().for_each(sound_comparison);
        let _ = differences(&x, &y).map(|d| compare(&d, 0.0, Scale::Continuous));
        let _ = sign_flip(&x);
    }

    #[test]
    fn turning_the_signs_turns_the_verdict(x in vec(-1.0..1.5_f64, 1..40)) {
        let turned: Vec<f64> = x.iter().map(|x| -x).collect();
        let scale = Scale::Bounded { lowest: -1.5, highest: 1.5 };
        for scale in [Scale::Continuous, scale] {
            let one = compare(&x, 0.0, scale).unwrap();
            let other = compare(&turned, 0.0, scale).unwrap();
            prop_assert_eq!(
                one.verdict == Conclusion::Improved,
                other.verdict == Conclusion::Worse
            );
            if let (Ok(one), Ok(other)) = (one.estimate.interval, other.estimate.interval) {
                prop_assert!((one.low + other.high).abs() < 1e-9, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn bounded_intervals_stay_on_the_scale(
        x in vec(prop::sample::select(vec![0.0, 0.5, 1.0]), 1..50),
    ) {
        let found = estimate(&x, Scale::UNIT).unwrap();
        let interval = found.interval.unwrap();
        prop_assert!(interval.low >= 0.0 && interval.high <= 1.0);
        prop_assert!(interval.contains(found.mean), "{interval:?} {}", found.mean);
        prop_assert!(interval.high - interval.low > 0.5 / x.len() as f64);
    }

    #[test]
    fn rows(a in vec((0..9_u8, vec(prop::option::of(number()), 0..4)), 0..8), b in numbers()) {
        let row = |(id, samples): &(u8, Vec<Option<f64>>)| Row {
            instruction: id.to_string(),
            cluster: (id % 2 == 0).then(|| "even".to_owned()),
            samples: samples.clone(),
        };
        let first: Vec<Row> = a.iter().map(row).collect();
        let place = |(place, value): (usize, &f64)| row(&(place as u8, vec![Some(*value)]));
        let second: Vec<Row> = b.iter().enumerate().map(place).collect();
        let _ = instruction_means(&first);
        if let Ok(pairing) = pair(&first, &second) {
            prop_assert_eq!(pairing.values().len(), pairing.clusters().concat().len());
            prop_assert!(pairing.values().iter().all(|d| d.is_finite()));
        }
    }

    #[test]
    fn rates_and_power(
        x in number(),
        y in number(),
        n in 0..400_usize,
        b in any::<u64>(),
        c in 0..50_u64,
    ) {
        wilson(x, n).iter().for_each(sound);
        let pairs = Discordant { first: b, second: c };
        if let Ok(found) = mcnemar(pairs) {
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
        }
        let _ = accuracy_difference(Discordant { first: c, second: c }, n);
        let needed = [instructions_needed(x, y), questions_needed(x, y)];
        for found in [smallest_detectable(x, n)].into_iter().chain(needed) {
            prop_assert!(found.is_err() || found.is_ok_and(|found| found >= 0.0));
        }
        let design = SampledDesign {
            between: x, within_first: y, within_second: x, samples_first: n, samples_second: 1,
        };
        let _ = design.smallest_detectable(n);
        let _ = design.instructions_needed(y);
        let _ = expected_maximum(n);
    }

    #[test]
    fn several_checkpoints(x in numbers(), y in numbers(), count in 0..4_usize) {
        for p_values in [holm(&x), bonferroni(&x), benjamini_hochberg(&x)].into_iter().flatten() {
            let mut both = p_values.iter().zip(&x);
            prop_assert!(both.all(|(adjusted, p)| adjusted >= p && *adjusted <= 1.0));
        }
        let mut table = vec![x; count];
        table.push(y);
        let _ = one_standard_error(&table);
        let _ = cross_fit(&table);
        if let Ok(rows) = max_t(&table[..table.len().min(2)]) {
            prop_assert!(rows.iter().all(|row| row.p_value > 0.0 && row.p_value <= 1.0));
        }
    }

    #[test]
    fn judges(x in numbers(), y in numbers(), tables in vec((numbers(), numbers()), 0..4)) {
        if let Ok(found) = pearson(&x, &y) {
            prop_assert!(found.r.abs() <= 1.0 && found.slope.is_finite());
        }
        let _ = spearman(&x, &y);
        let (a, b): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
        let _ = within_instructions(&a, &b);
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
        let _ = agreement(&bits(&x), &bits(&y));
        let scores = JudgeScores { before: &x, after: &y };
        let _ = gain_gap(scores, scores);
    }

    #[test]
    fn win_rates(rows in vec((prop::option::of(number()), prop::option::of(number())), 0..20)) {
        let orders = |(ours_first, baseline_first): &(Option<f64>, Option<f64>)| BothOrders {
            ours_first: *ours_first,
            baseline_first: *baseline_first,
        };
        let rows: Vec<BothOrders> = rows.iter().map(orders).collect();
        if let Ok(found) = win_rate(&rows) {
            found.outcome.iter().for_each(sound_comparison);
            sound_comparison(&found.fifty_rule);
        }
        let outcomes: Vec<CategoryOutcome> = rows
            .iter()
            .filter_map(BothOrders::outcome)
            .map(|outcome| CategoryOutcome {
                category: if outcome > 0.5 { "a" } else { "b" },
                outcome,
            })
            .collect();
        let _ = by_category(&outcomes);
    }

    #[test]
    fn alpaca(rows in vec((prop_oneof![1.0..2.0_f64, number()], number()), 0..30)) {
        let (preferences, differences): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        let _ = raw_win_rate(&preferences);
        let difficulty = &preferences;
        for formula in [LengthControlVariant::Minimal, LengthControlVariant::NoReg { difficulty }] {
            if let Ok(found) = length_controlled(&preferences, &differences, formula) {
                prop_assert!((0.0..=100.0).contains(&found.win_rate));
                let error = found.standard_error;
                prop_assert!(error.is_none_or(|error| error > 0.0 && error.is_finite()));
            }
            if let Ok(found) = package_fit(&preferences, &differences, formula) {
                prop_assert!((0.0..=100.0).contains(&found.win_rate), "{found:?}");
            }
        }
    }

    #[test]
    fn arena(
        labels in vec((0..6_usize, 0..6_usize), 0..40),
        strong in number(),
        rounds in 0..3_usize,
    ) {
        let names = ["A>>B", "A>B", "A=B", "B>A", "B>>A", "none"];
        let battle = |(first, second): &(usize, usize)| Battle {
            baseline_first: Label::parse(names[*first]),
            model_first: Label::parse(names[*second]),
        };
        let battles: Vec<Battle> = labels.iter().map(battle).collect();
        for rule in [VoteRule::V0_1, VoteRule { strong_weight: strong, ..VoteRule::V2 }] {
            if let Ok(found) = arena_score(&battles, rule, Resampling { rounds, seed: 3 }) {
                prop_assert!((0.0..=100.0).contains(&found.score));
                found.interval.iter().chain(&found.resampled).for_each(sound);
            }
        }
    }
}

#[test]
fn separable_preferences_are_flagged() {
    let preferences = [2.0; 12];
    let differences: Vec<f64> = (0..12).map(f64::from).collect();
    let found =
        length_controlled(&preferences, &differences, LengthControlVariant::Minimal).unwrap();
    assert!(found.ridge && found.standard_error.is_none(), "{found:?}");
    let same = [300.0; 12];
    let found = length_controlled(&preferences, &same, LengthControlVariant::Minimal);
    assert_eq!(found, Err(Refusal::NoSpread));
}

#[test]
fn nothing_and_one_value_are_said_to_be_so() {
    assert_eq!(estimate(&[], Scale::UNIT), Err(Refusal::Empty));
    let one = compare(&[0.4], 0.0, Scale::Continuous).unwrap();
    assert_eq!(
        one.estimate.interval,
        Err(Refusal::TooFew { n: 1, needed: 2 })
    );
    assert_eq!(
        (one.verdict, one.smallest_detectable),
        (Conclusion::NoDifferenceDetected, None)
    );
    let ties = compare(&[0.5; 40], 0.5, Scale::UNIT).unwrap();
    assert_eq!(
        (ties.verdict, ties.sign_flip.p_value),
        (Conclusion::NoDifferenceDetected, 1.0)
    );
    assert!(ties.estimate.interval.unwrap().contains(0.5));
    assert_eq!(
        estimate(&[0.3; 9], Scale::Continuous).unwrap().interval,
        Err(Refusal::NoSpread)
    );
    assert_eq!(
        estimate(&[1.2], Scale::UNIT),
        Err(Refusal::OutsideScale { value: 1.2 })
    );
    assert_eq!(
        differences(&[1.0], &[]),
        Err(Refusal::Lengths { left: 1, right: 0 })
    );
}
