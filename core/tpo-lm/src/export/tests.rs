//! An exported model loads with the same values, and exports are deterministic.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tpo_types::{FailureKind, Message};

use super::decimal::decimal;
use super::write;
use crate::fetch;
use crate::fixtures::{copy, edit_json, model, tiny_models};
use crate::load::load;
use crate::lora::{Adapter, LoraConfig};
use crate::model::Model;
use crate::projection::TargetModule;

fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    paths
        .map(|path| (name(&path), fs::read(&path).expect("is read")))
        .collect()
}

fn assert_same(left: &Model, right: &Model) {
    assert_eq!(left.spec, right.spec);
    assert_eq!(left.params.layout, right.params.layout);
    assert!(left.params.values == right.params.values);
    let messages = [Message::user("naïve 12 → 34 <|im_end|>")];
    let prompt = |policy: &Model| {
        policy
            .text
            .encode_prompt(&messages, Some("Here"))
            .expect("encodes")
    };
    assert_eq!(prompt(left), prompt(right));
    assert_eq!(
        left.text.decode(&prompt(left), false).expect("decodes"),
        right.text.decode(&prompt(right), false).expect("decodes")
    );
}

fn with_adapter() -> Model {
    let mut policy = load(&model("tiny-qwen3")).expect("loads");
    let target_modules = [
        TargetModule::QProj,
        TargetModule::VProj,
        TargetModule::DownProj,
    ];
    let config = LoraConfig {
        r: 4,
        alpha: 0.1,
        target_modules: target_modules.into(),
    };
    let mut adapter = Adapter::init(&policy.spec, config, 7).expect("fits");
    for (index, value) in adapter.values.iter_mut().enumerate() {
        *value += index as f32;
    }
    policy.adapter = Some(adapter);
    policy
}

#[test]
fn models_survive_the_round_trip() {
    for name in tiny_models() {
        let policy = load(&model(&name)).expect("loads");
        let exported = directory();
        write(&policy, exported.path()).expect("is written");
        assert_same(&policy, &load(exported.path()).expect("loads"));

        let again = directory();
        write(&policy, again.path()).expect("is written");
        let written = files(exported.path());
        assert_eq!(written, files(again.path()));
        for kept in [
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
        ] {
            assert_eq!(
                written[kept],
                fs::read(model(&name).join(kept)).expect("is read")
            );
        }
        // The fixture's own file was written by the safetensors library.
        assert_eq!(
            written["model.safetensors"].len(),
            fs::read(model(&name).join("model.safetensors"))
                .expect("is read")
                .len()
        );
    }
}

#[test]
fn the_built_in_model_survives_the_round_trip() {
    let path = fetch::resolve(fetch::DEFAULT_MODEL, &|_| ()).expect("is fetched");
    let policy = load(&path).expect("loads");
    let exported = directory();
    write(&policy, exported.path()).expect("is written");
    assert_same(&policy, &load(exported.path()).expect("loads"));
    let written = files(exported.path());
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    let expected = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(names, expected);
    let config: Value = serde_json::from_slice(&written["tokenizer_config.json"]).expect("is JSON");
    assert_eq!(config["tokenizer_class"], "PreTrainedTokenizerFast");
    assert_eq!(
        (&config["eos_token"], &config["model_max_length"]),
        (&json!("<|im_end|>"), &json!(8192))
    );
}

#[test]
fn configurations_are_written_as_people_write_them() {
    let exported = directory();
    write(
        &load(&model("tiny-llama3")).expect("loads"),
        exported.path(),
    )
    .expect("is written");
    let text = fs::read_to_string(exported.path().join("config.json")).expect("is read");
    for line in [
        r#""rms_norm_eps": 0.00001"#,
        r#""rope_theta": 10000.0"#,
        r#""factor": 8.0"#,
        r#""eos_token_id": 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert_eq!(decimal(0.1_f32).to_string(), "0.1");
    assert_eq!((decimal(1e-6_f32) as f32).to_bits(), 1e-6_f32.to_bits());
}

#[test]
fn adapters_survive_the_round_trip() {
    let policy = with_adapter();
    let exported = directory();
    write(&policy, exported.path()).expect("is written");
    let names: Vec<String> = files(exported.path()).into_keys().collect();
    assert_eq!(names, ["adapter_config.json", "adapter_model.safetensors"]);

    let loaded = load(exported.path()).expect("loads");
    assert_same(&policy, &loaded);
    assert_eq!(loaded.source, policy.source);
    let (left, right) = (policy.adapter.expect("one"), loaded.adapter.expect("one"));
    assert_eq!(
        (left.config, left.entries, left.values),
        (right.config, right.entries, right.values)
    );
}

#[test]
fn adapters_that_do_not_fit_are_refused() {
    let exported = directory();
    write(&with_adapter(), exported.path()).expect("is written");
    let config = exported.path().join("adapter_config.json");
    let original = fs::read(&config).expect("is read");
    let refused = |key: &str, value: Value| {
        fs::write(&config, &original).expect("is written");
        edit_json(&config, |json| json[key] = value);
        let failure = load(exported.path()).expect_err("is refused");
        assert_eq!(failure.kind(), FailureKind::Input);
        let root = fs::canonicalize(exported.path())
            .expect("is there")
            .display()
            .to_string();
        failure.to_string().replace(&root, "DIR")
    };
    assert_eq!(
        refused("peft_type", json!("IA3")),
        "`DIR/adapter_config.json`: `peft_type` is \"IA3\", which is not supported"
    );
    assert_eq!(
        refused("use_dora", json!(true)),
        "`DIR/adapter_config.json`: `use_dora` is true, which is not supported"
    );
    assert_eq!(
        refused("base_model_name_or_path", json!("org/name")),
        "the adapter `DIR` needs the model `org/name`"
    );
    assert_eq!(
        refused("base_model_name_or_path", json!(".")),
        "the base model of the adapter `DIR` is another adapter, `DIR/.`"
    );
    assert_eq!(
        refused("r", json!(1_000_000)),
        "`DIR/adapter_config.json`: rank `r` 1000000 is larger than the model's width 64"
    );
    assert_eq!(
        refused("target_modules", json!(["nothing"])),
        "`DIR/adapter_config.json` does not fit its base model"
    );
    let tensor = "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight";
    assert_eq!(
        refused("target_modules", json!(["q_proj", "v_proj"])),
        format!(
            "tensor `{tensor}` of `DIR/adapter_model.safetensors` is unexpected in this architecture"
        )
    );
    assert!(refused("r", json!(8)).contains("has shape [4, 64], not [8, 64]"));
}

#[test]
fn an_adapter_finds_the_base_beside_it() {
    let base = copy("tiny-qwen3");
    let beside = base.path().join("adapter");
    fs::create_dir(&beside).expect("is made");
    write(&with_adapter(), &beside).expect("is written");
    edit_json(&beside.join("adapter_config.json"), |json| {
        json["base_model_name_or_path"] = json!("..");
    });
    let source = load(&beside).expect("loads").source;
    assert_eq!(source, fs::canonicalize(base.path()).expect("is there"));
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let failure = write(
        &load(&model("tiny-llama")).expect("loads"),
        Path::new("/no/such/place"),
    )
    .expect_err("fails");
    assert_eq!(failure.kind(), FailureKind::Resources);
    assert_eq!(
        failure.to_string(),
        "cannot write `/no/such/place/config.json`"
    );
}
