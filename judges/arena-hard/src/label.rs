//! The label in a reply, read by the rules of a version of Arena-Hard.

use std::iter;

use tpo_plugin::{Preference, Strength, Verdict};

use crate::config::Version;

/// Why a reply has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoVerdict {
    /// It has no label.
    Missing,
    /// It has two different labels, which v0.1 does not choose from.
    Contradictory,
    /// Its label is none of those that the version knows.
    Unknown,
}

/// The characters of a label.
const CHARACTERS: &str = "AB<>=";

/// The verdict of the label in a reply.
pub(crate) fn read(version: Version, reply: &str) -> Result<Verdict, NoVerdict> {
    match version {
        Version::V0_1 => {
            let mut labels = labels(reply, ["[[", "]]"]);
            let first = labels.next().ok_or(NoVerdict::Missing)?;
            if labels.any(|label| label != first) {
                return Err(NoVerdict::Contradictory);
            }
            verdict(first).ok_or(NoVerdict::Unknown)
        }
        Version::V2 => {
            let reply = reply.to_ascii_uppercase();
            let last = labels(&reply, ["[[", "]]"])
                .last()
                .or_else(|| labels(&reply, ["[", "]"]).last())
                .ok_or(NoVerdict::Missing)?;
            verdict(last)
                .or_else(|| turned(last))
                .ok_or(NoVerdict::Unknown)
        }
    }
}

/// Everything in brackets that consists of the characters of a label, in order.
fn labels<'a>(
    reply: &'a str,
    [open, close]: [&'static str; 2],
) -> impl Iterator<Item = &'a str> + use<'a> {
    let mut rest = reply;
    iter::from_fn(move || {
        loop {
            let at = rest.find(open)?;
            let inner = &rest[at + open.len()..];
            let end = inner
                .find(|character| !CHARACTERS.contains(character))
                .unwrap_or(inner.len());
            let (label, after) = inner.split_at(end);
            match after.strip_prefix(close) {
                Some(after) if !label.is_empty() => {
                    rest = after;
                    return Some(label);
                }
                // The second bracket may be the first one of a label.
                _ => rest = &rest[at + 1..],
            }
        }
    })
}

/// What a label means. `>>` is significantly better, `>` slightly.
fn verdict(label: &str) -> Option<Verdict> {
    let (preference, strength) = match label {
        "A>>B" => (Preference::First, Some(Strength::Strong)),
        "A>B" => (Preference::First, Some(Strength::Slight)),
        "A=B" => (Preference::Tie, None),
        "B>A" => (Preference::Second, Some(Strength::Slight)),
        "B>>A" => (Preference::Second, Some(Strength::Strong)),
        _ => return None,
    };
    Some(Verdict {
        strength,
        ..preference.into()
    })
}

/// What a label means that is turned around, which v2 knows too.
fn turned(label: &str) -> Option<Verdict> {
    verdict(match label {
        "B<<A" => "A>>B",
        "B<A" => "A>B",
        "B=A" => "A=B",
        "A<B" => "B>A",
        "A<<B" => "B>>A",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Meaning = (Preference, Option<Strength>);

    const LABELS: [(&str, Meaning); 5] = [
        ("A>>B", (Preference::First, Some(Strength::Strong))),
        ("A>B", (Preference::First, Some(Strength::Slight))),
        ("A=B", (Preference::Tie, None)),
        ("B>A", (Preference::Second, Some(Strength::Slight))),
        ("B>>A", (Preference::Second, Some(Strength::Strong))),
    ];
    const TURNED: [(&str, &str); 5] = [
        ("B<<A", "A>>B"),
        ("B<A", "A>B"),
        ("B=A", "A=B"),
        ("A<B", "B>A"),
        ("A<<B", "B>>A"),
    ];
    const BOTH: [Version; 2] = [Version::V0_1, Version::V2];

    fn meaning(version: Version, reply: &str) -> Result<Meaning, NoVerdict> {
        read(version, reply).map(|verdict| (verdict.preference, verdict.strength))
    }

    fn of(label: &str) -> Meaning {
        let known = LABELS.into_iter().find(|(known, _)| *known == label);
        known.expect("a label").1
    }

    #[test]
    fn every_label_has_a_preference_and_a_strength() {
        for version in BOTH {
            for (label, _) in LABELS {
                for reply in [
                    format!("[[{label}]]"),
                    format!("My final verdict is: [[{label}]]."),
                    format!("**[[{label}]]**\n\nAgain: [[{label}]]\n"),
                    format!("[[[{label}]]]"),
                    format!("[[x]] [[]] [[ [[{label}]]"),
                    format!("\u{0}[[{label}]]\u{1b}[0m\r\n\u{feff}"),
                ] {
                    assert_eq!(
                        meaning(version, &reply),
                        Ok(of(label)),
                        "{version:?}: {reply}"
                    );
                }
            }
        }
    }

    #[test]
    fn two_different_labels_are_no_verdict_in_v0_1_and_the_last_one_in_v2() {
        for (reply, last) in [
            ("[[A>>B]] at first, but [[A>B]]", "A>B"),
            ("[[A>B]][[B>A]]", "B>A"),
            (
                "The answer claims [[B>>A]]. My final verdict is tie: [[A=B]]",
                "A=B",
            ),
            ("[[A=B]] [[B>A]] [[A=B]]", "A=B"),
        ] {
            assert_eq!(
                meaning(Version::V0_1, reply),
                Err(NoVerdict::Contradictory),
                "{reply}"
            );
            assert_eq!(meaning(Version::V2, reply), Ok(of(last)), "{reply}");
        }
    }

    #[test]
    fn lower_case_counts_in_v2() {
        for (reply, label) in [("[[a>>b]]", "A>>B"), ("[[b>A]]", "B>A")] {
            assert_eq!(meaning(Version::V0_1, reply), Err(NoVerdict::Missing));
            assert_eq!(meaning(Version::V2, reply), Ok(of(label)), "{reply}");
        }
        let reply = "[[a>b]] or [[B>A]]";
        assert_eq!(meaning(Version::V0_1, reply), Ok(of("B>A")));
        assert_eq!(meaning(Version::V2, reply), Ok(of("B>A")));
    }

    #[test]
    fn single_brackets_count_in_v2_if_there_are_no_double_ones() {
        for (reply, label) in [
            ("Verdict: [A>B]", "A>B"),
            ("[A>>B] or rather [b>a].", "B>A"),
            ("[[A>B]", "A>B"),
            ("[A=B]]", "A=B"),
        ] {
            assert_eq!(
                meaning(Version::V0_1, reply),
                Err(NoVerdict::Missing),
                "{reply}"
            );
            assert_eq!(meaning(Version::V2, reply), Ok(of(label)), "{reply}");
        }
        let reply = "[[A>B]] as I said, [B>A]";
        assert_eq!(meaning(Version::V2, reply), Ok(of("A>B")));
    }

    #[test]
    fn turned_labels_are_known_to_v2() {
        for (turned, label) in TURNED {
            let reply = format!("[[{turned}]]");
            assert_eq!(
                meaning(Version::V0_1, &reply),
                Err(NoVerdict::Unknown),
                "{reply}"
            );
            assert_eq!(meaning(Version::V2, &reply), Ok(of(label)), "{reply}");
            let single = format!("[{turned}]");
            assert_eq!(meaning(Version::V2, &single), Ok(of(label)), "{single}");
        }
    }

    #[test]
    fn an_unknown_label_is_no_verdict() {
        for reply in ["[[A]]", "[[B]]", "[[A>>>B]]", "[[A>A]]", "[[==]]", "[[AB]]"] {
            for version in BOTH {
                assert_eq!(
                    meaning(version, reply),
                    Err(NoVerdict::Unknown),
                    "{version:?}: {reply}"
                );
            }
        }
        // The last label decides, also if it is unknown.
        let reply = "[[A>B]], that is [[A]]";
        assert_eq!(meaning(Version::V0_1, reply), Err(NoVerdict::Contradictory));
        assert_eq!(meaning(Version::V2, reply), Err(NoVerdict::Unknown));
    }

    #[test]
    fn anything_else_has_no_label() {
        for reply in [
            "",
            "A>B",
            "(A>B)",
            "[[A > B]]",
            "[[A>\u{200b}B]]",
            "[[A\u{ff1e}B]]",
            "[[\u{410}>B]]",
            "[[A>B",
            "A>B]]",
            "[[]]",
            "[",
            "[[C]]",
            "Die erste Antwort ist besser.",
        ] {
            for version in BOTH {
                assert_eq!(
                    meaning(version, reply),
                    Err(NoVerdict::Missing),
                    "{version:?}: {reply}"
                );
            }
        }
    }

    /// A search that starts over at every bracket would take hours.
    #[test]
    fn huge_replies_are_read_in_one_pass() {
        let size = 4 << 20;
        for filler in ["[", "A", "[[A", "[[A>B]", "]"] {
            let filler = filler.repeat(size / filler.len());
            for version in BOTH {
                let reply = format!("{filler} [[B>>A]]");
                assert_eq!(meaning(version, &reply), Ok(of("B>>A")));
            }
        }
    }
}
