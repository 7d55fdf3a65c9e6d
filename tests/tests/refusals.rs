//! Invalid input ends in one message that says what, where, why and what to do, with the documented
//! exit code.

use tpo_tests::{Workplace, fixture};

/// A valid configuration for a tiny model, with lines added to it.
fn workplace(extra: &str) -> Workplace {
    let here = Workplace::new();
    here.write(
        "train.jsonl",
        &(row("a", "Name a color.") + &row("b", "Name a bird.")),
    );
    here.write("validation.jsonl", &row("v", "Name a tree."));
    here.write("tpo.toml", &format!("{}{extra}", base()));
    here
}

/// An instruction with what the `rules` judge needs.
fn row(id: &str, prompt: &str) -> String {
    format!(
        "{{\"id\": \"{id}\", \"prompt\": \"{prompt}\", \"constraints\": [{{\"id\": \
         \"punctuation:no_comma\"}}]}}\n"
    )
}

fn base() -> String {
    let model = fixture("models/tiny-llama");
    format!(
        "name = \"x\"\niterations = 1\n[model]\nsource = \"{}\"\n[data]\ntrain = \"train.jsonl\"\n\
         [[validation]]\ndata = \"validation.jsonl\"\n",
        model.display()
    )
}

#[test]
fn a_missing_configuration() {
    insta::assert_snapshot!(Workplace::new().refusal(&["run"]));
}

#[test]
fn a_misspelled_key() {
    insta::assert_snapshot!(workplace("[sampling]\ntemprature = 0.7\n").refusal(&["run"]));
}

#[test]
fn a_misspelled_key_on_the_command_line() {
    insta::assert_snapshot!(workplace("").refusal(&["run", "--set", "train.betta=0.2"]));
}

#[test]
fn a_misspelled_key_of_a_plugin() {
    insta::assert_snapshot!(
        workplace("[selector]\nplugin = \"best-worst\"\nconfig = { roh = 0.2 }\n")
            .refusal(&["run"])
    );
}

#[test]
fn a_value_out_of_range() {
    insta::assert_snapshot!(workplace("[sampling]\ntop_p = 1.5\n").refusal(&["run"]));
}

#[test]
fn a_thought_budget_without_room_for_a_response() {
    insta::assert_snapshot!(workplace("[thought]\nmax_tokens = 4096\n").refusal(&["run"]));
}

#[test]
fn a_malformed_row() {
    let here = workplace("");
    here.write(
        "train.jsonl",
        "{\"id\": \"a\", \"prompt\": \"x\"}\n{\"id\": \"b\", \"prompt\": }\n",
    );
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn a_duplicate_row() {
    let here = workplace("");
    here.write(
        "train.jsonl",
        "{\"id\": \"a\", \"prompt\": \"x\"}\n{\"id\": \"a\", \"prompt\": \"y\"}\n",
    );
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn a_validation_instruction_that_is_trained_on() {
    let here = workplace("");
    here.write("validation.jsonl", &row("v", "Name a bird."));
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn a_set_without_what_its_judge_needs() {
    let here = workplace("[judge]\nplugin = \"math\"\n");
    let refusal = here.refusal(&["run"]);
    insta::assert_snapshot!(refusal);

    let blank = |id: &str, prompt: &str| {
        let mut row: serde_json::Value = serde_json::from_str(&row(id, prompt)).expect("a row");
        row["reference"] = " ".into();
        format!("{row}\n")
    };
    let rows = blank("a", "Name a bird.") + &blank("b", "Name a fish.");
    here.write("train.jsonl", &rows);
    assert_eq!(here.refusal(&["run"]), refusal);
}

#[test]
fn an_arm_that_is_the_run_itself() {
    let here = workplace("[thought]\nconfig = { preset = \"direct\" }\n");
    let refusal = here.refusal(&["run", "--arm", "direct"]);
    // Without a thought there is nothing that a budget could end.
    for setting in ["thought.max_tokens=8", "thought.on_error=retry"] {
        assert_eq!(
            here.refusal(&["run", "--set", setting, "--arm", "direct"]),
            refusal
        );
    }
    // It differs from the run only in that it writes out a default.
    here.write(
        "generic.toml",
        "config = { preset = \"generic\", prefill = true }\n",
    );
    let run = [
        "run",
        "--set",
        "thought.config={}",
        "--arm",
        "thought=generic.toml",
    ];
    let generic = here.refusal(&run);
    let same = "the arm `generic` has the thought prompt and parser of the run itself";
    assert!(generic.contains(same), "{generic}");
    let parser = here.refusal(&[&run[..], &["--parser", "thought-markers"]].concat());
    assert!(parser.contains(same), "{parser}");
    // One prompt, and completions that are split in different ways: only one of the two finds a
    // thought, or the model is missing.
    let prompt = "prompt = \"{instruction} Write T: and X:\", response_marker = \"X:\"";
    here.write(
        "marked.toml",
        &format!("config = {{ {prompt}, thought_marker = \"T:\", prefill = false }}\n"),
    );
    here.write("bare.toml", &format!("config = {{ {prompt} }}\n"));
    let both = ["--arm", "thought=marked.toml", "--arm", "thought=bare.toml"];
    let missing = here.refusal(&[&["run", "--model", "no/such/model"][..], &both].concat());
    assert!(!missing.contains("has the thought prompt"), "{missing}");
    assert!(missing.contains("no/such/model"), "{missing}");
    insta::assert_snapshot!(refusal);
}

#[test]
fn a_missing_model() {
    insta::assert_snapshot!(workplace("").refusal(&["run", "--model", "no/such/model"]));
}

#[test]
fn a_missing_judge() {
    insta::assert_snapshot!(workplace("").refusal(&["run", "--judge", "armo.wasm"]));
}

#[test]
fn an_unknown_built_in_judge() {
    insta::assert_snapshot!(workplace("").refusal(&["run", "--judge", "rule"]));
}

#[test]
fn a_judge_that_is_not_a_component() {
    let here = workplace("");
    here.write("judge.wasm", "\0asm\u{1}\0\0\0");
    insta::assert_snapshot!(here.refusal(&["run", "--judge", "judge.wasm"]));
}

#[test]
fn a_judge_that_is_not_wasm() {
    let here = workplace("");
    here.write("judge.wasm", "hello");
    insta::assert_snapshot!(here.refusal(&["run", "--judge", "judge.wasm"]));
}

#[test]
fn a_selector_as_a_judge() {
    insta::assert_snapshot!(workplace("").refusal(&["run", "--judge", "best-worst"]));
}

#[test]
fn a_prompt_longer_than_the_context() {
    let here = workplace("[sampling]\nmax_new_tokens = 100\n");
    let long = "word ".repeat(2000);
    here.write("train.jsonl", &row("long", &long));
    insta::assert_snapshot!(here.refusal(&["--quiet", "run"]));
}

#[test]
fn a_status_without_a_run() {
    insta::assert_snapshot!(Workplace::new().refusal(&["status", "runs/none"]));
}

#[test]
fn an_instruction_in_two_validation_sets() {
    let here = workplace("[[validation]]\nname = \"other\"\ndata = \"other.jsonl\"\n");
    here.write("other.jsonl", &row("w", "Name a tree."));
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn two_validation_sets_of_one_name() {
    let here = workplace("[[validation]]\ndata = \"other.jsonl\"\n");
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn a_patience_without_an_effect() {
    let here = workplace("[train]\npatience = 2\n");
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn an_interval_of_measurements_that_is_none() {
    let here = workplace("every = \"month\"\n");
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn a_run_without_a_validation_set() {
    let here = workplace("");
    here.write(
        "tpo.toml",
        "name = \"x\"\nvalidation = []\n[data]\ntrain = \"train.jsonl\"\n",
    );
    insta::assert_snapshot!(here.refusal(&["run"]));
}

#[test]
fn an_arm_that_is_none() {
    let here = workplace("");
    insta::assert_snapshot!(here.refusal(&["run", "--arm", "indirect"]));
}
