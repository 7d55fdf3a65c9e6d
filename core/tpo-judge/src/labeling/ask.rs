//! Asks the model until its reply can be read.

use tpo_types::{
    ChatReply, ChatRequest, Failure, FailureKind, Message, ModelError, ModelRequest, ModelService,
};

use super::answer;
use super::label::NoLabel;

/// The most requests for one label, if replies cannot be read.
const ATTEMPTS: u64 = 3;
/// The temperature of a repeated request: at 0 the reply would be the same.
const AGAIN: f64 = 0.7;

/// The model that labels, and how it is asked.
pub struct Labeler<'a> {
    /// The models that are bound.
    pub service: &'a dyn ModelService,
    /// The alias of the model.
    pub alias: &'a str,
    /// Seed of the sampling. Another seed is another request.
    pub seed: u32,
    /// The largest number of tokens of a reply that is a label.
    pub max_new_tokens: u32,
}

/// Prompts, and the largest number of tokens of the reply to each.
pub(super) struct Questions {
    pub(super) prompts: Vec<String>,
    pub(super) max_new_tokens: u32,
}

impl Labeler<'_> {
    /// Requests replies and reads them; outcome i belongs to prompt i. If `read` refuses a reply,
    /// the request is repeated with another seed, up to [`ATTEMPTS`] requests in all.
    pub(super) fn ask<T>(
        &self,
        questions: &Questions,
        read: impl Fn(&ChatReply) -> Result<T, String>,
    ) -> Result<Vec<Result<T, NoLabel>>, Failure> {
        let mut outcomes: Vec<Option<Result<T, NoLabel>>> =
            questions.prompts.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..questions.prompts.len()).collect();
        for attempt in 0..ATTEMPTS {
            if open.is_empty() {
                break;
            }
            let requests: Vec<ModelRequest<ChatRequest>> = open
                .iter()
                .map(|&at| self.request(questions, at, attempt))
                .collect();
            let mut unread = Vec::new();
            for (&at, reply) in open.iter().zip(self.service.chat(&requests)?) {
                outcomes[at] = Some(match reply {
                    Ok(reply) => read(&reply).map_err(|reason| {
                        unread.push(at);
                        NoLabel {
                            reason,
                            detail: answer::quoted(&reply),
                        }
                    }),
                    Err(error) => Err(unanswered(&error)),
                });
            }
            open = unread;
        }
        let missing = || Failure::new(FailureKind::Bug, "a request has no outcome");
        outcomes
            .into_iter()
            .map(|outcome| outcome.ok_or_else(missing))
            .collect()
    }

    fn request(&self, questions: &Questions, at: usize, attempt: u64) -> ModelRequest<ChatRequest> {
        ModelRequest {
            model: self.alias.to_owned(),
            request: ChatRequest {
                messages: vec![Message::user(&questions.prompts[at])],
                prefill: None,
                stop: Vec::new(),
                max_new_tokens: questions.max_new_tokens,
                temperature: if attempt == 0 { 0.0 } else { AGAIN },
                // No two seeds share an attempt.
                seed: u64::from(self.seed) * ATTEMPTS + attempt,
                top_log_probs: 0,
            },
        }
    }
}

fn unanswered(error: &ModelError) -> NoLabel {
    let reason = match error {
        ModelError::InvalidRequest(_) => "the model refused the request",
        ModelError::UnknownModel(_)
        | ModelError::BudgetExhausted(_)
        | ModelError::Failed(_)
        | ModelError::Unavailable(_) => "the model failed",
    };
    NoLabel {
        reason: reason.into(),
        detail: tpo_types::text::escape(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tpo_types::{BoundModel, EmbedRequest, HiddenStates, ModelOutcome, TensorData};

    use super::*;

    /// A model that answers by the prompt and the seed, and remembers what it was asked.
    struct Fake {
        answer: fn(&str, u64) -> ModelOutcome<&'static str>,
        asked: Mutex<Vec<ChatRequest>>,
    }

    impl ModelService for Fake {
        fn bound(&self) -> Vec<BoundModel> {
            Vec::new()
        }

        fn chat(
            &self,
            requests: &[ModelRequest<ChatRequest>],
        ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure> {
            let answer = |ModelRequest { model, request }: &ModelRequest<ChatRequest>| {
                assert_eq!(model, "big");
                self.asked.lock().expect("no panic").push(request.clone());
                let text = (self.answer)(&request.messages[0].content, request.seed)?;
                Ok(ChatReply {
                    text: text.into(),
                    truncated: false,
                    top_log_probs: Vec::new(),
                    prompt_tokens: 0,
                    completion_tokens: 0,
                })
            };
            Ok(requests.iter().map(answer).collect())
        }

        fn embed(
            &self,
            _requests: &[ModelRequest<EmbedRequest>],
        ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure> {
            unreachable!("labels need no hidden states")
        }

        fn tensor(&self, _model: &str, _name: &str) -> Result<ModelOutcome<TensorData>, Failure> {
            unreachable!("labels need no tensors")
        }
    }

    #[test]
    fn only_what_cannot_be_read_is_requested_again_with_another_seed() {
        let fake = Fake {
            answer: |prompt, seed| match prompt {
                "late" => Ok(if seed == 8 { "good" } else { "bad" }),
                "never" => Ok("bad\u{1b}"),
                "refused" => Err(ModelError::InvalidRequest("too long".into())),
                "failed" => Err(ModelError::Failed("no reply".into())),
                _ => Ok("good"),
            },
            asked: Mutex::default(),
        };
        let labeler = Labeler {
            service: &fake,
            alias: "big",
            seed: 2,
            max_new_tokens: 9,
        };
        let questions = Questions {
            prompts: ["late", "at once", "never", "refused", "failed"]
                .map(str::to_owned)
                .to_vec(),
            max_new_tokens: 9,
        };
        let read = |reply: &ChatReply| match reply.text.as_str() {
            "good" => Ok(1),
            _ => Err("unreadable".to_owned()),
        };
        let outcomes = labeler.ask(&questions, read).expect("no failure");
        let missing = |reason: &str, detail: &str| {
            Err(NoLabel {
                reason: reason.into(),
                detail: detail.into(),
            })
        };
        assert_eq!(
            outcomes,
            [
                Ok(1),
                Ok(1),
                missing("unreadable", r"bad\u{1b}"),
                missing("the model refused the request", "too long"),
                missing("the model failed", "no reply"),
            ]
        );
        let asked = fake.asked.into_inner().expect("no panic");
        let of = |prompt: &str| {
            let requests = asked.iter().filter(|one| one.messages[0].content == prompt);
            requests
                .map(|one| (one.seed, one.temperature))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("late"), [(6, 0.0), (7, AGAIN), (8, AGAIN)]);
        assert_eq!(of("never").len(), 3);
        for once in ["at once", "refused", "failed"] {
            assert_eq!(of(once), [(6, 0.0)], "{once}");
        }
    }
}
