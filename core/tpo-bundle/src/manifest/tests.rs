use std::collections::BTreeSet;

use tpo_types::FailureKind;

use super::*;

const GOOD: &str = r#"
name = "strict-rules"
version = "1.2.0"
license = "Apache-2.0 OR MIT"
summary = "Scores by rules."
contract = "0.1"
language = "rust"
wit = "wit"

[[component]]
name = "rules"
file = "target/rules.wasm"
roles = ["judge"]
config = { min-words = 3, words = ["a", "b"] }
config-schema = "rules.schema.json"

[[permission]]
import = "tpo:plugin/model"
why = "It asks a model for a second opinion."
"#;

fn refusal(from: &str, to: &str) -> (String, String) {
    assert!(GOOD.contains(from), "{from}");
    let failure =
        BundleManifest::parse(&GOOD.replacen(from, to, 1), "tpo-plugin.toml").expect_err(to);
    assert_eq!(failure.kind(), FailureKind::Input);
    (
        failure.to_string(),
        failure.nearest_hint().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_good_manifest_is_read_and_written_back() {
    let manifest = BundleManifest::parse(GOOD, "it").expect("good");
    assert_eq!(manifest.components[0].roles, [PluginRole::Judge]);
    assert_eq!(manifest.components[0].config.len(), 2);
    let text = toml::to_string(&manifest).expect("is written");
    assert_eq!(BundleManifest::parse(&text, "it").expect("good"), manifest);
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
    let said = |from, to| refusal(from, to);
    assert_eq!(
        said("license =", "licence ="),
        (
            "tpo-plugin.toml:4:1: unknown key `licence`".into(),
            "did you mean `license`?".into()
        )
    );
    assert_eq!(
        said("config-schema", "config_schema"),
        (
            "tpo-plugin.toml:15:1: unknown key `component[0].config_schema`".into(),
            "did you mean `component[0].config-schema`?".into()
        )
    );
    assert_eq!(
        said("why =", "because ="),
        (
            "tpo-plugin.toml:19:1: unknown key `permission[0].because`".into(),
            "the keys are `import`, `why`".into()
        )
    );
}

#[test]
fn every_key_of_the_structs_is_a_key_of_the_schema() {
    let schema = BundleManifest::schema();
    let table =
        toml::Table::try_from(BundleManifest::parse(GOOD, "it").expect("good")).expect("a table");
    let keys: BTreeSet<&String> = schema["properties"]
        .as_object()
        .expect("keys")
        .keys()
        .collect();
    assert_eq!(keys, table.keys().collect());
    for (name, key) in [
        ("ManifestComponent", "config-schema"),
        ("Permission", "why"),
    ] {
        assert!(
            schema["$defs"][name]["properties"].get(key).is_some(),
            "{name} {key}"
        );
        assert_eq!(schema["$defs"][name]["additionalProperties"], false);
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let long = format!("summary = \"{}\"", "x".repeat(201));
    let second = "[[permission]]\nimport = \"tpo:plugin/model\"\nwhy = \"again\"\n[[permission]]";
    let cases = [
        (
            "\"strict-rules\"",
            "\"Strict Rules\"",
            "`Strict Rules` is not a plain name",
        ),
        ("\"1.2.0\"", "\"1.2\"", "unexpected end of input"),
        ("OR MIT", "XOR MIT", "is not an SPDX expression"),
        (
            "summary = \"Scores by rules.\"",
            &long,
            "`summary` is longer than 200 characters",
        ),
        ("Scores by rules.", " ", "`summary` is empty"),
        (
            "Scores by",
            "Scores\\u001b[2J",
            "`summary` contains a line break or an invisible character",
        ),
        (
            "Scores by",
            "Scores \\u202e",
            "`summary` contains a line break or an invisible character",
        ),
        (
            "contract = \"0.1\"",
            "contract = \"0.2\"",
            "unknown variant `0.2`, expected `0.1`",
        ),
        ("contract = \"0.1\"", "", "missing field `contract`"),
        (
            "target/rules.wasm",
            "../rules.wasm",
            "is not a file name within the bundle",
        ),
        (
            "target/rules.wasm",
            "/rules.wasm",
            "is not a file name within the bundle",
        ),
        (
            "rules.schema.json",
            "a/../../b",
            "is not a file name within the bundle",
        ),
        (
            "[\"judge\"]",
            "[]",
            "component `rules` has no roles; the roles are thought-template",
        ),
        (
            "[\"judge\"]",
            "[\"judge\", \"judge\"]",
            "two roles of component `rules` are `judge`",
        ),
        ("[\"judge\"]", "[\"critic\"]", "unknown variant `critic`"),
        (
            "min-words = 3",
            "since = [{ a = 2020-01-01 }]",
            "`config.since.a` of component `rules` is a date",
        ),
        (
            "[[permission]]",
            second,
            "two permissions are for `tpo:plugin/model`",
        ),
        (
            "tpo:plugin/model",
            "tpo:plugin/model@0.1.0",
            "is not an interface",
        ),
        ("[[component]]", "[component]", "invalid type"),
    ];
    for (from, to, what) in cases {
        let (said, _) = refusal(from, to);
        assert!(
            said.starts_with("tpo-plugin.toml:") && said.contains(what),
            "{said}"
        );
    }
    let many: String = (0..17).fold(GOOD.to_owned(), |text, index| {
        text + &format!("[[permission]]\nimport = \"x{index}\"\nwhy = \"x\"\n")
    });
    let failure = BundleManifest::parse(&many, "it").expect_err("too many");
    assert_eq!(
        failure.to_string(),
        "it: there are 18 `[[permission]]` tables; 0 to 16 are allowed"
    );
    let failure = BundleManifest::parse(&"#\n".repeat(40_000), "it").expect_err("too large");
    assert_eq!(failure.to_string(), "it is larger than 64 KiB");
}
