//! The cache of replies: the file, and a journal of which replies were given.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tpo_types::{Failure, ReplyMark};

use super::file::ReplyFile;
use super::journal::Journal;

/// The cache of replies, shared by threads.
pub(super) struct ReplyCache {
    file: Mutex<ReplyFile>,
    journal: Mutex<Journal>,
}

impl ReplyCache {
    pub(super) fn new(file: ReplyFile) -> Self {
        Self {
            file: Mutex::new(file),
            journal: Mutex::default(),
        }
    }

    /// The reply under `key`, if there is one. The journal records the key in either case.
    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.journal().record(key);
        self.file().get(key)
    }

    /// Saves a reply.
    pub(super) fn put(
        &self,
        key: &str,
        model: &str,
        kind: &str,
        request: &impl Serialize,
        reply: &[u8],
    ) -> Result<(), Failure> {
        self.file().put(key, model, kind, request, reply)
    }

    pub(super) fn mark(&self) -> ReplyMark {
        self.journal().mark()
    }

    pub(super) fn forget_since(&self, mark: &ReplyMark) -> Result<(), Failure> {
        self.file().remove(self.journal().keys_since(mark))
    }

    fn file(&self) -> MutexGuard<'_, ReplyFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
