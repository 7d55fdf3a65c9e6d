//! The `[train]` table of a configuration.
//!
//! The docs and ranges of the fields become the JSON Schema. Keys are named as in TRL's
//! `DPOConfig`, transformers' `TrainingArguments` and PEFT's `LoraConfig`, except that `method` and
//! `lora` choose what is trained, `batch_size` is the size of an optimizer step and
//! `micro_batch_size` that of a forward pass, and `min_lr_ratio` and `alpha` stand for
//! `min_lr_rate` and `lora_alpha`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_lm::lora::LoraConfig;
use tpo_lm::precision::TrainPrecisionChoice;
use tpo_types::{Failure, FailureKind, bounds};

/// Training on the pairs: DPO with `AdamW`. Every iteration starts with a new optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Training method: `full` fine-tuning, or `lora`, a LoRA adapter on frozen weights.
    pub method: Method,
    /// LoRA adapter; only with `method = "lora"`. If the model has an adapter already, training
    /// continues it. Default: the shape of the model's adapter, or else `r = 16`, `alpha = 32` on
    /// all linear layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraConfig>,
    /// KL penalty strength, the beta of DPO. Higher values keep the policy closer to the reference
    /// model.
    #[schemars(range(min = 0.0001, max = 100.0))]
    pub beta: f64,
    /// Label smoothing of conservative DPO: the assumed probability that a pair's label is wrong; 0
    /// is plain DPO.
    #[schemars(range(min = 0.0, max = 0.49))]
    pub label_smoothing: f64,
    /// Peak learning rate, after warm-up. Default: 1e-6 with `method = "full"`, 1e-5 with `"lora"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-12, max = 1.0))]
    pub learning_rate: Option<f64>,
    /// Epochs over the pairs of each iteration.
    #[schemars(range(min = 1, max = 1000))]
    pub num_train_epochs: usize,
    /// Pairs per optimizer step. The gradient is their mean; the last batch of an epoch may be
    /// smaller.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Pairs per forward pass (gradient accumulation). Limits memory; results change only by
    /// rounding. Default: as many as have 512 tokens together (1,024 in `bf16x3` and `bf16`),
    /// because more take more memory and no less time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub micro_batch_size: Option<usize>,
    /// Fraction of the steps with linear warm-up from 0, rounded down to whole steps.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub warmup_ratio: f64,
    /// Final learning rate of the cosine schedule, as a fraction of the peak.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_lr_ratio: f64,
    /// Weight decay of `AdamW`. Norms and biases do not decay.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub weight_decay: f64,
    /// Gradient clipping (global L2 norm).
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub max_grad_norm: f64,
    /// `AdamW` beta1: decay rate of the first moment.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub adam_beta1: f64,
    /// `AdamW` beta2: decay rate of the second moment.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub adam_beta2: f64,
    /// `AdamW` epsilon, for numerical stability.
    #[schemars(range(min = 1e-16, max = 0.1))]
    pub adam_epsilon: f64,
    /// Which model an iteration ends with: the `best` one on the first validation set (the earliest
    /// within one standard error of the highest), or the `last`.
    pub keep: Keep,
    /// End an iteration after this many measurements in a row that are no better than the best so
    /// far. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub patience: Option<usize>,
    /// Gradient checkpointing: save only each block's input and recompute the rest in the backward
    /// pass. A third slower, much less memory, bit-identical results.
    pub gradient_checkpointing: bool,
    /// Number format of the products with the model's matrices; everything else is `f32`.
    #[serde(skip_serializing_if = "TrainPrecisionChoice::is_default")]
    pub precision: TrainPrecisionChoice,
}

/// Which model an iteration ends with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The best on the first validation set.
    #[default]
    Best,
    /// The last.
    Last,
}

/// Training method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Full fine-tuning.
    #[default]
    Full,
    /// A LoRA adapter on frozen weights.
    Lora,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            method: Method::Full,
            lora: None,
            beta: 0.1,
            label_smoothing: 0.0,
            learning_rate: None,
            num_train_epochs: 1,
            batch_size: 32,
            micro_batch_size: None,
            warmup_ratio: 0.1,
            min_lr_ratio: 0.0,
            weight_decay: 0.1,
            max_grad_norm: 1.0,
            adam_beta1: 0.9,
            adam_beta2: 0.95,
            adam_epsilon: 1e-8,
            keep: Keep::Best,
            patience: None,
            gradient_checkpointing: false,
            precision: TrainPrecisionChoice::F32,
        }
    }
}

impl TrainConfig {
    /// Peak learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.method {
            Method::Full => 1e-6,
            Method::Lora => 1e-5,
        })
    }

    /// Number of optimizer steps for that many pairs.
    pub fn total_steps(&self, num_pairs: usize) -> usize {
        num_pairs.div_ceil(self.batch_size) * self.num_train_epochs
    }

    /// Fails with [`FailureKind::Usage`] if a number is out of range or a setting has no effect.
    pub fn check(&self) -> Result<(), Failure> {
        bounds::check(self, "train")?;
        if self.method == Method::Full && self.lora.is_some() {
            return Err(Failure::new(
                FailureKind::Usage,
                "`train.lora` has no effect with `train.method = \"full\"`",
            )
            .hint("set `train.method = \"lora\"`, or remove `train.lora`"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<TrainConfig, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn an_empty_table_is_the_default_and_passes() {
        let config = read(json!({})).expect("every key has a default");
        assert_eq!(config, TrainConfig::default());
        config.check().expect("the defaults are in range");
    }

    #[test]
    fn what_the_schema_bounds_is_what_is_checked() {
        let schema = schemars::schema_for!(TrainConfig).to_value();
        let mut bounds = 0;
        for (table, path) in [
            ("", "/properties"),
            ("lora", "/$defs/LoraConfig/properties"),
        ] {
            let properties = schema
                .pointer(path)
                .and_then(Value::as_object)
                .expect("a schema of a table");
            for (key, property) in properties {
                for (bound, step) in [("minimum", -1.0), ("maximum", 1.0)] {
                    let Some(value) = property.get(bound).and_then(Value::as_f64) else {
                        continue;
                    };
                    let inside = with(table, key, property, value);
                    inside
                        .expect("the bound can be read")
                        .check()
                        .expect("the bound is allowed");
                    let Ok(outside) = with(table, key, property, value + step) else {
                        continue;
                    };
                    let refusal = outside.check().expect_err("past the bound").to_string();
                    assert!(refusal.contains(&format!("{key}` is ")), "{refusal}");
                    bounds += 1;
                }
            }
        }
        assert!(bounds > 20, "only {bounds} bounds were tried");
    }

    /// A configuration with one key set to a number, whole where the key wants it so.
    fn with(
        table: &str,
        key: &str,
        property: &Value,
        value: f64,
    ) -> Result<TrainConfig, serde_json::Error> {
        let kind = &property["type"];
        let whole = kind == "integer" || kind[0] == "integer";
        let number = if whole {
            json!(value as i64)
        } else {
            json!(value)
        };
        match table {
            "" => read(json!({ key: number })),
            _ => read(json!({ "method": "lora", table: { key: number } })),
        }
    }

    #[test]
    fn not_a_number_is_refused() {
        let refusal = TrainConfig {
            beta: f64::NAN,
            ..Default::default()
        }
        .check()
        .expect_err("NaN")
        .to_string();
        assert_eq!(
            refusal,
            "`train.beta` is not a finite number; it must be between 0.0001 and 100"
        );
    }

    #[test]
    fn an_adapter_table_without_adapters_is_refused() {
        let config = read(json!({ "lora": { "r": 8 } })).expect("well-formed");
        let failure = config.check().expect_err("the table has no effect");
        assert_eq!(
            failure.to_string(),
            "`train.lora` has no effect with `train.method = \"full\"`"
        );
        read(json!({ "method": "lora", "lora": { "r": 8 } }))
            .expect("well-formed")
            .check()
            .expect("it does here");
    }

    #[test]
    fn an_adapter_needs_a_projection_and_only_known_ones() {
        let nowhere = read(json!({ "method": "lora", "lora": { "target_modules": [] } }))
            .expect("well-formed");
        let refusal = nowhere
            .check()
            .expect_err("an adapter of nothing")
            .to_string();
        assert_eq!(refusal, "`train.lora.target_modules` is empty");
        assert!(
            read(json!({ "method": "lora", "lora": { "target_modules": ["qproj"] } })).is_err()
        );
    }
}
