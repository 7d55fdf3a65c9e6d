//! A model that is bound to an alias, opened on the first request.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tpo_lm::local_model::{LocalModel, identity};
use tpo_remote::{OpenAiModel, RemoteConfig};
use tpo_types::{Failure, LanguageModel};

use super::binding::{ModelBinding, Target, server_failed};
use super::file::ReplyFile;

/// A model that is bound to an alias.
pub(super) struct ServedModel {
    pub(super) identity: String,
    location: Location,
}

/// Where a model is.
enum Location {
    /// On this machine; loaded on the first request.
    Local {
        path: PathBuf,
        loaded: Mutex<Option<Arc<LocalModel>>>,
    },
    /// Behind a server.
    Remote(Arc<OpenAiModel>),
    /// It cannot be opened, but there are replies of it.
    Unavailable(Failure),
}

impl ServedModel {
    /// Opens the model of a binding. If it is unavailable, `replies` must have replies of it.
    pub(super) fn open(
        alias: &str,
        binding: &ModelBinding,
        replies: &ReplyFile,
        on_status: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        match binding.target(alias)? {
            Target::Source(source) => local(source, replies, on_status),
            Target::Server(server) => {
                remote(server, replies).map_err(|why| server_failed(alias, why))
            }
        }
    }

    /// The model, loaded if need be. If it is unavailable, the command fails, not only the request.
    pub(super) fn model(&self, alias: &str) -> Result<Arc<dyn LanguageModel>, Failure> {
        match &self.location {
            Location::Local { path, loaded } => {
                let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let model = match &*loaded {
                    Some(model) => Arc::clone(model),
                    None => Arc::new(LocalModel::open(path, self.identity.clone())?),
                };
                *loaded = Some(Arc::clone(&model));
                Ok(model)
            }
            Location::Remote(server) => Ok(Arc::clone(server) as Arc<_>),
            Location::Unavailable(why) => {
                let what = format!(
                    "there is no saved reply to a request to the model `{alias}`, and the model is \
                     unavailable"
                );
                let hint = why.nearest_hint().unwrap_or(
                    "without the model, only requests with a saved reply can be answered",
                );
                Err(Failure::new(why.kind(), format!("{what}: {why}")).hint(hint))
            }
        }
    }
}

fn local(
    source: &str,
    replies: &ReplyFile,
    on_status: &dyn Fn(&str),
) -> Result<ServedModel, Failure> {
    let found =
        tpo_lm::fetch::resolve(source, on_status).and_then(|path| Ok((identity(&path)?, path)));
    match (found, replies.identity(source)?) {
        (Ok((identity, path)), _) => {
            replies.put_identity(source, &identity)?;
            Ok(ServedModel {
                identity,
                location: Location::Local {
                    path,
                    loaded: Mutex::default(),
                },
            })
        }
        (Err(failure), Some(identity)) => Ok(ServedModel {
            identity,
            location: Location::Unavailable(failure),
        }),
        (Err(failure), None) => Err(failure),
    }
}

fn remote(server: &RemoteConfig, replies: &ReplyFile) -> Result<ServedModel, Failure> {
    let identity = server.identity();
    let location = match OpenAiModel::open(server) {
        Ok(model) => Location::Remote(Arc::new(model)),
        Err(failure) if replies.has_any(&identity)? => Location::Unavailable(failure),
        Err(failure) => return Err(failure),
    };
    Ok(ServedModel { identity, location })
}
