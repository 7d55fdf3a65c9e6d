//! The rating that a model would write on average, from the probabilities of the one token that the
//! rating is.

use tpo_plugin::Scored;
use tpo_plugin::model::{ChatReply, ChatRequest};

use crate::prompt::MARKER;

/// Tokens whose probabilities are asked for: more than any scale has ratings, since some are
/// written in two ways.
const TOP: u32 = 20;
/// Tokens that may come before the rating, such as a space.
const TOKENS: u32 = 3;
/// Less probability than this on all ratings together says that the model is answering something
/// else.
const LEAST_MASS: f64 = 0.5;

/// The request, such that the answer begins with the rating.
pub(crate) fn request(asked: ChatRequest) -> ChatRequest {
    ChatRequest {
        prefill: Some(MARKER.into()),
        max_new_tokens: TOKENS,
        top_log_probs: TOP,
        ..asked
    }
}

/// The mean rating at the first position whose likeliest token is a rating.
pub(crate) fn read(reply: &ChatReply, scale: u32) -> Result<Scored, String> {
    let rating = |token: &str| {
        token
            .trim()
            .parse::<u32>()
            .ok()
            .filter(|rating| (1..=scale).contains(rating))
    };
    let is_rating = |tokens: &&Vec<_>| {
        tokens
            .first()
            .is_some_and(|token: &tpo_plugin::model::TokenLogProb| rating(&token.token).is_some())
    };
    let tokens = reply
        .top_log_probs
        .iter()
        .find(is_rating)
        .ok_or("no rating")?;
    let (mut mass, mut sum) = (0.0, 0.0);
    for token in tokens {
        if let Some(rating) = rating(&token.token) {
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
