//! The keys of replies in the order they were given, as far back as the oldest mark that is held.

use std::collections::VecDeque;
use std::sync::Weak;

use tpo_types::ReplyMark;

/// Keys in the order of their replies. Without a mark that is held it records nothing.
#[derive(Default)]
pub(super) struct Journal {
    sections: VecDeque<Section>,
}

/// The keys between a mark and the next one.
struct Section {
    mark: Weak<()>,
    keys: Vec<String>,
}

impl Journal {
    /// Starts a new section.
    pub(super) fn mark(&mut self) -> ReplyMark {
        self.drop_released();
        let mark = ReplyMark::default();
        self.sections.push_back(Section {
            mark: mark.downgrade(),
            keys: Vec::new(),
        });
        mark
    }

    pub(super) fn record(&mut self, key: &str) {
        self.drop_released();
        if let Some(section) = self.sections.back_mut() {
            section.keys.push(key.to_owned());
        }
    }

    /// The keys recorded since a mark.
    pub(super) fn keys_since(&self, mark: &ReplyMark) -> impl Iterator<Item = &str> {
        self.sections
            .iter()
            .skip_while(|section| !mark.is(&section.mark))
            .flat_map(|section| section.keys.iter().map(String::as_str))
    }

    /// Drops the sections before the oldest mark that is held.
    fn drop_released(&mut self) {
        while self
            .sections
            .pop_front_if(|section| section.mark.strong_count() == 0)
            .is_some()
        {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recorded_from_the_oldest_mark_that_is_held() {
        let mut journal = Journal::default();
        journal.record("before any mark");
        let first = journal.mark();
        journal.record("a");
        let second = journal.mark();
        journal.record("b");
        let third = journal.mark();
        journal.record("c");
        assert_eq!(
            journal.keys_since(&first).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        drop((first, third));
        journal.record("d");
        assert_eq!(
            journal.keys_since(&second).collect::<Vec<_>>(),
            ["b", "c", "d"]
        );
        assert_eq!(journal.sections.len(), 2);
        drop(second);
        journal.record("e");
        assert!(journal.sections.is_empty());
    }
}
