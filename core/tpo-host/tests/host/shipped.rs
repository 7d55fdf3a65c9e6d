//! The components that ship inside the binary, through the stage traits.

use serde_json::json;
use tpo_host::{HostConfig, Plugins, builtin};
use tpo_types::{
    CandidateGroupView, CandidateStatus, CandidateView, Completion, FinishReason, Judge, Judgment,
    PairSelector, ParseOutcome, Parts, PluginRole, RenderOutcome, RenderRequest, ResponseParser,
    Selection, ThoughtTemplate,
};

use crate::{group, instruction, told, wanted};

fn plugins() -> Plugins {
    Plugins::new(HostConfig::default()).unwrap()
}

#[test]
fn every_one_describes_itself() {
    let plugins = plugins();
    for name in builtin::names() {
        let inspection = plugins.inspect(name).unwrap();
        assert_eq!(inspection.identity.name, name);
        assert_eq!(inspection.identity.source, "built-in");
        assert_eq!(inspection.identity.sha256.len(), 64);
        assert_eq!(inspection.roles, plugins.roles(name).unwrap());
        assert_eq!(inspection.config_schema["type"], "object", "{name}");
        assert!(!inspection.summary.is_empty() && inspection.bytes > 0);
    }
    assert_eq!(
        plugins.roles("thought-markers").unwrap(),
        [PluginRole::ThoughtTemplate, PluginRole::ResponseParser]
    );
}

#[test]
fn a_path_and_a_name_give_the_same_component() {
    let bytes = std::fs::read(concat!(env!("OUT_DIR"), "/rules.wasm")).unwrap();
    let guest = crate::guests::Guest::file("rules.wasm", &bytes);
    let (named, file) = (
        plugins().inspect("rules").unwrap(),
        plugins().inspect(&guest.source()).unwrap(),
    );
    assert_eq!(named.identity.sha256, file.identity.sha256);
    assert_eq!(file.identity.source, guest.source());
}

#[test]
fn render_parse_judge_select() {
    let plugins = plugins();
    let instructions: Vec<_> = (0..300)
        .map(|number| instruction(&format!("i{number}"), "Name a color."))
        .collect();

    let template = plugins
        .thought_template(&wanted("thought-markers", &json!({})))
        .unwrap();
    let requests: Vec<_> = instructions
        .iter()
        .map(|instruction| RenderRequest {
            instruction,
            thought_budget: None,
        })
        .collect();
    let prompts = template.render(&requests).unwrap();
    assert_eq!(prompts.len(), 300, "two batches");
    let RenderOutcome::Prompt(prompt) = &prompts[0] else {
        panic!("{:?}", prompts[0])
    };
    let marker = prompt.response_marker.clone().unwrap();

    let text = format!(
        "{}I like blue.{marker}Blue.",
        prompt.prefill.clone().unwrap_or_default()
    );
    let completion = |text: &str| Completion {
        token_ids: vec![],
        log_probs: vec![],
        forced: vec![],
        text: text.into(),
        finish: FinishReason::Stop,
    };
    let (good, bad) = (completion(&text), completion("Blue."));
    let parser = plugins
        .response_parser(&wanted("thought-markers", &json!({})))
        .unwrap();
    let outcomes = parser.parse(&[&good, &bad]).unwrap();
    let [
        ParseOutcome::Parsed(Parts {
            thought: Some(_),
            response,
        }),
        ParseOutcome::Malformed(_),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!(response, "Blue.");

    let judge = plugins
        .judge(&wanted("rules", &json!({"length": {"min_words": 1}})))
        .unwrap();
    let groups: Vec<_> = instructions
        .iter()
        .map(|task| group(task, vec!["Blue.", ""]))
        .collect();
    let judgments = judge.score(&groups).unwrap();
    assert_eq!(judgments.len(), 300);
    assert!(
        judgments
            .iter()
            .all(|group| group.len() == 2 && matches!(group[0], Judgment::Scored(_)))
    );

    let selector = plugins
        .pair_selector(&wanted("best-worst", &json!({})))
        .unwrap();
    let view = |score, response| CandidateView {
        status: CandidateStatus::Scored(score),
        thought: None,
        response,
        thought_tokens: 0,
        response_tokens: 2,
    };
    let groups = [
        ("a", vec![view(0.0, "Red."), view(1.0, "Blue.")]),
        ("b", vec![view(0.5, "Red."), view(0.5, "Blue.")]),
    ]
    .map(|(instruction_id, candidates)| CandidateGroupView {
        instruction_id,
        candidates,
    });
    let selections = selector.select(&groups).unwrap().selections;
    let [Selection::Pairs(pairs), Selection::Dropped(_)] = &selections[..] else {
        panic!("{selections:?}")
    };
    assert_eq!((pairs[0].chosen(), pairs[0].rejected()), (1, 0));
}

#[test]
fn a_wrong_configuration_is_refused_in_the_plugins_words() {
    let told = told(plugins().judge(&wanted("rules", &json!({"lenght": 3}))));
    let expected = "Usage: judge `rules` 0.1.0 (built-in, sha256 ...) refuses its configuration: ";
    assert!(told.starts_with(expected), "{told}");
    assert!(
        told.contains("lenght")
            && told.ends_with("hint: `tpo plugin inspect rules` prints its keys"),
        "{told}"
    );
}
