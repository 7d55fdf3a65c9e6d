//! What the user says about training, with the defaults filled in.
//!
//! Every key documents itself; the same text becomes the JSON Schema. [`TrainConfig::check`] is the
//! one door: behind it nothing asks again whether a number makes sense. Names are TRL's where TRL
//! has one.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_lm::lora::LoraConfig;
use tpo_types::{Failure, FailureKind};

/// Training on the pairs: DPO with `AdamW`. The optimizer starts afresh in every iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// What is trained: `full`, every weight; `lora`, a low-rank adapter beside frozen weights.
    pub method: Method,
    /// Shape of the adapter; only with `method = "lora"`. Default: the shape of the model's adapter
    /// if it has one, else `r = 16`, `alpha = 32` on all projections. An adapter that the model has
    /// already is trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraShape>,
    /// How strongly the policy is held to the reference: rewards are `beta` times a difference of
    /// log-probabilities.
    #[schemars(range(min = 0.0001, max = 100.0))]
    pub beta: f64,
    /// Probability that a pair's label is taken to be wrong (conservative DPO); 0 is plain DPO.
    #[schemars(range(min = 0.0, max = 0.49))]
    pub label_smoothing: f64,
    /// The highest learning rate, reached after warm-up. Default: 1e-6 with `method = "full"`, 1e-5
    /// with `"lora"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-12, max = 1.0))]
    pub learning_rate: Option<f64>,
    /// Passes over the pairs of an iteration.
    #[schemars(range(min = 1, max = 1000))]
    pub epochs: usize,
    /// Pairs per optimizer step. The gradient is their mean; the last batch of an epoch may be
    /// smaller.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Pairs that go through the model at once, at most. Bounds memory; changes no result beyond
    /// rounding.
    #[schemars(range(min = 1, max = 65_536))]
    pub micro_batch_size: usize,
    /// Share of the steps over which the learning rate rises from 0, rounded down to whole steps.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub warmup_ratio: f64,
    /// Share of the highest learning rate at which the cosine ends.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_lr_ratio: f64,
    /// Share of a weight, times the learning rate, that is taken off it at every step. Norms and
    /// biases do not decay.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub weight_decay: f64,
    /// A longer gradient is scaled down to this Euclidean norm.
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub max_grad_norm: f64,
    /// Decay per step of `AdamW`'s mean gradient.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub adam_beta1: f64,
    /// Decay per step of `AdamW`'s mean squared gradient.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub adam_beta2: f64,
    /// Added to the root of `AdamW`'s mean squared gradient.
    #[schemars(range(min = 1e-16, max = 0.1))]
    pub adam_epsilon: f64,
    /// Keep only each block's input and run the block again in the backward pass: a third more
    /// time, much less memory, the same bits.
    pub recompute: bool,
}

/// What is trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every weight.
    #[default]
    Full,
    /// A low-rank adapter beside frozen weights.
    Lora,
}

/// Shape of a low-rank adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoraShape {
    /// Rank of each term.
    #[schemars(range(min = 1, max = 4096))]
    pub r: usize,
    /// The terms are scaled by `alpha / r`.
    #[schemars(range(min = 0.001, max = 65_536.0))]
    pub alpha: f32,
    /// Which projections have a term.
    #[schemars(length(min = 1))]
    pub target_modules: BTreeSet<Projection>,
}

/// A matrix of a block that an adapter can stand beside.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the Hugging Face modules")]
pub enum Projection {
    QProj,
    KProj,
    VProj,
    OProj,
    GateProj,
    UpProj,
    DownProj,
}

impl Projection {
    /// Every projection of a block.
    pub const ALL: [Self; 7] = [
        Self::QProj,
        Self::KProj,
        Self::VProj,
        Self::OProj,
        Self::GateProj,
        Self::UpProj,
        Self::DownProj,
    ];

    /// The last part of the module's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QProj => "q_proj",
            Self::KProj => "k_proj",
            Self::VProj => "v_proj",
            Self::OProj => "o_proj",
            Self::GateProj => "gate_proj",
            Self::UpProj => "up_proj",
            Self::DownProj => "down_proj",
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            method: Method::Full,
            lora: None,
            beta: 0.1,
            label_smoothing: 0.0,
            learning_rate: None,
            epochs: 1,
            batch_size: 32,
            micro_batch_size: 4,
            warmup_ratio: 0.1,
            min_lr_ratio: 0.0,
            weight_decay: 0.1,
            max_grad_norm: 1.0,
            adam_beta1: 0.9,
            adam_beta2: 0.95,
            adam_epsilon: 1e-8,
            recompute: false,
        }
    }
}

impl Default for LoraShape {
    fn default() -> Self {
        Self {
            r: 16,
            alpha: 32.0,
            target_modules: Projection::ALL.into(),
        }
    }
}

impl LoraShape {
    /// The shape in the model's own terms.
    pub fn to_config(&self) -> LoraConfig {
        let target_modules = self
            .target_modules
            .iter()
            .map(|module| module.as_str().to_owned())
            .collect();
        LoraConfig {
            r: self.r,
            alpha: self.alpha,
            target_modules,
        }
    }
}

impl TrainConfig {
    /// The highest learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.method {
            Method::Full => 1e-6,
            Method::Lora => 1e-5,
        })
    }

    /// How many optimizer steps training on that many pairs takes.
    pub fn total_steps(&self, num_pairs: usize) -> usize {
        num_pairs.div_ceil(self.batch_size) * self.epochs
    }

    /// Refuses numbers out of range and settings that would change nothing.
    pub fn check(&self) -> Result<(), Failure> {
        within("beta", self.beta, 0.0001..=100.0, "")?;
        within("label_smoothing", self.label_smoothing, 0.0..=0.49, "")?;
        within("learning_rate", self.learning_rate(), 1e-12..=1.0, "")?;
        within("epochs", self.epochs, 1..=1000, "")?;
        within("batch_size", self.batch_size, 1..=65_536, " pairs")?;
        within(
            "micro_batch_size",
            self.micro_batch_size,
            1..=65_536,
            " pairs",
        )?;
        within(
            "warmup_ratio",
            self.warmup_ratio,
            0.0..=0.9,
            " of all steps",
        )?;
        within(
            "min_lr_ratio",
            self.min_lr_ratio,
            0.0..=1.0,
            " of the learning rate",
        )?;
        within("weight_decay", self.weight_decay, 0.0..=10.0, "")?;
        within("max_grad_norm", self.max_grad_norm, 1e-6..=1e6, "")?;
        within("adam_beta1", self.adam_beta1, 0.0..=0.999_999, "")?;
        within("adam_beta2", self.adam_beta2, 0.0..=0.999_999, "")?;
        within("adam_epsilon", self.adam_epsilon, 1e-16..=0.1, "")?;
        self.lora
            .as_ref()
            .map_or(Ok(()), |shape| self.check_adapter(shape))
    }

    fn check_adapter(&self, shape: &LoraShape) -> Result<(), Failure> {
        if self.method == Method::Full {
            return Err(Failure::new(
                FailureKind::Usage,
                "`train.lora` does nothing with `train.method = \"full\"`",
            )
            .hint("set `train.method = \"lora\"`, or remove `train.lora`"));
        }
        within("lora.r", shape.r, 1..=4096, "")?;
        within("lora.alpha", shape.alpha, 0.001..=65_536.0, "")?;
        within(
            "lora.target_modules",
            shape.target_modules.len(),
            1..=Projection::ALL.len(),
            " projections",
        )
    }
}

fn within<T>(key: &str, value: T, range: RangeInclusive<T>, unit: &str) -> Result<(), Failure>
where
    T: PartialOrd + Display + Copy,
{
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(Failure::new(
        FailureKind::Usage,
        format!("`train.{key}` is {value}; it must be between {low} and {high}{unit}"),
    )
    .hint("`tpo schema` describes every key"))
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
        for (table, path) in [("", "/properties"), ("lora", "/$defs/LoraShape/properties")] {
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
        let whole = property["type"] == "integer";
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
            "`train.beta` is NaN; it must be between 0.0001 and 100"
        );
    }

    #[test]
    fn an_adapter_table_without_adapters_is_refused() {
        let config = read(json!({ "lora": { "r": 8 } })).expect("well-formed");
        let failure = config.check().expect_err("the table does nothing");
        assert_eq!(
            failure.to_string(),
            "`train.lora` does nothing with `train.method = \"full\"`"
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
        assert_eq!(
            refusal,
            "`train.lora.target_modules` is 0; it must be between 1 and 7 projections"
        );
        assert!(
            read(json!({ "method": "lora", "lora": { "target_modules": ["qproj"] } })).is_err()
        );
    }

    #[test]
    fn projections_are_spelled_alike_everywhere() {
        for projection in Projection::ALL {
            assert_eq!(json!(projection), projection.as_str());
        }
    }
}
