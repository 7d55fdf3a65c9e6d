//! Commands that need no run: their complete output.

use tpo_tests::Workplace;

#[test]
fn help() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["--help"]).stdout);
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["run", "--help"]).stdout);
}

#[test]
fn the_built_in_plugins() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["plugin", "list"]).stdout);
}

#[test]
fn init_writes_a_configuration_once() {
    let here = Workplace::new();
    here.succeeds(&["init", "mine"]);
    assert!(here.path("mine/tpo.toml").exists() && here.path("mine/train.jsonl").exists());
    insta::assert_snapshot!(here.refusal(&["init", "mine"]));
}

#[test]
fn completions_list_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Workplace::new().succeeds(&["completions", shell]).stdout;
        assert!(script.contains("quickstart"), "{shell}");
    }
}
