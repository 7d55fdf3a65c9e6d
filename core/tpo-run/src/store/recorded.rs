//! What a run recorded of its inputs and its models' answers, for reading it beside other runs.

use std::collections::BTreeMap;

use rusqlite::params;
use tpo_judge::LoadedPlugin;
use tpo_types::{Failure, FailureKind, PluginIdentity, PluginRole};

use super::{Store, from_json};
use crate::model_version::ModelVersion;
use crate::slice::Slice;

/// What one model answered to one instruction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstructionAnswers {
    /// The responses, in the order in which they were sampled; none of a malformed completion.
    pub responses: Vec<Option<String>>,
    /// Tokens of their thoughts, summed.
    pub thought_tokens: u64,
    /// Tokens of the responses, summed.
    pub response_tokens: u64,
    /// Tokens sampled in all: thoughts, markers and completions that did not parse included.
    pub tokens: u64,
}

impl InstructionAnswers {
    /// Responses that parsed.
    pub fn parsed(&self) -> usize {
        self.responses.iter().flatten().count()
    }
}

/// Answers by the instruction's id.
pub type AnswersById = BTreeMap<String, InstructionAnswers>;

impl Store {
    /// The plugins of the run, in the order in which they were recorded.
    pub fn plugins(&self) -> Result<Vec<LoadedPlugin>, Failure> {
        let sql = "SELECT role, name, version, sha256, source, config FROM plugins \
            ORDER BY position";
        let rows = self.rows(sql, params![], |row| {
            let plugin = PluginIdentity {
                name: row.get(1)?,
                version: row.get(2)?,
                sha256: row.get(3)?,
                source: row.get(4)?,
            };
            Ok((row.get::<_, String>(0)?, plugin, row.get::<_, String>(5)?))
        })?;
        rows.into_iter()
            .map(|(role, plugin, config)| {
                let unknown = || {
                    let what = format!("the run store has a plugin of the unknown role `{role}`");
                    Failure::new(FailureKind::Integrity, what)
                };
                Ok(LoadedPlugin {
                    role: PluginRole::named(&role).ok_or_else(unknown)?,
                    plugin,
                    config: from_json("the configuration of a plugin", &config)?,
                })
            })
            .collect()
    }

    /// The digest of the files of every model that was measured.
    pub fn model_identities(&self) -> Result<BTreeMap<ModelVersion, String>, Failure> {
        let sql = "SELECT iteration, step, model FROM measurements";
        let rows = self.rows(sql, params![], |row| {
            let model = ModelVersion {
                iteration: row.get::<_, i64>(0)? as usize,
                step: row.get::<_, i64>(1)? as usize,
            };
            Ok((model, row.get(2)?))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// What a model answered to the instructions of a validation set.
    pub fn answers(&self, set: &str, model: ModelVersion) -> Result<AnswersById, Failure> {
        let set = set.to_owned();
        let slice = Slice::Validation { set, model }.to_string();
        let mut answers = AnswersById::new();
        let sql = "SELECT instruction_id, sum(json_array_length(body, '$.token_ids')) \
            FROM completions WHERE slice = ?1 GROUP BY instruction_id";
        let sampled = self.rows(sql, [&slice], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?;
        for (id, tokens) in sampled {
            answers.entry(id).or_default().tokens = tokens as u64;
        }
        let sql = "SELECT instruction_id, response, thought_tokens, response_tokens \
            FROM candidates WHERE slice = ?1 \
            ORDER BY instruction_id, sample";
        let parsed = self.rows(sql, [&slice], |row| {
            let tokens = [row.get::<_, i64>(2)?, row.get::<_, i64>(3)?];
            let response = row.get::<_, Option<String>>(1)?;
            Ok((row.get::<_, String>(0)?, response, tokens))
        })?;
        for (id, response, [thought_tokens, response_tokens]) in parsed {
            let answer = answers.entry(id).or_default();
            if response.is_some() {
                answer.thought_tokens += thought_tokens as u64;
                answer.response_tokens += response_tokens as u64;
            }
            answer.responses.push(response);
        }
        Ok(answers)
    }
}
