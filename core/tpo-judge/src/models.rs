//! The models that judges use: bound to aliases by the configuration, loaded on the first request,
//! with a cache of replies.
//!
//! The cache key is the model's identity and the request, so a request is never repeated: not after
//! a crash, not by another judge, not when a run is repeated without the model.

mod binding;
mod cache;
mod codec;
mod file;
mod journal;
mod recall;
mod served;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tpo_types::{
    BoundModel, ChatReply, ChatRequest, EmbedRequest, Failure, HiddenStates, ModelError,
    ModelOutcome, ModelRequest, ModelService, ReplyMark, TensorData,
};

use self::cache::ReplyCache;
use self::file::ReplyFile;
use self::recall::recall;
use self::served::ServedModel;

pub use self::binding::ModelBinding;

/// Conversations that are embedded before their states are saved.
const EMBED_BATCH: usize = 64;

/// The models that judges use, with a cache of their replies.
pub struct Models {
    served: BTreeMap<String, ServedModel>,
    cache: ReplyCache,
}

/// The file of replies.
#[derive(Debug, Clone, Copy)]
pub enum Replies<'a> {
    /// Replies are added to it; it is created if missing.
    Kept(&'a Path),
    /// For a dry run, which asks no model: it is read if it exists, and not created.
    OnlyRead(&'a Path),
}

impl Models {
    /// Binds models and caches their replies; `on_status` is called with a message per download. A
    /// model may be unavailable as long as there are replies of it.
    pub fn bind(
        bindings: &BTreeMap<String, ModelBinding>,
        replies: Replies<'_>,
        on_status: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let file = match replies {
            Replies::OnlyRead(path) if !path.exists() => ReplyFile::in_memory()?,
            Replies::Kept(path) | Replies::OnlyRead(path) => ReplyFile::open(path)?,
        };
        let mut served = BTreeMap::new();
        for (alias, binding) in bindings {
            served.insert(
                alias.clone(),
                ServedModel::open(alias, binding, &file, on_status)?,
            );
        }
        Ok(Self {
            served,
            cache: ReplyCache::new(file),
        })
    }

    /// The file of replies of commands without a run: `replies.db` in the user's data directory.
    pub fn default_replies() -> Result<PathBuf, Failure> {
        Ok(tpo_lm::paths::data_dir()?.join("replies.db"))
    }

    /// Copies the replies in the file `from`, if there is one, into the file `replies`.
    pub fn copy_replies(replies: &Path, from: &Path) -> Result<(), Failure> {
        if from.exists() {
            ReplyFile::open(replies)?.copy_from(from)
        } else {
            Ok(())
        }
    }
}

impl ModelService for Models {
    fn bound(&self) -> Vec<BoundModel> {
        self.served
            .iter()
            .map(|(alias, model)| BoundModel {
                alias: alias.clone(),
                identity: model.identity.clone(),
            })
            .collect()
    }

    fn chat(
        &self,
        requests: &[ModelRequest<ChatRequest>],
    ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure> {
        recall(
            &self.served,
            &self.cache,
            "chat",
            requests,
            |model, requests, done| model.chat(requests, done),
        )
    }

    fn embed(
        &self,
        requests: &[ModelRequest<EmbedRequest>],
    ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure> {
        recall(
            &self.served,
            &self.cache,
            "embed",
            requests,
            |model, requests, done| {
                // In batches, so that the states of one are saved before the next is computed.
                for (batch, requests) in requests.chunks(EMBED_BATCH).enumerate() {
                    for (number, outcome) in model.embed(requests).into_iter().enumerate() {
                        if done(batch * EMBED_BATCH + number, outcome).is_break() {
                            return;
                        }
                    }
                }
            },
        )
    }

    fn tensor(&self, model: &str, name: &str) -> Result<ModelOutcome<TensorData>, Failure> {
        let requests = [ModelRequest {
            model: model.to_owned(),
            request: name.to_owned(),
        }];
        let outcomes = recall(
            &self.served,
            &self.cache,
            "tensor",
            &requests,
            |model, names, done| {
                for (number, name) in names.iter().enumerate() {
                    if done(number, model.tensor(name)).is_break() {
                        return;
                    }
                }
            },
        )?;
        Ok(outcomes
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(ModelError::Failed("the model gave no answer".into()))))
    }

    fn mark(&self) -> ReplyMark {
        self.cache.mark()
    }

    fn forget_since(&self, mark: &ReplyMark) -> Result<(), Failure> {
        self.cache.forget_since(mark)
    }
}
