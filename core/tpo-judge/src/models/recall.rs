//! Answers requests from the cache, and sends the rest to the models.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use serde::Serialize;
use tpo_types::{Failure, FailureKind, LanguageModel, ModelError, ModelOutcome, ModelRequest};

use super::cache::ReplyCache;
use super::codec::Reply;
use super::file;
use super::served::ServedModel;

/// Takes the outcome of the request with an index; breaks if no other is wanted.
type OnOutcome<'a, R> = dyn FnMut(usize, ModelOutcome<R>) -> ControlFlow<()> + 'a;

/// Answers requests from the cache, and sends the rest to the models. `ask` sends requests to one
/// model and passes on the outcome of each, with its index, until the callback breaks.
pub(super) fn recall<Q: Serialize + Clone, R: Reply>(
    served: &BTreeMap<String, ServedModel>,
    cache: &ReplyCache,
    kind: &str,
    requests: &[ModelRequest<Q>],
    ask: impl Fn(&dyn LanguageModel, &[Q], &mut OnOutcome<'_, R>),
) -> Result<Vec<ModelOutcome<R>>, Failure> {
    let mut outcomes: Vec<Option<ModelOutcome<R>>> = requests.iter().map(|_| None).collect();
    let mut missing: BTreeMap<&str, Missing<Q>> = BTreeMap::new();
    for (index, request) in requests.iter().enumerate() {
        let ModelRequest {
            model: alias,
            request,
        } = request;
        let Some(model) = served.get(alias) else {
            outcomes[index] = Some(Err(unknown_model(alias, served)));
            continue;
        };
        let key = file::key(&model.identity, kind, request);
        match cache.get(&key)? {
            Some(bytes) => outcomes[index] = Some(Ok(R::from_bytes(&bytes)?)),
            None => missing.entry(alias).or_default().add(key, request, index),
        }
    }
    for (alias, missing) in missing {
        let ServedModel { identity, .. } = &served[alias];
        let model = served[alias].model(alias)?;
        let mut failure = None;
        ask(&*model, &missing.requests, &mut |number, outcome| {
            let (waiting, request) = (&missing.waiting[number], &missing.requests[number]);
            let fatal = match &outcome {
                Ok(reply) => cache
                    .put(&waiting.key, identity, kind, request, &reply.to_bytes())
                    .err(),
                Err(error) => fatal(alias, error),
            };
            for index in &waiting.indices {
                outcomes[*index] = Some(outcome.clone());
            }
            failure = failure.take().or(fatal);
            // A reply that cannot be saved is lost, and so is the cost of every further one.
            if failure.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
    }
    Ok(outcomes
        .into_iter()
        .map(|outcome| {
            outcome.unwrap_or_else(|| Err(ModelError::Failed("the model gave no answer".into())))
        })
        .collect())
}

/// Requests to one model that have no reply yet, each once.
struct Missing<Q> {
    requests: Vec<Q>,
    /// One per request.
    waiting: Vec<PendingOutcomes>,
    /// The number of each request, by its key.
    numbers: HashMap<String, usize>,
}

/// The outcomes that wait for a reply.
struct PendingOutcomes {
    key: String,
    /// Their indices.
    indices: Vec<usize>,
}

impl<Q> Default for Missing<Q> {
    fn default() -> Self {
        Self {
            requests: Vec::new(),
            waiting: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<Q: Clone> Missing<Q> {
    fn add(&mut self, key: String, request: &Q, index: usize) {
        if let Some(number) = self.numbers.get(&key) {
            self.waiting[*number].indices.push(index);
            return;
        }
        self.numbers.insert(key.clone(), self.requests.len());
        self.requests.push(request.clone());
        self.waiting.push(PendingOutcomes {
            key,
            indices: vec![index],
        });
    }
}

fn unknown_model(alias: &str, served: &BTreeMap<String, ServedModel>) -> ModelError {
    let aliases: Vec<&str> = served.keys().map(String::as_str).collect();
    // The message puts it between backticks.
    ModelError::UnknownModel(format!(
        "{alias}`; the bound models are `{}",
        aliases.join("`, `")
    ))
}

/// The failure that ends the command, if no further request would be answered either.
fn fatal(alias: &str, error: &ModelError) -> Option<Failure> {
    let (what, hint) = match error {
        ModelError::Unavailable(_) => (
            "is unavailable",
            "run the same command again to resume once it is back",
        ),
        ModelError::BudgetExhausted(_) => (
            "has used up its budget",
            "run the same command again to resume with another budget of the same size; \
             `max_requests` and `max_total_tokens` set it",
        ),
        ModelError::UnknownModel(_) | ModelError::InvalidRequest(_) | ModelError::Failed(_) => {
            return None;
        }
    };
    let what = format!("the model `{alias}` {what}: {error}");
    Some(
        Failure::new(FailureKind::Network, what)
            .hint(format!("every reply so far is saved; {hint}")),
    )
}
