//! Models that plugins use: what happens when a reply does not come.

use std::sync::Arc;

use serde_json::json;
use tpo_host::{HostConfig, OnError, PluginRequest, Plugins};
use tpo_types::{
    BoundModel, ChatReply, ChatRequest, EmbedRequest, Failure, FailureKind, HiddenStates,
    ModelError, ModelOutcome, ModelRequest, ModelService, PairwiseJudge, Preference, TensorData,
};

use crate::{comparison, instruction};

/// What the models say to every request.
enum Says {
    Nothing,
    Error(ModelError),
}

impl ModelService for Says {
    fn bound(&self) -> Vec<BoundModel> {
        vec![BoundModel {
            alias: "judge".into(),
            identity: "none".into(),
        }]
    }

    fn chat(
        &self,
        requests: &[ModelRequest<ChatRequest>],
    ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure> {
        match self {
            Self::Nothing => Err(Failure::new(
                FailureKind::Network,
                "the model `judge` is out of reach",
            )
            .hint("continue later")),
            Self::Error(error) => Ok(requests.iter().map(|_| Err(error.clone())).collect()),
        }
    }

    fn embed(
        &self,
        _: &[ModelRequest<EmbedRequest>],
    ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure> {
        unreachable!("this judge does not embed")
    }

    fn tensor(&self, _: &str, _: &str) -> Result<ModelOutcome<TensorData>, Failure> {
        unreachable!("this judge reads no tensor")
    }
}

#[test]
fn an_unreachable_model_ends_the_call_and_is_no_fault_of_the_plugin() {
    let directory = tempfile::tempdir().unwrap();
    let instruction = instruction("i", "Name a color.");
    for on_error in [OnError::Fail, OnError::Retry, OnError::Unscored] {
        let failures = Some(directory.path().to_path_buf());
        let plugins = Plugins::new(HostConfig {
            models: Some(Arc::new(Says::Nothing)),
            failures,
            ..HostConfig::default()
        });
        let wanted = PluginRequest {
            source: "self-taught",
            config: &json!({}),
            on_error,
        };
        let judge = plugins.unwrap().pairwise_judge(&wanted).unwrap();
        let failure = judge
            .compare(&[comparison(&instruction, "Red.", "Blue.")])
            .expect_err("no model");
        assert_eq!(failure.kind(), FailureKind::Network);
        assert_eq!(failure.to_string(), "the model `judge` is out of reach");
        assert_eq!(failure.nearest_hint(), Some("continue later"));
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            0,
            "no batch of the plugin failed"
        );
    }
}

#[test]
fn a_request_without_an_answer_is_no_verdict() {
    let instruction = instruction("i", "Name a color.");
    let judges = ["self-taught", "alpaca-eval", "arena-hard"];
    let errors = [
        ModelError::Failed("it hangs".into()),
        ModelError::InvalidRequest("too long".into()),
    ];
    for (source, error) in judges
        .into_iter()
        .flat_map(|source| errors.clone().map(|error| (source, error)))
    {
        let wanted_reason = if matches!(error, ModelError::Failed(_)) {
            "failed"
        } else {
            "refused the request"
        };
        let plugins = Plugins::new(HostConfig {
            models: Some(Arc::new(Says::Error(error))),
            ..HostConfig::default()
        });
        let wanted = PluginRequest {
            source,
            config: &json!({}),
            on_error: OnError::Fail,
        };
        let verdicts = plugins
            .unwrap()
            .pairwise_judge(&wanted)
            .unwrap()
            .compare(&[comparison(&instruction, "Red.", "Blue.")]);
        assert_eq!(
            verdicts.unwrap()[0].preference,
            Preference::Unscored(format!("the model {wanted_reason}")),
            "{source}"
        );
    }
}
