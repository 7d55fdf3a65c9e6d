//! The trainer: its starting point, bit-identical repetition, refused pairs, and the checkpoint.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::{Recorder, load, made_up_pairs, model, train_into};
use tempfile::TempDir;
use tpo_lm::lora::LoraConfig;
use tpo_lm::precision::TrainPrecisionChoice;
use tpo_train::TrainConfig;
use tpo_train::config::Method;
use tpo_types::{Failure, FailureKind, StepMetrics, TrainingPair};

fn config() -> TrainConfig {
    TrainConfig {
        learning_rate: Some(1e-3),
        batch_size: 2,
        micro_batch_size: Some(1),
        num_train_epochs: 2,
        ..Default::default()
    }
}

fn lora() -> TrainConfig {
    let shape = LoraConfig {
        r: 4,
        alpha: 8.0,
        ..Default::default()
    };
    TrainConfig {
        method: Method::Lora,
        lora: Some(shape),
        ..config()
    }
}

fn train(
    config: TrainConfig,
    from: &Path,
    pairs: &[TrainingPair],
) -> Result<(Vec<StepMetrics>, TempDir), Failure> {
    let into = tempfile::tempdir().expect("a directory");
    let steps = train_into(config, 7, from, pairs, into.path())?;
    Ok((steps, into))
}

/// The configurations in every precision that this machine can train in.
fn each_precision<const N: usize>(configs: [TrainConfig; N]) -> impl Iterator<Item = TrainConfig> {
    use TrainPrecisionChoice::{Bf16, Bf16x3, F32};
    configs.into_iter().flat_map(|config| {
        let on_this_machine = [F32, Bf16x3, Bf16].into_iter();
        let on_this_machine = on_this_machine.filter(|precision| precision.resolve().is_ok());
        on_this_machine.map(move |precision| TrainConfig {
            precision,
            ..config.clone()
        })
    })
}

fn five_pairs() -> Vec<TrainingPair> {
    made_up_pairs(&load("tiny-llama"), 5)
}

fn on_tiny_llama(config: TrainConfig) -> (Vec<StepMetrics>, TempDir) {
    train(config, &model("tiny-llama"), &five_pairs()).expect("trained")
}

/// Every file of a directory.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            (
                entry.file_name().display().to_string(),
                std::fs::read(entry.path()).expect("a file"),
            )
        })
        .collect()
}

#[test]
fn it_starts_at_ln_2_and_learns() {
    for config in [config(), lora()] {
        let config = TrainConfig {
            num_train_epochs: 8,
            batch_size: 5,
            ..config
        };
        let (steps, _) = on_tiny_llama(config);
        let (first, last) = (&steps[0], &steps[7]);
        assert!((first.loss - std::f64::consts::LN_2).abs() < 1e-6);
        assert!(first.rewards_margins.abs() < 1e-5);
        assert!(
            last.loss < first.loss && last.rewards_margins > 0.0,
            "{last:?}"
        );
        assert!((last.rewards_accuracies - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_recomputed_reference_is_the_policy_itself() {
    for config in each_precision([config(), lora()]) {
        let mut pairs = five_pairs();
        for pair in &mut pairs {
            // As of a sampler whose numbers are off.
            pair.chosen.reference_log_prob -= 3.0;
            pair.rejected.reference_log_prob += 2.0;
        }
        let first_step = |recompute_reference: bool| {
            let into = tempfile::tempdir().expect("a directory");
            let mut recorder = Recorder::new(into.path());
            recorder.recompute_reference = recompute_reference;
            let last = config.total_steps(pairs.len());
            recorder
                .train(config.clone(), 1, &model("tiny-llama"), &pairs, &[last])
                .expect("it trains");
            recorder.steps[0].clone()
        };
        assert!((first_step(true).loss - std::f64::consts::LN_2).abs() < 1e-6);
        assert!((first_step(false).loss - std::f64::consts::LN_2).abs() > 1e-2);
    }
}

#[test]
fn losses_in_bf16x3_are_those_of_f32() {
    use TrainPrecisionChoice::{Bf16, Bf16x3, F32};
    if Bf16x3.resolve().is_err() {
        return;
    }
    let losses = |precision| -> Vec<f64> {
        let (steps, _) = on_tiny_llama(TrainConfig {
            precision,
            num_train_epochs: 7,
            ..config()
        });
        steps.iter().map(|step| step.loss).collect()
    };
    let exact = losses(F32);
    assert!(exact.len() >= 20 && exact[20] < 0.9 * exact[0], "{exact:?}");
    for (precision, tolerance) in [(Bf16x3, 1e-4), (Bf16, 0.1)] {
        for (step, (loss, exact)) in losses(precision).iter().zip(&exact).enumerate() {
            let off = (loss - exact).abs();
            assert!(
                off <= tolerance * exact,
                "{precision:?}, step {step}: {loss} is not {exact}"
            );
        }
    }
}

#[test]
fn steps_report_what_was_done() {
    let (steps, _) = on_tiny_llama(config());
    let pairs = five_pairs();
    let tokens: usize = pairs
        .iter()
        .map(|pair| {
            2 * pair.prompt_ids.len() + pair.chosen.token_ids.len() + pair.rejected.token_ids.len()
        })
        .sum();
    assert_eq!(
        steps.iter().map(|step| step.step).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(
        steps.iter().map(|step| step.epoch).collect::<Vec<_>>(),
        [0.4, 0.8, 1.0, 1.4, 1.8, 2.0]
    );
    assert_eq!(
        (steps[2].num_tokens, steps[5].num_tokens),
        (tokens as u64, 2 * tokens as u64)
    );
    for step in &steps {
        assert!(
            (step.rewards_margins - (step.rewards_chosen - step.rewards_rejected)).abs() < 1e-9
        );
        assert!(step.logps_chosen < 0.0 && step.logps_rejected < 0.0 && step.grad_norm > 0.0);
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_any_number_of_threads() {
    for config in each_precision([config(), lora()]) {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool");
            pool.install(|| files(on_tiny_llama(config.clone()).1.path()))
        };
        let once = with(1);
        assert!(
            once.keys().any(|name| name.ends_with(".safetensors")),
            "{:?}",
            once.keys()
        );
        assert!(once == with(1), "a second training made other bytes");
        assert!(once == with(2), "two threads made other bytes than one");
    }
}

#[test]
fn another_seed_makes_another_order() {
    let first_losses = |seed| {
        let into = tempfile::tempdir().expect("a directory");
        let steps = train_into(
            config(),
            seed,
            &model("tiny-llama"),
            &five_pairs(),
            into.path(),
        );
        let steps = steps.expect("trained");
        steps.iter().map(|step| step.grad_norm).collect::<Vec<_>>()
    };
    assert_ne!(first_losses(1), first_losses(2));
}

#[test]
fn full_training_moves_every_tensor() {
    let (_, into) = on_tiny_llama(config());
    let (before, after) = (
        load("tiny-llama"),
        tpo_lm::load::load(into.path()).expect("a checkpoint"),
    );
    for entry in &before.params.layout.entries {
        assert!(
            before.params.at(&entry.range) != after.params.at(&entry.range),
            "{} stayed as it was",
            entry.name
        );
    }
}

#[test]
fn an_adapter_is_continued_and_the_base_stays() {
    let (first_steps, first) = on_tiny_llama(lora());
    let (steps, second) = train(lora(), first.path(), &five_pairs()).expect("continued");
    assert!(
        steps[0].loss < first_steps[0].loss,
        "the adapter's first training is lost"
    );
    let implied = TrainConfig {
        lora: None,
        ..lora()
    };
    let (_, again) = train(implied, first.path(), &five_pairs())
        .expect("continued with the adapter's own shape");
    assert!(files(second.path()) == files(again.path()));
    let (base, continued) = (
        load("tiny-llama"),
        tpo_lm::load::load(second.path()).expect("a checkpoint"),
    );
    assert!(
        base.params.values == continued.params.values,
        "the frozen weights moved"
    );
    let adapter = continued.adapter.expect("an adapter");
    for entry in &adapter.entries {
        assert!(
            adapter.values[entry.range.clone()]
                .iter()
                .any(|value| *value != 0.0),
            "{} is zero",
            entry.name
        );
    }
}

#[test]
fn an_adapter_of_another_shape_is_refused() {
    let (_, first) = on_tiny_llama(lora());
    let wider = LoraConfig {
        r: 8,
        alpha: 8.0,
        ..Default::default()
    };
    let failure = train(
        TrainConfig {
            lora: Some(wider),
            ..lora()
        },
        first.path(),
        &five_pairs(),
    )
    .expect_err("r = 8");
    assert_eq!(failure.kind(), FailureKind::Usage);
    let what = failure.to_string();
    assert!(
        what.starts_with("`train.lora` has r = 8, alpha = 8 on q_proj, k_proj"),
        "{what}"
    );
    assert!(
        what.contains("but the model's adapter has r = 4, alpha = 8 on "),
        "{what}"
    );
}

#[test]
fn full_training_of_a_model_with_an_adapter_starts_from_both_together() {
    let (_, first) = on_tiny_llama(lora());
    let (adapted, _) = train(lora(), first.path(), &five_pairs()).expect("with the adapter");
    let (merged, into) = train(config(), first.path(), &five_pairs()).expect("with all weights");
    assert!(
        (adapted[0].loss - merged[0].loss).abs() < 1e-5,
        "{} and {}",
        adapted[0].loss,
        merged[0].loss
    );
    assert!(
        tpo_lm::load::load(into.path())
            .expect("a checkpoint")
            .adapter
            .is_none()
    );
}

#[test]
fn pairs_that_cannot_be_trained_on_are_refused_by_name() {
    let check = |change: &dyn Fn(&mut TrainingPair), expected: &str| {
        let mut pairs = five_pairs();
        change(&mut pairs[3]);
        let failure = train(config(), &model("tiny-llama"), &pairs).expect_err(expected);
        assert_eq!(
            (failure.kind(), failure.to_string()),
            (FailureKind::Input, format!("pair `made-up-3` {expected}"))
        );
    };
    check(
        &|pair| pair.rejected.token_ids = pair.chosen.token_ids.clone(),
        "has the same tokens on both sides: its gradient is zero",
    );
    check(
        &|pair| pair.prompt_ids.clear(),
        "has no prompt: nothing predicts its first token",
    );
    check(
        &|pair| pair.chosen.loss_mask.fill(false),
        "(chosen side) has no token in the loss",
    );
    check(
        &|pair| pair.rejected.loss_mask.truncate(11),
        "(rejected side) has 12 tokens and a mask of 11",
    );
    check(
        &|pair| pair.chosen.reference_log_prob = f64::NAN,
        "(chosen side) has the reference log-probability NaN",
    );
    check(
        &|pair| pair.chosen.token_ids[0] = 1_000_000,
        "(chosen side) has token 1000000; the model's vocabulary has 512",
    );
    check(
        &|pair| pair.prompt_ids = vec![5; 4096],
        "(chosen side) has 4108 tokens with its prompt; the model's context is 512",
    );
    let failure = train(config(), &model("tiny-llama"), &[]).expect_err("no pairs");
    assert_eq!(failure.to_string(), "there is no pair to train on");
}

#[test]
fn a_caller_that_stops_leaves_nothing_behind() {
    let into = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::new(into.path());
    recorder.fail_at = Some(1);
    let failure = recorder
        .train(config(), 7, &model("tiny-llama"), &five_pairs(), &[6])
        .expect_err("stopped");
    assert_eq!(failure.kind(), FailureKind::Resources);
    assert!(files(into.path()).is_empty());
}

#[test]
fn a_checkpoint_on_the_way_is_that_of_a_training_that_ends_there() {
    // Five pairs in batches of two make three steps per epoch. The learning rate must not depend
    // on the number of epochs here.
    let config = |epochs| TrainConfig {
        warmup_ratio: 0.0,
        min_lr_ratio: 1.0,
        num_train_epochs: epochs,
        ..config()
    };
    let into = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::new(into.path());
    recorder.stop_at = Some(3);
    recorder
        .train(config(2), 7, &model("tiny-llama"), &five_pairs(), &[3, 6])
        .expect("trained");
    assert_eq!(recorder.written, [3]);
    assert_eq!(recorder.steps.len(), 3, "training went on after the break");
    let (_, alone) = on_tiny_llama(config(1));
    assert!(files(into.path()) == files(alone.path()));
}
