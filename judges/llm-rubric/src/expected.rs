//! The expected rating: the mean of the scale under the probabilities of the rating's token.

use tpo_plugin::Scored;
use tpo_plugin::model::{ChatReply, ChatRequest, TokenLogProb};

use crate::prompt::MARKER;

/// How many tokens' probabilities to request: more than any scale has ratings, since some ratings
/// are written in two ways.
const TOP: u32 = 20;
/// The largest number of tokens of the reply: other tokens, such as a space, may come before the
/// rating.
const TOKENS: u32 = 3;
/// If all ratings together are less probable than this, the model is answering something else.
const LEAST_MASS: f64 = 0.5;

/// The request, changed so that the reply begins with the rating.
pub(crate) fn request(request: ChatRequest) -> ChatRequest {
    ChatRequest {
        prefill: Some(MARKER.into()),
        max_new_tokens: TOKENS,
        top_log_probs: TOP,
        ..request
    }
}

/// The mean rating at the first position whose most probable token is a rating.
pub(crate) fn read(reply: &ChatReply, scale: u32) -> Result<Scored, String> {
    let begins_with_rating = |tokens: &&Vec<TokenLogProb>| {
        tokens
            .first()
            .is_some_and(|token| rating(token, scale).is_some())
    };
    let tokens = reply
        .top_log_probs
        .iter()
        .find(begins_with_rating)
        .ok_or("no rating")?;
    let (mut mass, mut sum) = (0.0, 0.0);
    for token in tokens {
        if let Some(rating) = rating(token, scale) {
            let probability = token.log_prob.exp();
            mass += probability;
            sum += probability * f64::from(rating);
        }
    }
    if mass < LEAST_MASS {
        return Err("no rating".into());
    }
    Ok(Scored::new(sum / mass).aspect("mass", mass))
}

/// The rating that a token is, if it is one of the scale.
fn rating(token: &TokenLogProb, scale: u32) -> Option<u32> {
    let rating = token.token.trim().parse().ok()?;
    (1..=scale).contains(&rating).then_some(rating)
}
