//! Requests and replies as JSON: OpenAI's chat completions, as far as compatible servers agree.

use serde::Deserialize;
use serde_json::{Value, json};
use tpo_types::{ChatReply, ChatRequest, TokenLogProb};

/// Why a body with status 200 is not a usable reply.
#[derive(Debug, PartialEq)]
pub(crate) enum ReplyError {
    /// It is not a chat completion; a retry may succeed.
    Malformed(String),
    /// The server does not support what was requested.
    Unsupported(String),
}

/// The body of a request. vLLM and SGLang must be told to continue a prefilled turn; llama.cpp
/// always does.
pub(crate) fn body(model: &str, request: &ChatRequest) -> Value {
    let mut messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({"role": message.role.as_str(), "content": message.content}))
        .collect();
    let mut body = json!({
        "model": model,
        "max_tokens": request.max_new_tokens,
        "temperature": request.temperature,
        // Some servers store the seed as a signed 32-bit integer.
        "seed": request.seed & 0x7fff_ffff,
        "stream": false,
    });
    if let Some(prefill) = &request.prefill {
        messages.push(json!({"role": "assistant", "content": prefill}));
        body["continue_final_message"] = json!(true);
        body["add_generation_prompt"] = json!(false);
    }
    body["messages"] = json!(messages);
    if !request.stop.is_empty() {
        body["stop"] = json!(request.stop);
    }
    if request.top_log_probs > 0 {
        body["logprobs"] = json!(true);
        body["top_logprobs"] = json!(request.top_log_probs);
    }
    body
}

/// Estimated tokens of a request: four bytes per prompt token, and all `max_new_tokens`.
pub(crate) fn estimate(request: &ChatRequest) -> u64 {
    let texts = request
        .messages
        .iter()
        .map(|message| &message.content)
        .chain(&request.prefill);
    let bytes: usize = texts.map(|text| text.len() + 16).sum();
    (bytes / 4) as u64 + u64::from(request.max_new_tokens)
}

#[derive(Deserialize)]
struct ChatCompletion {
    choices: Vec<ReplyChoice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct ReplyChoice {
    message: AssistantMessage,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    logprobs: Option<ChoiceLogProbs>,
}

#[derive(Deserialize)]
struct AssistantMessage {
    content: Option<String>,
}

#[derive(Deserialize)]
struct ChoiceLogProbs {
    content: Option<Vec<Position>>,
}

#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    top_logprobs: Vec<Top>,
}

#[derive(Deserialize)]
struct Top {
    token: String,
    logprob: Option<f64>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
}

/// Reads the body of a response with status 200.
pub(crate) fn reply(bytes: &[u8], request: &ChatRequest) -> Result<ChatReply, ReplyError> {
    let completion: ChatCompletion = serde_json::from_slice(bytes).map_err(|error| {
        ReplyError::Malformed(format!("the reply is not a chat completion ({error})"))
    })?;
    let choice = completion
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| ReplyError::Malformed("the reply has no choices".into()))?;
    let text = choice
        .message
        .content
        .ok_or_else(|| ReplyError::Malformed("the reply has no text".into()))?;
    let top_log_probs = match choice.logprobs.and_then(|logprobs| logprobs.content) {
        _ if request.top_log_probs == 0 => Vec::new(),
        Some(positions) => positions
            .into_iter()
            .map(|position| top(position, request.top_log_probs))
            .collect(),
        // An empty reply has no positions.
        None if text.is_empty() => Vec::new(),
        None => {
            return Err(ReplyError::Unsupported(
                "the reply lacks the requested log-probabilities".into(),
            ));
        }
    };
    // Some servers repeat the prefill.
    let text = match request
        .prefill
        .as_deref()
        .and_then(|prefill| text.strip_prefix(prefill))
    {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    let usage = completion.usage.unwrap_or(Usage {
        prompt_tokens: 0,
        completion_tokens: 0,
    });
    Ok(ChatReply {
        text,
        truncated: choice.finish_reason.as_deref() == Some("length"),
        top_log_probs,
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
    })
}

/// The most likely tokens of one position, in descending order.
fn top(position: Position, most: u32) -> Vec<TokenLogProb> {
    let tokens = position.top_logprobs.into_iter();
    let mut tokens: Vec<TokenLogProb> = tokens
        .filter_map(|Top { token, logprob }| {
            Some(TokenLogProb {
                token,
                log_prob: logprob.filter(|p| p.is_finite())?,
            })
        })
        .collect();
    tokens.sort_by(|a, b| b.log_prob.total_cmp(&a.log_prob));
    tokens.truncate(most as usize);
    tokens
}

/// The message in the body of an error, whatever its format, as one line.
pub(crate) fn error_message(bytes: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    let text = json.as_ref().and_then(|body| {
        let error = body.get("error").unwrap_or(body);
        [
            error.get("message"),
            Some(error),
            body.get("detail"),
            body.get("message"),
        ]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
    });
    let text = text.map_or_else(|| String::from_utf8_lossy(bytes), Into::into);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        "no message".into()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::Message;

    use super::*;

    fn request() -> ChatRequest {
        ChatRequest {
            messages: vec![Message::user("Which one?")],
            prefill: None,
            stop: Vec::new(),
            max_new_tokens: 5,
            temperature: 0.0,
            seed: 1 << 40 | 7,
            top_log_probs: 0,
        }
    }

    #[test]
    fn a_request_holds_only_what_is_needed() {
        let plain = body("m", &request());
        assert_eq!(
            plain.to_string(),
            r#"{"model":"m","max_tokens":5,"temperature":0.0,"seed":7,"stream":false,"messages":[{"role":"user","content":"Which one?"}]}"#
        );
        let full = ChatRequest {
            prefill: Some("So".into()),
            stop: vec!["\n".into()],
            top_log_probs: 3,
            ..request()
        };
        let full = body("m", &full);
        assert_eq!(
            full["messages"][1],
            json!({"role": "assistant", "content": "So"})
        );
        assert_eq!(
            (
                &full["continue_final_message"],
                &full["add_generation_prompt"]
            ),
            (&json!(true), &json!(false))
        );
        assert_eq!(
            (&full["stop"], &full["logprobs"], &full["top_logprobs"]),
            (&json!(["\n"]), &json!(true), &json!(3))
        );
    }

    #[test]
    fn a_reply_is_read() {
        let completion = json!({
            "choices": [{
                "message": {"role": "assistant", "content": "So B"},
                "finish_reason": "length",
                "logprobs": {"content": [{"token": "B", "logprob": -0.1, "top_logprobs": [
                    {"token": "A", "logprob": -3.0}, {"token": "B", "logprob": -0.1}, {"token": "C", "logprob": null}]}]},
            }],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1},
        });
        let asked = ChatRequest {
            prefill: Some("So ".into()),
            top_log_probs: 3,
            ..request()
        };
        let read = reply(completion.to_string().as_bytes(), &asked).expect("a reply");
        assert_eq!(
            (read.text.as_str(), read.truncated, read.prompt_tokens),
            ("B", true, 9)
        );
        let tokens: Vec<&str> = read.top_log_probs[0]
            .iter()
            .map(|top| top.token.as_str())
            .collect();
        assert_eq!(tokens, ["B", "A"]);
    }

    #[test]
    fn malformed_replies_differ_from_unsupported_requests() {
        for malformed in [
            "<html>Welcome!</html>",
            r#"{"choices": [{"message": {"content": "cut"#,
            r#"{"choices": []}"#,
            r#"{"choices": [{"message": {"role": "assistant", "content": null}}]}"#,
            r#"{"error": {"message": "overloaded"}}"#,
            "",
        ] {
            assert!(
                matches!(
                    reply(malformed.as_bytes(), &request()),
                    Err(ReplyError::Malformed(_))
                ),
                "{malformed}"
            );
        }
        let asked = ChatRequest {
            top_log_probs: 3,
            ..request()
        };
        for without in [
            r#"{"choices": [{"message": {"content": "B"}}]}"#,
            r#"{"choices": [{"message": {"content": "B"}, "logprobs": {"content": null}}]}"#,
        ] {
            assert!(
                matches!(
                    reply(without.as_bytes(), &asked),
                    Err(ReplyError::Unsupported(_))
                ),
                "{without}"
            );
        }
    }

    #[test]
    fn an_error_message_is_one_line() {
        for (body, wanted) in [
            (
                r#"{"error": {"message": "no such\nmodel", "code": 404}}"#,
                "no such model",
            ),
            (r#"{"error": "no such model"}"#, "no such model"),
            (r#"{"detail": "no such model"}"#, "no such model"),
            (
                r#"{"object": "error", "message": "no such model"}"#,
                "no such model",
            ),
            ("no such model", "no such model"),
            ("", "no message"),
        ] {
            assert_eq!(error_message(body.as_bytes()), wanted);
        }
    }
}
