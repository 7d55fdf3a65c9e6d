//! An adapter in the layout of PEFT.

use std::path::Path;

use serde_json::json;
use tpo_types::Failure;

use super::decimal::decimal;
use super::weights;
use crate::files::write_json;
use crate::load::adapter::{CONFIG_FILE, WEIGHTS_FILE};
use crate::lora::Adapter;

/// Writes `adapter` into `directory`; `base` is the model it belongs to.
pub(super) fn write(adapter: &Adapter, base: &Path, directory: &Path) -> Result<(), Failure> {
    let config = json!({
        "base_model_name_or_path": base.to_string_lossy(),
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "lora_alpha": decimal(adapter.config.alpha),
        "lora_dropout": 0.0,
        "modules_to_save": null,
        "peft_type": "LORA",
        "r": adapter.config.r,
        "target_modules": adapter.config.target_modules,
        "task_type": "CAUSAL_LM",
        "use_dora": false,
        "use_rslora": false,
    });
    write_json(&directory.join(CONFIG_FILE), &config)?;
    weights::write(
        &directory.join(WEIGHTS_FILE),
        &adapter.entries,
        &adapter.values,
    )
}
