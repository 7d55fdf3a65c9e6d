//! Instructions that are in two sets: a score on an instruction that was trained on says nothing
//! about new ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tpo_types::{Failure, FailureKind, Instruction};

use super::ValidationSet;
use super::frame::Frame;

/// Two instructions whose words have at least this Jaccard index are nearly the same.
const NEARLY: f64 = 0.75;
/// Near duplicates that a note names.
const SHOWN: usize = 3;
/// With fewer words besides the frames of their sets, two instructions are not compared by these.
const FEW_WORDS: usize = 4;

/// An instruction and the set that it is in.
#[derive(Clone, Copy)]
struct Member<'a> {
    set: &'a str,
    instruction: &'a Instruction,
}

/// Refuses an instruction that is in two sets, and returns a note on those that nearly are.
pub(super) fn check(
    train: &[Instruction],
    validation: &[ValidationSet],
) -> Result<Vec<String>, Failure> {
    let mut members: Vec<Member<'_>> = of_set("train", train).collect();
    for set in validation {
        members.extend(of_set(set.name(), &set.instructions));
    }
    refuse_same(&members)?;
    let sets = validation.iter();
    let repeated = sets.filter_map(|set| note_on_repeated(set.name(), &set.instructions));
    let near = note_on_near(&near_duplicates(&members));
    Ok(near.into_iter().chain(repeated).collect())
}

/// A note on a set that has instructions with the same text.
pub(crate) fn note_on_repeated(set: &str, instructions: &[Instruction]) -> Option<String> {
    let different: BTreeSet<String> = instructions.iter().map(text).collect();
    let repeated = instructions.len() - different.len();
    (repeated > 0).then(|| {
        format!(
            "{repeated} of {} instructions of `{set}` repeat the text of another: they count as \
             independent, so its intervals are too narrow",
            instructions.len()
        )
    })
}

/// How many of `instructions` are in `seen` too, with the same text or nearly the same words.
pub(crate) fn shared(seen: &[Instruction], instructions: &[Instruction]) -> usize {
    let mut members: Vec<Member<'_>> = of_set("seen", seen).collect();
    members.extend(of_set("new", instructions));
    let found = near_duplicates(&members);
    let of_new = |near: &NearDuplicate<'_>| {
        let new = if near.one.set == "new" {
            near.one
        } else {
            near.other
        };
        new.instruction.id.clone()
    };
    found.iter().map(of_new).collect::<BTreeSet<_>>().len()
}

fn of_set<'a>(set: &'a str, instructions: &'a [Instruction]) -> impl Iterator<Item = Member<'a>> {
    instructions
        .iter()
        .map(move |instruction| Member { set, instruction })
}

fn refuse_same(members: &[Member<'_>]) -> Result<(), Failure> {
    let mut by_id: HashMap<&str, Member<'_>> = HashMap::new();
    let mut by_text: HashMap<Vec<(&str, &str)>, Member<'_>> = HashMap::new();
    for member in members {
        let messages = &member.instruction.messages;
        let text = messages
            .iter()
            .map(|message| (message.role.as_str(), message.content.as_str()))
            .collect();
        let same_id = by_id.insert(&member.instruction.id, *member);
        let same_text = by_text.insert(text, *member);
        for other in same_id.into_iter().chain(same_text) {
            if other.set != member.set {
                return Err(refusal(member, &other));
            }
        }
    }
    Ok(())
}

fn refusal(member: &Member<'_>, other: &Member<'_>) -> Failure {
    let (id, set) = (&member.instruction.id, member.set);
    let (other_id, other_set) = (&other.instruction.id, other.set);
    let what = if other_set == "train" {
        format!("`{id}` of the validation set `{set}` is also trained on (as `{other_id}`)")
    } else {
        format!("`{id}` of the validation set `{set}` is also in `{other_set}` (as `{other_id}`)")
    };
    Failure::new(FailureKind::Input, what).hint(
        "remove it from one of the two files, or give different instructions different ids: a \
        score on training instructions says nothing about new ones",
    )
}

/// Two instructions of different sets with nearly the same words.
struct NearDuplicate<'a> {
    one: Member<'a>,
    other: Member<'a>,
}

/// Finds them: by all of their words, and without what only one of the two sets has around each of
/// its instructions, such as a system message or a suffix.
fn near_duplicates<'a>(members: &[Member<'a>]) -> Vec<NearDuplicate<'a>> {
    let texts: Vec<String> = members
        .iter()
        .map(|member| text(member.instruction))
        .collect();
    let texts: Vec<Vec<&str>> = texts.iter().map(|text| words(text)).collect();
    let mut pairs = near_pairs(
        members,
        &texts.iter().map(|words| set(words)).collect::<Vec<_>>(),
    );
    pairs.extend(framed_pairs(members, &texts));
    let near = |(one, other): (usize, usize)| NearDuplicate {
        one: members[one],
        other: members[other],
    };
    pairs.into_iter().map(near).collect()
}

/// Those whose words are nearly the same without the frames of their sets. `texts` are the words of
/// the members in order.
fn framed_pairs(members: &[Member<'_>], texts: &[Vec<&str>]) -> BTreeSet<(usize, usize)> {
    let mut of_sets: BTreeMap<&str, Vec<&[&str]>> = BTreeMap::new();
    for (member, words) in members.iter().zip(texts) {
        of_sets.entry(member.set).or_default().push(words);
    }
    let frames: BTreeMap<&str, Frame<'_>> = of_sets
        .into_iter()
        .map(|(set, texts)| (set, Frame::of(&texts)))
        .collect();
    let own = |at: usize| set(frames[members[at].set].whole().of(&texts[at]));
    let mut pairs = BTreeSet::new();
    for (at, (one, frame)) in frames.iter().enumerate() {
        for (other, other_frame) in frames.iter().skip(at + 1) {
            let cuts = [frame.around(other_frame), other_frame.around(frame)];
            if cuts.iter().all(|cut| cut.is_none()) {
                continue;
            }
            let unframed = members.iter().zip(texts).map(|(member, words)| {
                let cut = match member.set {
                    set if set == *one => cuts[0],
                    set if set == *other => cuts[1],
                    _ => return BTreeSet::new(),
                };
                let left = set(cut.of(words));
                if left.len() < FEW_WORDS {
                    BTreeSet::new()
                } else {
                    left
                }
            });
            let near = near_pairs(members, &unframed.collect::<Vec<_>>());
            // What both sets have around their instructions makes none of them the same.
            let is_own = |pair: &(usize, usize)| jaccard(&own(pair.0), &own(pair.1)) >= NEARLY;
            pairs.extend(near.into_iter().filter(is_own));
        }
    }
    pairs
}

/// Members of different sets whose words are nearly the same, found by an index of words: two sets
/// of words can only reach the index `t` if they share one of the `|a| - ceil(t |a|) + 1` rarest
/// words of `a` (prefix filtering; Chaudhuri et al. 2006, "A primitive operator for similarity
/// joins in data cleaning").
fn near_pairs(members: &[Member<'_>], words: &[BTreeSet<&str>]) -> BTreeSet<(usize, usize)> {
    let mut frequency: HashMap<&str, usize> = HashMap::new();
    for word in words.iter().flatten() {
        *frequency.entry(word).or_default() += 1;
    }
    let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut found = BTreeSet::new();
    for (here, own) in words.iter().enumerate() {
        let mut rarest: Vec<&str> = own.iter().copied().collect();
        rarest.sort_by_key(|word| (frequency[word], *word));
        rarest.truncate(own.len() - (NEARLY * own.len() as f64).ceil() as usize + 1);
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for word in rarest {
            let seen = index.entry(word).or_default();
            candidates.extend(seen.iter().copied());
            seen.push(here);
        }
        for there in candidates {
            if members[there].set != members[here].set && jaccard(own, &words[there]) >= NEARLY {
                found.insert((here, there));
            }
        }
    }
    found
}

/// The text of an instruction in lower case.
fn text(instruction: &Instruction) -> String {
    let contents = instruction.messages.iter();
    let contents: Vec<&str> = contents.map(|message| message.content.as_str()).collect();
    contents.join(" ").to_lowercase()
}

/// The words of a text, in order.
fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

fn set<'a>(words: &[&'a str]) -> BTreeSet<&'a str> {
    words.iter().copied().collect()
}

fn jaccard(one: &BTreeSet<&str>, other: &BTreeSet<&str>) -> f64 {
    let both = one.intersection(other).count();
    both as f64 / (one.len() + other.len() - both).max(1) as f64
}

fn note_on_near(found: &[NearDuplicate<'_>]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let shown = found.iter().take(SHOWN).map(|near| {
        let (one, other) = (near.one, near.other);
        let (id, other_id) = (&one.instruction.id, &other.instruction.id);
        format!(
            "`{id}` of `{}` and `{other_id}` of `{}`",
            one.set, other.set
        )
    });
    let shown: Vec<String> = shown.collect();
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "nearly the same words are in two sets, which makes scores look better than they are on \
        new instructions: {}{more}",
        shown.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_types::Message;

    use super::*;

    fn instruction(id: &str, text: &str) -> Instruction {
        Instruction {
            id: id.into(),
            messages: vec![Message::user(text)],
            category: None,
            reference: None,
            metadata: BTreeMap::new(),
        }
    }

    fn near(rows: &[(&str, &str)]) -> usize {
        let instructions: Vec<(&str, Instruction)> = rows
            .iter()
            .enumerate()
            .map(|(index, (set, text))| (*set, instruction(&index.to_string(), text)))
            .collect();
        let members: Vec<Member<'_>> = instructions
            .iter()
            .map(|(set, instruction)| Member { set, instruction })
            .collect();
        near_duplicates(&members).len()
    }

    #[test]
    fn nearly_the_same_words_in_two_sets_are_found_and_nothing_else() {
        let a = "Name three rivers of Europe that flow into the sea.";
        assert_eq!(
            near(&[
                ("train", a),
                ("test", "name 3 rivers of europe that flow into the sea!")
            ]),
            1
        );
        assert_eq!(near(&[("train", a), ("train", a)]), 0);
        assert_eq!(
            near(&[
                ("train", a),
                ("test", "Name three lakes of Asia that are deep.")
            ]),
            0
        );
        assert_eq!(near(&[("train", ""), ("test", "")]), 0);
    }

    #[test]
    fn a_frame_around_all_instructions_of_a_set_hides_nothing() {
        let asked = [
            "Which rivers of Europe flow north?",
            "How many lakes has Finland, roughly?",
            "Where do salt and fresh water meet?",
        ];
        let framed = asked.map(|text| {
            format!("You are a patient teacher of geography. {text} Answer in one plain sentence.")
        });
        let plain = asked.iter().map(|text| ("train", *text));
        let rows: Vec<(&str, &str)> = plain
            .chain(framed.iter().map(|text| ("test", text.as_str())))
            .collect();
        assert_eq!(near(&rows), 3);
        let asked = ["river", "stone", "garden"]
            .map(|about| format!("Write about a {about}. Use fewer than 12 words."));
        let framed = asked
            .each_ref()
            .map(|text| format!("{text} Think step by step, then answer in plain English."));
        let plain = asked.iter().map(|text| ("train", text.as_str()));
        let rows: Vec<(&str, &str)> = plain
            .chain(framed.iter().map(|text| ("test", text.as_str())))
            .collect();
        assert_eq!(near(&rows), 3);
        let ordinary = asked.each_ref().map(|text| {
            format!("Read what the user asks and answer it in a few words of your own. {text}")
        });
        let plain = asked.iter().map(|text| ("train", text.as_str()));
        let rows: Vec<(&str, &str)> = plain
            .chain(ordinary.iter().map(|text| ("test", text.as_str())))
            .collect();
        assert_eq!(near(&rows), 3);
        let asking = "Answer in one plain English sentence, and give a short reason: what is";
        let chemist =
            ["gold", "salt", "iron"].map(|one| format!("You are a chemist. {asking} {one}?"));
        let poet = ["love", "ships", "night"].map(|one| {
            format!("Act as some old poet who loves boats, storms, gulls. {asking} {one}?")
        });
        let chemist = chemist.iter().map(|text| ("train", text.as_str()));
        let rows: Vec<(&str, &str)> = chemist
            .chain(poet.iter().map(|text| ("test", text.as_str())))
            .collect();
        assert_eq!(near(&rows), 0);
        let short = [
            ("train", "Add 3 and 4."),
            ("train", "Add 5 and 6."),
            ("train", "Add 7 and 8."),
            ("test", "Multiply 3 by 4."),
            ("test", "Multiply 5 by 6."),
            ("test", "Multiply 7 by 8."),
        ];
        assert_eq!(near(&short), 0);
    }

    #[test]
    fn the_same_instruction_in_two_sets_is_refused_by_name() {
        let train = [instruction("a", "Name a color.")];
        let rows = [instruction("b", "Name a color.")];
        let members: Vec<Member<'_>> = of_set("train", &train)
            .chain(of_set("test", &rows))
            .collect();
        let refused = refuse_same(&members).expect_err("trained on").to_string();
        assert_eq!(
            refused,
            "`b` of the validation set `test` is also trained on (as `a`)"
        );
    }
}
