//! The models that judges may ask: bound to aliases by the configuration, loaded when first needed,
//! every reply kept.
//!
//! A reply is kept under the model's identity and the request, and never asked for twice: not after
//! a crash, not by another judge that asks the same, not in a run that is made again without the
//! model. Knows nothing of plugins.

mod hidden;
mod replies;

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_lm::local_model::{LocalModel, identity};
use tpo_remote::{OpenAiModel, RemoteConfig};
use tpo_types::{
    ChatReply, ChatRequest, EmbedRequest, Failure, FailureKind, HiddenStates, LanguageModel,
    ModelError, ModelOutcome, ModelRequest, ModelService, TensorData,
};

use self::replies::Replies;

/// Conversations that are read before their states are kept.
const EMBEDDED_AT_ONCE: usize = 64;

/// A model that judges may ask, by the alias that they ask for. Either on this machine or behind a
/// server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelBinding {
    /// On this machine: a built-in name (`smollm2-135m`), a directory in Hugging Face layout, which
    /// may hold a reward model, a PEFT adapter directory, a `.gguf` file, or
    /// `hf:org/name@revision`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Behind a server with OpenAI's interface for chat, such as those of llama.cpp, vLLM and
    /// SGLang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<RemoteConfig>,
}

impl ModelBinding {
    /// A path is relative to `base` no more.
    pub(crate) fn anchor(&mut self, base: &Path) {
        if let Some(source) = &mut self.source {
            *source = tpo_lm::fetch::anchored(source, base);
        }
    }
}

struct Bound {
    identity: String,
    place: Place,
}

/// Where a model is.
enum Place {
    /// At a path; it is loaded when it is first asked.
    Here(PathBuf, Mutex<Option<Arc<LocalModel>>>),
    /// Behind a server.
    There(Arc<OpenAiModel>),
    /// It cannot be had, but replies of it are there.
    Gone(Failure),
}

/// The models of a run.
pub struct Models {
    bound: BTreeMap<String, Bound>,
    replies: Mutex<Replies>,
    /// The names of the replies that were given, once somebody asks for them.
    given: Mutex<Option<Vec<String>>>,
}

impl Models {
    /// Binds models, and keeps their replies in the file `replies`; `talk` hears what is fetched. A
    /// model that cannot be had is no failure as long as its replies are there.
    pub fn bind(
        bindings: &BTreeMap<String, ModelBinding>,
        replies: &Path,
        talk: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let replies = Replies::open(replies)?;
        let mut bound = BTreeMap::new();
        for (alias, binding) in bindings {
            bound.insert(alias.clone(), bind(alias, binding, &replies, talk)?);
        }
        Ok(Self {
            bound,
            replies: Mutex::new(replies),
            given: Mutex::default(),
        })
    }

    /// Copies the replies of another file into that of this one.
    pub fn take_over(replies: &Path, other: &Path) -> Result<(), Failure> {
        if other.exists() {
            Replies::open(replies)?.take_over(other)
        } else {
            Ok(())
        }
    }

    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn given(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, alias: &str) -> Result<&Bound, ModelError> {
        self.bound.get(alias).ok_or_else(|| {
            let aliases: Vec<&str> = self.bound.keys().map(String::as_str).collect();
            ModelError::UnknownModel(format!("{alias} (bound are: {})", aliases.join(", ")))
        })
    }

    /// Answers what has a reply, and asks the model for the rest. `ask` answers some requests, by
    /// their places.
    fn recall<Q: Serialize + Clone, R: Reply>(
        &self,
        kind: &str,
        requests: &[ModelRequest<Q>],
        ask: impl Fn(
            &dyn LanguageModel,
            &[Q],
            &mut dyn FnMut(usize, Result<R, ModelError>) -> ControlFlow<()>,
        ),
    ) -> Result<Vec<ModelOutcome<R>>, Failure> {
        let mut outcomes: Vec<Option<Result<R, ModelError>>> =
            requests.iter().map(|_| None).collect();
        let mut missing: BTreeMap<&str, Missing<Q>> = BTreeMap::new();
        for (
            place,
            ModelRequest {
                model: alias,
                request,
            },
        ) in requests.iter().enumerate()
        {
            let bound = match self.find(alias) {
                Ok(bound) => bound,
                Err(error) => {
                    outcomes[place] = Some(Err(error));
                    continue;
                }
            };
            let key = replies::key(&bound.identity, kind, request);
            if let Some(given) = &mut *self.given() {
                given.push(key.clone());
            }
            match self.replies().get(&key)? {
                Some(bytes) => outcomes[place] = Some(Ok(R::from_bytes(&bytes)?)),
                None => missing.entry(alias).or_default().add(key, request, place),
            }
        }
        let mut failure = None;
        for (alias, missing) in missing {
            let bound = &self.bound[alias];
            let model = bound.model(alias)?;
            ask(&*model, &missing.requests, &mut |number, outcome| {
                let (key, request) = (&missing.keys[number], &missing.requests[number]);
                let ends = match &outcome {
                    Ok(reply) => self
                        .replies()
                        .put(key, &bound.identity, kind, request, &reply.to_bytes())
                        .err(),
                    Err(error) => end_of_asking(alias, error),
                };
                for place in &missing.places[number] {
                    outcomes[*place] = Some(outcome.clone());
                }
                failure = failure.take().or(ends);
                // A reply that cannot be kept is lost, and whatever else would be asked is paid for
                // in vain.
                if failure.is_some() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            if failure.is_some() {
                break;
            }
        }
        let unanswered = || Err(ModelError::Failed("the model gave no answer".into()));
        match failure {
            Some(failure) => Err(failure),
            None => Ok(outcomes
                .into_iter()
                .map(|outcome| outcome.unwrap_or_else(unanswered))
                .collect()),
        }
    }
}

/// Requests to one model that have no reply yet, each once.
struct Missing<Q> {
    by_key: HashMap<String, usize>,
    keys: Vec<String>,
    requests: Vec<Q>,
    /// Who waits for each.
    places: Vec<Vec<usize>>,
}

impl<Q> Default for Missing<Q> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            keys: Vec::new(),
            requests: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<Q: Clone> Missing<Q> {
    fn add(&mut self, key: String, request: &Q, place: usize) {
        if let Some(number) = self.by_key.get(&key) {
            self.places[*number].push(place);
            return;
        }
        self.by_key.insert(key.clone(), self.keys.len());
        self.keys.push(key);
        self.requests.push(request.clone());
        self.places.push(vec![place]);
    }
}

impl Bound {
    /// The model itself. Not to have it ends the command, unlike a request that it does not answer.
    fn model(&self, alias: &str) -> Result<Arc<dyn LanguageModel>, Failure> {
        match &self.place {
            Place::Here(path, loaded) => {
                let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let model = match &*loaded {
                    Some(model) => Arc::clone(model),
                    None => Arc::new(LocalModel::open(path, self.identity.clone())?),
                };
                *loaded = Some(Arc::clone(&model));
                Ok(model)
            }
            Place::There(server) => Ok(Arc::clone(server) as Arc<_>),
            Place::Gone(why) => {
                let what = format!(
                    "the model `{alias}` is asked what it has not been asked before, and cannot \
                        be had"
                );
                let hint = why
                    .nearest_hint()
                    .unwrap_or("only what was asked before can be answered without it");
                Err(Failure::new(why.kind(), format!("{what}: {why}")).hint(hint))
            }
        }
    }
}

fn bind(
    alias: &str,
    binding: &ModelBinding,
    replies: &Replies,
    talk: &dyn Fn(&str),
) -> Result<Bound, Failure> {
    let (place, identity) = match (&binding.source, &binding.server) {
        (Some(source), None) => local(source, replies, talk)?,
        (None, Some(server)) => {
            let named = |why: Failure| {
                Failure::new(why.kind(), format!("`models.{alias}.server`")).because(why)
            };
            (remote(server, replies).map_err(named)?, server.identity())
        }
        (source, _) => {
            let has = if source.is_some() {
                "both `source` and `server`"
            } else {
                "neither `source` nor `server`"
            };
            return Err(
                Failure::new(FailureKind::Usage, format!("`models.{alias}` has {has}")).hint(
                    "`source` is a model on this machine, `server` one behind a server; give \
                    one of them",
                ),
            );
        }
    };
    Ok(Bound { identity, place })
}

/// Why nothing more can be asked, if an error says so.
fn end_of_asking(alias: &str, error: &ModelError) -> Option<Failure> {
    let (what, hint) = match error {
        ModelError::Unavailable(_) => ("is out of reach", "the same command goes on from here"),
        ModelError::BudgetExhausted(_) => (
            "has spent its budget",
            "the same command goes on from here with a budget of the same size; `max_calls` and \
                `max_tokens` set it",
        ),
        ModelError::UnknownModel(_) | ModelError::InvalidRequest(_) | ModelError::Failed(_) => {
            return None;
        }
    };
    let what = format!("the model `{alias}` {what}: {error}");
    Some(
        Failure::new(FailureKind::Network, what)
            .hint(format!("every reply so far is kept; {hint}")),
    )
}

fn local(source: &str, replies: &Replies, talk: &dyn Fn(&str)) -> Result<(Place, String), Failure> {
    let found = tpo_lm::fetch::resolve(source, talk).and_then(|path| Ok((identity(&path)?, path)));
    match (found, replies.identity(source)?) {
        (Ok((identity, path)), _) => {
            replies.put_identity(source, &identity)?;
            Ok((Place::Here(path, Mutex::default()), identity))
        }
        (Err(failure), Some(identity)) => Ok((Place::Gone(failure), identity)),
        (Err(failure), None) => Err(failure),
    }
}

fn remote(server: &RemoteConfig, replies: &Replies) -> Result<Place, Failure> {
    server.check()?;
    match OpenAiModel::open(server) {
        Ok(model) => Ok(Place::There(Arc::new(model))),
        Err(failure) if replies.has_any(&server.identity())? => Ok(Place::Gone(failure)),
        Err(failure) => Err(failure),
    }
}

/// What a model answers with, as it is kept.
trait Reply: Clone {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure>;
}

impl Reply for ChatReply {
    fn to_bytes(&self) -> Vec<u8> {
        crate::store::to_json(self).into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|error| replies::damaged().because(error))
    }
}

impl ModelService for Models {
    fn bound(&self) -> Vec<(String, String)> {
        self.bound
            .iter()
            .map(|(alias, bound)| (alias.clone(), bound.identity.clone()))
            .collect()
    }

    fn chat(
        &self,
        requests: &[ModelRequest<ChatRequest>],
    ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure> {
        self.recall("chat", requests, |model, requests, done| {
            model.chat(requests, done);
        })
    }

    fn embed(
        &self,
        requests: &[ModelRequest<EmbedRequest>],
    ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure> {
        self.recall("embed", requests, |model, requests, done| {
            // In parts, so that what is there is kept before everything is.
            for (part, requests) in requests.chunks(EMBEDDED_AT_ONCE).enumerate() {
                for (number, outcome) in model.embed(requests).into_iter().enumerate() {
                    if done(part * EMBEDDED_AT_ONCE + number, outcome).is_break() {
                        return;
                    }
                }
            }
        })
    }

    fn tensor(&self, model: &str, name: &str) -> Result<ModelOutcome<TensorData>, Failure> {
        let requests = [ModelRequest {
            model: model.to_owned(),
            request: name.to_owned(),
        }];
        let outcomes = self.recall("tensor", &requests, |model, names, done| {
            let _ = names
                .iter()
                .enumerate()
                .try_for_each(|(number, name)| done(number, model.tensor(name)));
        })?;
        Ok(outcomes
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(ModelError::Failed("the model gave no answer".into()))))
    }

    fn take_given(&self) -> Vec<String> {
        self.given().replace(Vec::new()).unwrap_or_default()
    }

    fn forget(&self, names: &[String]) -> Result<(), Failure> {
        self.replies().forget(names)
    }
}
