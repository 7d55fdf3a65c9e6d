//! What becomes of the other items when a plugin fails on one, and what is kept of the failure.

use serde_json::json;
use tpo_host::{Batching, FailedBatch, HostConfig, Limits, OnError, PluginRequest, Plugins};
use tpo_types::{Judge, Judgment, PluginRole};

use crate::guests::{Answer, Guest};
use crate::{group, instruction, told};

/// A judge that scores every response of up to 4 groups 0.5, and crashes when it is given the text
/// `crash` anywhere.
fn fragile() -> Guest {
    // Strings of the arguments lie in the memory behind `$free`: a scan of the memory finds the
    // word.
    let scan = "(local $at i32)
        (loop $next
            (if (i32.eq (i32.load (local.get $at)) (i32.const 0x73617263)) (then unreachable)) ;; \
            `cras`
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 0x1fffc))))";
    let mut answer = Answer::new();
    let words = answer.words(&[0; 12]);
    let lists: Vec<u32> = (0..4).flat_map(|_| [words, 1]).collect();
    let list = answer.words(&lists);
    let fits = answer.ok([list, 0]);
    // The number of groups is the call's second argument; it is also the number of outcomes.
    let body = format!(
        "{scan} (i32.store (i32.const {}) (local.get 1)) {}",
        fits.address + 8,
        fits.body()
    );
    Guest::judge_with(&body, &fits)
}

fn setup(directory: &std::path::Path) -> HostConfig {
    let limits = Limits {
        memory_mib: 16,
        ..Limits::default()
    };
    HostConfig {
        limits,
        failures: Some(directory.into()),
        ..HostConfig::default()
    }
}

#[test]
fn the_items_that_a_plugin_fails_on_stay_unscored_and_the_others_do_not() {
    let (guest, directory) = (fragile(), tempfile::tempdir().unwrap());
    let source = guest.source();
    let config = json!({});
    let wanted = |on_error| PluginRequest {
        source: &source,
        config: &config,
        on_error,
    };
    let plugins = Plugins::new(setup(directory.path())).unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|n| instruction(&n.to_string(), "Say hello."))
        .collect();
    let groups: Vec<_> = tasks
        .iter()
        .map(|task| group(task, vec![if task.id == "2" { "crash" } else { "Hello!" }]))
        .collect();

    let judgments = plugins
        .judge(&wanted(OnError::Unscored))
        .unwrap()
        .score(&groups)
        .unwrap();
    let scored: Vec<bool> = judgments
        .iter()
        .map(|group| matches!(group[0], Judgment::Scored(_)))
        .collect();
    assert_eq!(scored, [true, true, false, true]);
    assert_eq!(
        judgments[2],
        [Judgment::Unscored("the plugin failed".into())]
    );

    for on_error in [OnError::Fail, OnError::Retry] {
        let told = told(plugins.judge(&wanted(on_error)).unwrap().score(&groups));
        assert!(
            told.contains("panicked or aborted in batch 1 of 1 (items 1 to 4)"),
            "{told}"
        );
        assert!(told.contains("hint: `tpo plugin replay "), "{told}");
    }

    // However often it failed, it is one batch, and it fails again.
    let files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let batch = FailedBatch::read(&files[0]).unwrap();
    assert_eq!((batch.role, batch.items.len()), (PluginRole::Judge, 4));
    let plugin = plugins.in_json(batch.role, &wanted(OnError::Fail)).unwrap();
    let cut = Batching {
        batch_size: 4,
        threads: 1,
    };
    assert!(plugin.ask(&batch.items, cut).is_err());
    assert_eq!(plugin.ask(&batch.items[..2], cut).unwrap().len(), 2);
}

#[test]
fn the_first_batch_that_fails_is_the_one_that_is_told() {
    let guest = fragile();
    let source = guest.source();
    let plugins = Plugins::new(HostConfig::default()).unwrap();
    let plugin = plugins
        .in_json(
            PluginRole::Judge,
            &PluginRequest {
                source: &source,
                config: &json!({}),
                on_error: OnError::Fail,
            },
        )
        .unwrap();
    let group = |number: usize| {
        let text = if number % 10 == 7 { "crash" } else { "Hello!" };
        let instruction = json!({
            "id": number.to_string(),
            "messages": [],
            "category": null,
            "reference": null,
            "metadata": [],
        });
        json!({"instruction": instruction, "responses": [text]})
    };
    let items: Vec<_> = (0..40).map(group).collect();
    for _ in 0..20 {
        let told = told(plugin.ask(
            &items,
            Batching {
                batch_size: 1,
                threads: 4,
            },
        ));
        assert!(told.contains("in batch 8 of 40 (items 8 to 8)"), "{told}");
    }
}

#[test]
fn an_instance_serves_as_many_batches_as_it_may() {
    let mut answer = Answer::new();
    let score_at = answer.words(&[0; 12]) + 8;
    let list = answer.words(&[score_at - 8, 1]);
    let answer = answer.ok([list, 1]);
    // The score is the number of calls, counted in memory.
    let count = format!(
        "(f64.store (i32.const {score_at}) (f64.add (f64.load (i32.const {score_at})) (f64.const \
            1)))"
    );
    let guest = Guest::judge_with(&format!("{count} {}", answer.body()), &answer);
    let limits = Limits {
        batches_per_instance: 3,
        ..Limits::default()
    };
    let plugins = Plugins::new(HostConfig {
        limits,
        ..HostConfig::default()
    })
    .unwrap();
    let source = guest.source();
    let wanted = PluginRequest {
        source: &source,
        config: &json!({}),
        on_error: OnError::Fail,
    };
    let judge = plugins.in_json(PluginRole::Judge, &wanted).unwrap();
    let instruction =
        json!({"id": "i", "messages": [], "category": null, "reference": null, "metadata": []});
    let items = vec![json!({"instruction": instruction, "responses": ["One."]}); 7];
    // However many threads there are, and whatever was asked before.
    for threads in [1, 4, 2] {
        let outcomes = judge
            .ask(
                &items,
                Batching {
                    batch_size: 1,
                    threads,
                },
            )
            .unwrap();
        let scores: Vec<f64> = outcomes
            .iter()
            .map(|outcome| outcome[0]["Score"]["value"].as_f64().unwrap())
            .collect();
        assert_eq!(scores, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0]);
    }
}
