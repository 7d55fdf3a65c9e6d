//! Which validation sets of two runs have instructions in common.

use std::collections::{BTreeSet, HashMap};

use tpo_types::Instruction;

use super::judge_identity::routes_by_category;
use super::not_compared::NotCompared;
use super::run::{ComparedRun, RecordedSet};

/// A validation set of one run and the set of another run that has the same instructions, or some
/// of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSet {
    /// The name in the first run.
    pub name: String,
    /// The name in the other run.
    pub other_name: String,
    /// The ids of the instructions that both have.
    pub ids: BTreeSet<String>,
    /// Instructions of the first run's set.
    pub size: usize,
    /// Instructions of the other run's set.
    pub other_size: usize,
    /// Of the shared instructions, those with another category in the other run.
    pub other_category: usize,
}

impl SharedSet {
    /// Whether one of the sets has instructions that the other lacks.
    pub fn is_partial(&self) -> bool {
        self.ids.len() < self.size || self.ids.len() < self.other_size
    }
}

/// The set of `other` that shares instructions with `set` of `first`: the one of that name, or else
/// the one that shares most.
pub fn shared_set(set: &RecordedSet, other: &ComparedRun) -> Result<SharedSet, NotCompared> {
    let mut best: Option<SharedSet> = None;
    for candidate in &other.sets {
        let by_category = routes_by_category(&set.judge) || routes_by_category(&candidate.judge);
        let shared = share(set, candidate, by_category);
        if shared.ids.is_empty() {
            continue;
        }
        let has_name = shared.other_name == shared.name;
        if has_name
            || best
                .as_ref()
                .is_none_or(|best| best.ids.len() < shared.ids.len())
        {
            best = Some(shared);
        }
        if has_name {
            break;
        }
    }
    best.ok_or_else(|| none_shared(set, other))
}

fn share(set: &RecordedSet, other: &RecordedSet, by_category: bool) -> SharedSet {
    let others: HashMap<&str, &Instruction> = other
        .instructions
        .iter()
        .map(|one| (one.id.as_str(), one))
        .collect();
    let (mut ids, mut other_category) = (BTreeSet::new(), 0);
    for one in &set.instructions {
        let Some(same) = others.get(one.id.as_str()) else {
            continue;
        };
        let is_other_category = one.category != same.category;
        if is_same(one, same) && !(by_category && is_other_category) {
            ids.insert(one.id.clone());
            other_category += usize::from(is_other_category);
        }
    }
    SharedSet {
        name: set.name.clone(),
        other_name: other.name.clone(),
        ids,
        size: set.instructions.len(),
        other_size: other.instructions.len(),
        other_category,
    }
}

/// Whether two rows are the same task for a model and a judge. The category is left out: labels are
/// often added later.
fn is_same(one: &Instruction, other: &Instruction) -> bool {
    one.messages == other.messages
        && one.reference == other.reference
        && one.metadata == other.metadata
}

fn none_shared(set: &RecordedSet, other: &ComparedRun) -> NotCompared {
    let own = set.instructions.iter();
    let all = other.sets.iter().flat_map(|set| &set.instructions);
    let same_text = all
        .filter(|one| own.clone().any(|own| own.messages == one.messages))
        .count();
    NotCompared::NoSharedInstruction {
        both_have_the_name: other.sets.iter().any(|one| one.name == set.name),
        same_text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_types::Message;

    use super::*;

    fn set(name: &str, rows: &[[&str; 3]]) -> RecordedSet {
        let instruction = |[id, text, category]: &[&str; 3]| Instruction {
            id: (*id).into(),
            messages: vec![Message::user(*text)],
            category: (!category.is_empty()).then(|| (*category).into()),
            reference: None,
            metadata: BTreeMap::new(),
        };
        RecordedSet {
            name: name.into(),
            instructions: rows.iter().map(instruction).collect(),
            judge: BTreeMap::new(),
        }
    }

    #[test]
    fn an_instruction_is_shared_if_its_id_and_its_text_are_the_same() {
        let one = set("v", &[["a", "Hi", ""], ["b", "Ho", "x"], ["c", "He", ""]]);
        let other = set("w", &[["a", "Hi", "x"], ["b", "Hum", "x"], ["d", "He", ""]]);
        let shared = share(&one, &other, false);
        assert_eq!(shared.ids, BTreeSet::from(["a".to_owned()]));
        assert_eq!(
            (shared.size, shared.other_size, shared.other_category),
            (3, 3, 1)
        );
        assert!(shared.is_partial());
        assert!(share(&one, &other, true).ids.is_empty());
        assert!(!share(&one, &one, true).is_partial());
    }
}
