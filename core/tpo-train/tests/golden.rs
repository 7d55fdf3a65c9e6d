//! The numbers of PyTorch, transformers and PEFT, through this crate's loss, optimizer and trainer.
//!
//! `tests/golden/make_goldens.py` wrote them; the relative tolerance is 1e-4 unless a test has its
//! own.

mod support;

use serde_json::Value;
use support::{
    Golden, decoder, families, load, made_up_pairs, model, relative_error, train_into, worst,
};
use tpo_lm::decoder::TrainingBuffers;
use tpo_lm::lora::{Adapter, LoraConfig};
use tpo_lm::model::Model;
use tpo_lm::precision::TrainPrecision;
use tpo_train::TrainConfig;
use tpo_train::clip::global_norm;
use tpo_train::gradient::{PairResult, accumulate};
use tpo_train::loss::{PairLogProbs, dpo};
use tpo_types::StepMetrics;

const TOLERANCE: f64 = 1e-4;

fn assert_close(what: &str, actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= TOLERANCE * expected.abs(),
        "{what}: {actual} is not {expected}"
    );
}

fn mean(results: &[PairResult], of: impl Fn(&PairResult) -> f64) -> f64 {
    results.iter().map(of).sum::<f64>() / results.len() as f64
}

/// Compares a batch's losses and rewards with a case of the golden file.
fn check_batch(golden: &Golden, log_probs: &str, case: &str, results: &[PairResult]) {
    for (index, pair) in results.iter().enumerate() {
        let expected = |side: &str| golden.number(&format!("{log_probs}/{side}/{index}"));
        assert_close("log-probability", pair.log_probs.chosen, expected("chosen"));
        assert_close(
            "log-probability",
            pair.log_probs.rejected,
            expected("rejected"),
        );
    }
    let metric = |name: &str| golden.number(&format!("{case}/metrics/rewards~1{name}"));
    assert_close(
        "loss",
        mean(results, |pair| pair.loss.loss),
        golden.number(&format!("{case}/loss")),
    );
    assert_close(
        "reward",
        mean(results, |pair| pair.loss.reward_chosen),
        metric("chosen"),
    );
    assert_close(
        "reward",
        mean(results, |pair| pair.loss.reward_rejected),
        metric("rejected"),
    );
    assert_close(
        "margin",
        mean(results, |pair| pair.loss.margin()),
        metric("margins"),
    );
    let is_right = |pair: &PairResult| f64::from(u8::from(pair.loss.margin() > 0.0));
    assert_close("accuracy", mean(results, is_right), metric("accuracies"));
}

fn gradient_of(
    policy: &Model,
    config: &TrainConfig,
    golden: &Golden,
) -> (Vec<PairResult>, Vec<f32>) {
    let pairs = golden.pairs();
    let batch: Vec<_> = pairs.iter().collect();
    let mut gradient = vec![0.0; decoder(policy).trainable_len()];
    let results = accumulate(
        &decoder(policy),
        config,
        &batch,
        &mut TrainingBuffers::default(),
        &mut gradient,
    );
    (results, gradient)
}

#[test]
fn gradients_in_bf16x3_are_those_of_f32() {
    if TrainPrecision::Bf16x3.check().is_err() {
        return;
    }
    for family in families() {
        let (golden, policy) = (Golden::read(&family), load(&format!("tiny-{family}")));
        let pairs = golden.pairs();
        let batch: Vec<_> = pairs.iter().collect();
        let gradient = |precision| {
            let decoder = decoder(&policy).in_precision(precision);
            let mut gradient = vec![0.0; decoder.trainable_len()];
            let mut buffers = TrainingBuffers::default();
            accumulate(
                &decoder,
                &TrainConfig::default(),
                &batch,
                &mut buffers,
                &mut gradient,
            );
            gradient
        };
        let exact = gradient(TrainPrecision::F32);
        for (precision, tolerance) in [(TrainPrecision::Bf16x3, 1e-3), (TrainPrecision::Bf16, 0.1)]
        {
            let gradient = gradient(precision);
            for entry in decoder(&policy).trainable() {
                let range = entry.range.clone();
                let error = relative_error(&gradient[range.clone()], &exact[range]);
                assert!(
                    error < tolerance,
                    "{family}, {precision}, {}: {error}",
                    entry.name
                );
            }
        }
    }
}

fn check_family(golden_name: &str, model_name: &str) {
    let (golden, policy) = (Golden::read(golden_name), load(model_name));
    let cases = golden.json["dpo"]["cases"].as_array().expect("cases").len();
    for index in 0..cases {
        let case = format!("/dpo/cases/{index}");
        let label_smoothing = golden.number(&format!("{case}/label_smoothing"));
        let config = TrainConfig {
            beta: golden.number("/dpo/beta"),
            label_smoothing,
            ..Default::default()
        };
        let (results, gradient) = gradient_of(&policy, &config, &golden);
        check_batch(&golden, "/dpo/log_probs", &case, &results);
        for (at, pair) in results.iter().enumerate() {
            let expected =
                |side: &str| golden.number(&format!("{case}/log_prob_gradients/{side}/{at}"));
            assert_close(
                "derivative",
                pair.loss.d_chosen / results.len() as f64,
                expected("chosen"),
            );
            assert_close(
                "derivative",
                pair.loss.d_rejected / results.len() as f64,
                expected("rejected"),
            );
        }
        assert_close(
            "gradient norm",
            global_norm(&gradient),
            golden.number(&format!("{case}/grad_norm")),
        );
        if label_smoothing == 0.0 {
            let entries = decoder(&policy).trainable();
            let (error, name) = worst(entries, &gradient, |name| {
                golden.tensor(&format!("grad.{name}"))
            });
            assert!(error < TOLERANCE, "gradient of {name} is off by {error}");
        }
        let again = TrainConfig {
            gradient_checkpointing: true,
            ..config
        };
        assert!(
            gradient_of(&policy, &again, &golden).1 == gradient,
            "recomputing changed the gradient"
        );
    }
}

#[test]
fn loss_metrics_and_every_gradient_are_those_of_torch() {
    for family in families() {
        check_family(&family, &format!("tiny-{family}"));
    }
}

/// The golden adapter on top of a policy.
fn with_adapter(mut policy: Model, golden: &Golden) -> Model {
    let settings = &golden.json["lora"];
    let config = LoraConfig {
        r: golden.number("/lora/rank") as usize,
        alpha: golden.number("/lora/alpha") as f32,
        target_modules: serde_json::from_value(settings["target_modules"].clone())
            .expect("modules"),
    };
    let mut adapter = Adapter::zeros(&policy.spec, config).expect("an adapter");
    for entry in &adapter.entries {
        let values = golden.tensor(&format!("lora.{}", entry.name));
        adapter.values[entry.range.clone()].copy_from_slice(values);
    }
    policy.adapter = Some(adapter);
    policy
}

#[test]
fn adapters_have_the_gradients_of_peft() {
    for family in families() {
        let golden = Golden::read(&family);
        let policy = with_adapter(load(&format!("tiny-{family}")), &golden);
        let config = TrainConfig {
            beta: golden.number("/dpo/beta"),
            ..Default::default()
        };
        let (results, gradient) = gradient_of(&policy, &config, &golden);
        check_batch(&golden, "/lora/log_probs", "/lora", &results);
        assert_close(
            "gradient norm",
            global_norm(&gradient),
            golden.number("/lora/grad_norm"),
        );
        let entries = decoder(&policy).trainable();
        let (error, name) = worst(entries, &gradient, |name| {
            golden.tensor(&format!("lora_grad.{name}"))
        });
        assert!(error < TOLERANCE, "gradient of {name} is off by {error}");
    }
}

/// Trains as `adamw_golden` does: both pairs in every batch, ten epochs of one step.
fn ten_steps(golden: &Golden) -> (Vec<StepMetrics>, Model) {
    let at = |name: &str| golden.number(&format!("/adamw/{name}"));
    let config = TrainConfig {
        beta: golden.number("/dpo/beta"),
        learning_rate: Some(at("learning_rate")),
        adam_beta1: at("betas/0"),
        adam_beta2: at("betas/1"),
        adam_epsilon: at("epsilon"),
        weight_decay: at("weight_decay"),
        max_grad_norm: at("max_grad_norm"),
        warmup_ratio: at("warmup_steps") / at("total_steps"),
        num_train_epochs: at("total_steps") as usize,
        batch_size: 2,
        ..Default::default()
    };
    let into = tempfile::tempdir().expect("a directory");
    let pairs = golden.pairs();
    let steps = train_into(config, 0, &model("tiny-llama"), &pairs, into.path()).expect("trained");
    (
        steps,
        tpo_lm::load::load(into.path()).expect("a checkpoint"),
    )
}

#[test]
fn ten_optimizer_steps_are_those_of_torch() {
    let golden = Golden::read("llama");
    let (steps, trained) = ten_steps(&golden);
    assert_eq!(
        steps.len(),
        golden.json["adamw"]["steps"].as_array().map_or(0, Vec::len)
    );
    for (index, step) in steps.iter().enumerate() {
        let at = |name: &str| golden.number(&format!("/adamw/steps/{index}/{name}"));
        assert_close("loss", step.loss, at("loss"));
        assert_close("gradient norm", step.grad_norm, at("grad_norm"));
        assert!((step.learning_rate - at("learning_rate")).abs() < 1e-12);
        assert_eq!((step.step, step.epoch), (index + 1, (index + 1) as f64));
    }
    let entries = &trained.params.layout.entries;
    let (error, name) = worst(entries, &trained.params.values, |name| {
        golden.tensor(&format!("final.{name}"))
    });
    assert!(error < TOLERANCE, "{name} is off by {error}");
}

#[test]
fn the_papers_loss_is_reproduced() {
    let path = support::tests_directory().join("golden/paper.json");
    let paper: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("vectors")).expect("vectors");
    let at = |name: &str| paper["dpo"][name].as_f64().expect("a number");
    let log_probs = PairLogProbs {
        chosen: at("log_prob_chosen"),
        rejected: at("log_prob_rejected"),
        reference_chosen: at("reference_log_prob_chosen"),
        reference_rejected: at("reference_log_prob_rejected"),
    };
    assert!((dpo(&log_probs, at("beta"), 0.0).loss - at("loss")).abs() < 1e-11);
}

#[test]
fn micro_batches_change_nothing_but_rounding() {
    let policy = load("tiny-llama");
    let pairs = made_up_pairs(&policy, 5);
    let batch: Vec<_> = pairs.iter().collect();
    let with = |micro_batch_size: Option<usize>| {
        let config = TrainConfig {
            micro_batch_size,
            ..Default::default()
        };
        let mut gradient = vec![0.0; decoder(&policy).trainable_len()];
        let results = accumulate(
            &decoder(&policy),
            &config,
            &batch,
            &mut TrainingBuffers::default(),
            &mut gradient,
        );
        (results, gradient)
    };
    let (whole, expected) = with(Some(5));
    for micro_batch_size in [None, Some(1), Some(2), Some(3), Some(4), Some(64)] {
        let (results, gradient) = with(micro_batch_size);
        let error = relative_error(&gradient, &expected);
        assert!(
            error < 1e-5,
            "micro-batches of {micro_batch_size:?} are off by {error}"
        );
        assert_close(
            "loss",
            mean(&results, |pair| pair.loss.loss),
            mean(&whole, |pair| pair.loss.loss),
        );
    }
}

#[test]
fn equal_sides_cancel() {
    let policy = load("tiny-llama");
    let mut pair = made_up_pairs(&policy, 1).remove(0);
    let mut gradient = vec![0.0; decoder(&policy).trainable_len()];
    accumulate(
        &decoder(&policy),
        &TrainConfig::default(),
        &[&pair],
        &mut TrainingBuffers::default(),
        &mut gradient,
    );
    let ordinary = global_norm(&gradient);
    pair.rejected = pair.chosen.clone();
    gradient.fill(0.0);
    accumulate(
        &decoder(&policy),
        &TrainConfig::default(),
        &[&pair],
        &mut TrainingBuffers::default(),
        &mut gradient,
    );
    assert!(global_norm(&gradient) < 1e-6 * ordinary);
}
