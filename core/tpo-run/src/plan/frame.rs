//! What all instructions of a set have around them: a system message, a prefix, a suffix.

/// Instructions of a set from which on the words that all of them begin or end with are its frame.
const FRAMED: usize = 3;

/// The words that all instructions of a set begin and end with.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

/// How many words are left out at both ends of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    before: usize,
    after: usize,
}

impl<'a> Frame<'a> {
    /// The frame of instructions, each given as its words in order; none of a few.
    pub(super) fn of(texts: &[&[&'a str]]) -> Self {
        let Some(first) = texts.first().filter(|_| texts.len() >= FRAMED) else {
            return Self::default();
        };
        let shortest = texts.iter().map(|words| words.len()).min().unwrap_or(0);
        let before = texts.iter().map(|words| alike(words.iter(), first.iter()));
        let before = before.min().unwrap_or(0);
        let after = texts
            .iter()
            .map(|words| alike(words.iter().rev(), first.iter().rev()));
        let after = after.min().unwrap_or(0).min(shortest - before);
        Self {
            before: first[..before].to_vec(),
            after: first[first.len() - after..].to_vec(),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Cut {
        Cut {
            before: self.before.len(),
            after: self.after.len(),
        }
    }

    /// What it has around the frame of another set; none if that is the same.
    pub(super) fn around(&self, other: &Self) -> Cut {
        let shared_before = alike(self.before.iter().rev(), other.before.iter().rev());
        let shared_after = alike(self.after.iter(), other.after.iter());
        Cut {
            before: self.before.len() - shared_before,
            after: self.after.len() - shared_after,
        }
    }
}

impl Cut {
    /// Whether nothing is left out.
    pub(super) fn is_none(self) -> bool {
        self.before == 0 && self.after == 0
    }

    /// The words of an instruction of the set that are not left out.
    pub(super) fn of<'w, 'a>(self, words: &'w [&'a str]) -> &'w [&'a str] {
        &words[self.before..words.len() - self.after]
    }
}

/// How many items two sequences have in common from their beginnings on.
fn alike<'w, 'a: 'w>(
    one: impl Iterator<Item = &'w &'a str>,
    other: impl Iterator<Item = &'w &'a str>,
) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame<'a>(texts: &[Vec<&'a str>]) -> Frame<'a> {
        Frame::of(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn words(texts: [&str; 3]) -> [Vec<&str>; 3] {
        texts.map(|text| text.split(' ').collect())
    }

    #[test]
    fn a_frame_is_what_all_instructions_begin_and_end_with() {
        let texts = words([
            "you add 3 and 4 now",
            "you add 5 now",
            "you add 6 and 7 now",
        ]);
        let frame = frame(&texts);
        assert_eq!(frame.before, ["you", "add"]);
        assert_eq!(frame.after, ["now"]);
        assert_eq!(frame.whole().of(&texts[0]), ["3", "and", "4"]);
        let same = words(["the same", "the same", "the same"]);
        assert_eq!(
            Frame::of(&[&same[0], &same[1]]).whole().of(&same[0]),
            ["the", "same"]
        );
        assert!(super::tests::frame(&same).whole().of(&same[0]).is_empty());
    }

    #[test]
    fn what_two_frames_share_stays_where_they_are_compared() {
        let plain = words(["add 3 now", "add 4 now", "add 5 now"]);
        let framed = words([
            "please add 3 now or later",
            "please add 4 now or later",
            "please add 5 now or later",
        ]);
        let (one, other) = (frame(&plain), frame(&framed));
        assert!(one.around(&other).is_none());
        assert_eq!(other.around(&one).of(&framed[0]), ["add", "3", "now"]);
    }
}
