//! What an author is told of a plugin that is not as it should be.

use tpo_tests::{Ended, Workplace, build_guest, root};

/// A judge in Rust whose score is an expression.
fn judge(here: &Workplace, name: &str, value: &str) {
    let sdk = root().join("plugins/tpo-plugin").display().to_string();
    here.write(
        &format!("{name}/Cargo.toml"),
        &format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\n\
             description = \"A test\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\n\
             tpo-plugin = {{ path = \"{sdk}\" }}\n[workspace]\n"
        ),
    );
    let source = "
        use tpo_plugin::{Error, Group, Judge, Judgment, NoConfig, Plugin, Scored, each_response};

        struct Test;

        impl Plugin for Test {
            type Config = NoConfig;
            fn new(_: NoConfig) -> Result<Self, String> {
                Ok(Self)
            }
        }

        impl Judge for Test {
            fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
                Ok(each_response(groups, |_, _response| Scored::new({ VALUE }).into()))
            }
        }

        tpo_plugin::export_judge!(Test);
    ";
    here.write(
        &format!("{name}/src/lib.rs"),
        &source.replace("VALUE", value),
    );
    let component = build_guest(&here.path(name)).join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::copy(component, here.path(&format!("{name}.wasm"))).expect("a copy");
}

fn test(here: &Workplace, name: &str) -> Ended {
    here.tpo(&["plugin", "test", &format!("{name}.wasm")])
}

#[test]
fn a_judge_that_answers_differently_the_second_time_is_caught() {
    let here = Workplace::new();
    let counting = "use std::sync::atomic::{AtomicU32, Ordering};
        static CALLS: AtomicU32 = AtomicU32::new(0);
        f64::from(CALLS.fetch_add(1, Ordering::Relaxed))";
    judge(&here, "counting", counting);
    let ended = test(&here, "counting");
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    for fault in [
        "gives the same outcomes in batches of 1 as in one",
        "gives the same outcomes from the same instance again",
    ] {
        assert!(
            ended
                .stdout
                .contains(&format!("FAILED   {fault}\n           item ")),
            "{}",
            ended.stdout
        );
    }

    judge(&here, "honest", "_response.len() as f64");
    let ended = test(&here, "honest");
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("FAILED"), "{}", ended.stdout);
}

#[test]
fn a_judge_that_crashes_on_what_nobody_expects_is_caught() {
    let here = Workplace::new();
    judge(
        &here,
        "brittle",
        "assert!(!_response.is_empty(), \"an empty response\"); 1.0",
    );
    let ended = test(&here, "brittle");
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("FAILED   handles empty texts"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("an empty response"),
        "the guest's own words are told: {}",
        ended.stdout
    );
}

#[test]
fn a_judge_that_reaches_out_is_refused_when_it_is_loaded() {
    let here = Workplace::new();
    let reaches = [
        (
            "file",
            "std::fs::read(\"/etc/passwd\").map_or(0.0, |text| text.len() as f64)",
            "a plugin has no files",
        ),
        (
            "clock",
            "std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64())",
            "a plugin has no clock",
        ),
        (
            "network",
            "std::net::TcpStream::connect(\"127.0.0.1:80\").map_or(0.0, |_| 1.0)",
            "a plugin has no network",
        ),
    ];
    for (name, value, sentence) in reaches {
        judge(&here, name, value);
        let ended = test(&here, name);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (4, ""),
            "{name}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains(sentence), "{name}: {}", ended.stderr);
    }
}
