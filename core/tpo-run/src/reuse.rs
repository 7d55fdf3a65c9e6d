//! What need not be made again.
//!
//! The completions and the judgments of a slice are kept under a digest of all that they follow
//! from: the policy, the prompts as tokens and how they are sampled; the judge's code,
//! configuration and models, and the responses. Where the digest is the same, in this run after it
//! was interrupted or in the one that it goes on from, they are taken as they are. So a changed
//! selector samples and judges nothing, and a changed judge samples nothing. Rendering and parsing
//! are cheap and are always done: a changed plugin that does the same changes nothing.

use std::collections::HashMap;

use serde::Serialize;
use tpo_judge::{JudgeConfig, JudgeMetrics};
use tpo_types::digest::Hasher;
use tpo_types::{CandidateGroup, Completion, Failure, Judgment, ResponseGroup};

use crate::progress::Stage;
use crate::run::Run;
use crate::sampling::Rendered;
use crate::slice::Slice;
use crate::store::{Store, from_json, to_json};

/// Per group one judgment per parsed candidate, and what was seen of the judge.
type Known = (Vec<Vec<Judgment>>, JudgeMetrics);

/// A digest of several values.
#[derive(Default)]
struct Name(Hasher);

impl Name {
    fn of(mut self, part: &(impl Serialize + ?Sized)) -> Self {
        self.0.update_part(to_json(part));
        self
    }

    fn hex(self) -> String {
        self.0.finish().hex()
    }
}

impl Run<'_> {
    /// What the completions of a slice follow from.
    pub(crate) fn name_of_completions(
        &self,
        slice: Slice,
        policy: &str,
        prompts: &[Rendered<'_>],
        k: usize,
    ) -> String {
        let name = Name::default()
            .of(policy)
            .of(&self.plan.params)
            .of(&self.plan.config.seed)
            .of(&k);
        let name = name.of(&slice.to_string());
        prompts
            .iter()
            .fold(name, |name, row| {
                name.of(&row.instruction.id)
                    .of(&row.prompt)
                    .of(&row.token_ids)
            })
            .hex()
    }

    /// What the judgments of a slice follow from.
    pub(crate) fn name_of_judgments(&self, asked: &[ResponseGroup<'_>]) -> String {
        // How much is borne changes no judgment.
        let judge = JudgeConfig {
            max_unscored: 1.0,
            ..self.plan.config.judge.clone()
        };
        let name = Name::default().of(&judge).of(&self.stages.models);
        let judges = self.stages.cast.iter().filter(|cast| cast.role.is_judge());
        let name = judges.fold(name, |name, cast| name.of(&cast.plugin.sha256));
        asked
            .iter()
            .fold(name, |name, group| {
                name.of(group.instruction).of(&group.responses)
            })
            .hex()
    }

    /// The runs that something may be taken from.
    fn sources(&self) -> impl Iterator<Item = &Store> {
        [Some(self.store), self.from].into_iter().flatten()
    }

    /// The completions of a slice that are there already. Those of another run are taken over.
    pub(crate) fn known_completions(
        &self,
        slice: Slice,
        name: &str,
    ) -> Result<HashMap<(String, usize), Completion>, Failure> {
        let own = self.store.completions(slice)?;
        let Some(from) = self.from.filter(|_| own.is_empty()) else {
            return Ok(own);
        };
        if from
            .made(slice, Stage::Sample)?
            .is_none_or(|made| made.name != name)
        {
            return Ok(own);
        }
        let taken = from.completions(slice)?;
        self.store.put_completions(slice, &taken)?;
        Ok(taken)
    }

    /// The judgments of a slice that are there already: per group one per parsed candidate. Those
    /// of another run are taken over with the comparisons behind them and what was seen of the
    /// judge.
    pub(crate) fn known_judgments(
        &self,
        slice: Slice,
        name: &str,
        groups: &[CandidateGroup],
    ) -> Result<Option<Known>, Failure> {
        for source in self.sources() {
            let Some(made) = source
                .made(slice, Stage::Judge)?
                .filter(|made| made.name == name)
            else {
                continue;
            };
            let figures = from_json("what was seen of the judge", &made.seen)?;
            let mut judgments: HashMap<(String, usize), Judgment> = source.judgments(slice)?;
            let mut of_group = |group: &CandidateGroup| {
                let samples = 0..group.candidates.len();
                samples
                    .filter_map(|sample| judgments.remove(&(group.instruction_id.clone(), sample)))
                    .collect()
            };
            let known = groups.iter().map(&mut of_group).collect();
            if !std::ptr::eq(source, self.store) {
                self.store.put_preferences_of(slice, source)?;
            }
            return Ok(Some((known, figures)));
        }
        Ok(None)
    }
}
