//! Proposes categories: from batches of instructions, merged into one list.

use std::collections::BTreeMap;

use tpo_types::text::sanitize;
use tpo_types::{ChatReply, Digest, Failure, FailureKind};

use super::ask::{Labeler, Questions};
use super::categories::{Category, CategoryList, MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS};
use super::excerpt::{Excerpt, excerpt};
use super::label::NoLabel;
use super::names::{same, words};
use super::prompts;
use super::row::LabelRow;
use super::rows::LabelRows;

/// Instructions in one request.
const INSTRUCTIONS_PER_REQUEST: usize = 20;
/// Characters that are shown of each.
const MAX_CHARS: usize = 400;
/// What may stand between a name and its description.
const SEPARATORS: [&str; 4] = [": ", " - ", " – ", " — "];
/// The largest number of tokens of a list, unless labels have more.
const LIST_TOKENS: u32 = 1024;

/// Proposed categories, and what they were made from.
#[derive(Debug)]
pub struct Proposal {
    /// The categories.
    pub categories: CategoryList,
    /// The instructions that the model was shown.
    pub instructions: usize,
    /// Of these, those that were shortened.
    pub shortened: usize,
    /// Requests with instructions.
    pub batches: usize,
    /// Of these, those without a list, by reason.
    pub failed: BTreeMap<String, usize>,
}

/// Proposes at most `max_categories` categories from `max_instructions` instructions, chosen by
/// their ids as if at random; long ones are shortened. A request shows twenty of them, and one more
/// merges the lists.
pub fn propose(
    labeler: &Labeler<'_>,
    rows: &LabelRows,
    max_categories: usize,
    max_instructions: usize,
) -> Result<Proposal, Failure> {
    let excerpts: Vec<Excerpt> = sample(rows, max_instructions)
        .into_iter()
        .map(|row| excerpt(&row.instruction, MAX_CHARS))
        .collect();
    let texts: Vec<String> = excerpts
        .iter()
        .map(|excerpt| excerpt.text.clone())
        .collect();
    let batches = texts
        .chunks(INSTRUCTIONS_PER_REQUEST)
        .map(|texts| prompts::propose(texts, max_categories));
    let questions = lists_of(labeler, batches.collect());
    let (mut lists, mut failed) = (Vec::new(), Vec::new());
    for outcome in labeler.ask(&questions, read_list)? {
        match outcome {
            Ok(list) => lists.push(list),
            Err(why) => failed.push(why),
        }
    }
    let categories = match lists.as_slice() {
        [] => return Err(no_list("the model proposed no categories", failed.first())),
        [only] if only.len() <= max_categories => only.clone(),
        several => merge(labeler, several, max_categories)?,
    };
    Ok(Proposal {
        categories,
        instructions: excerpts.len(),
        shortened: excerpts
            .iter()
            .filter(|excerpt| excerpt.is_shortened)
            .count(),
        batches: questions.prompts.len(),
        failed: count_reasons(failed),
    })
}

/// The rows whose ids have the lowest digests: the same ones whatever their order.
fn sample(rows: &LabelRows, max: usize) -> Vec<&LabelRow> {
    let mut rows: Vec<&LabelRow> = rows.0.iter().collect();
    rows.sort_by_cached_key(|row| Digest::of(row.id()));
    rows.truncate(max);
    rows
}

fn lists_of(labeler: &Labeler<'_>, prompts: Vec<String>) -> Questions {
    Questions {
        prompts,
        max_new_tokens: labeler.max_new_tokens.max(LIST_TOKENS),
    }
}

fn merge(
    labeler: &Labeler<'_>,
    lists: &[CategoryList],
    max_categories: usize,
) -> Result<CategoryList, Failure> {
    let lines: Vec<String> = lists.iter().map(CategoryList::as_lines).collect();
    let questions = lists_of(labeler, vec![prompts::merge(&lines, max_categories)]);
    let outcomes = labeler.ask(&questions, |reply| {
        let list = read_list(reply)?;
        if list.len() > max_categories {
            return Err("the merged list is too long".to_owned());
        }
        Ok(list)
    })?;
    let mut failed = None;
    for outcome in outcomes {
        match outcome {
            Ok(list) => return Ok(list),
            Err(why) => failed = Some(why),
        }
    }
    let what = format!(
        "the model did not merge {} lists of categories into one of at most {max_categories}",
        lists.len()
    );
    Err(no_list(&what, failed.as_ref()))
}

fn no_list(what: &str, why: Option<&NoLabel>) -> Failure {
    let failure = Failure::new(FailureKind::Input, what).hint(
        "write the list of categories yourself (`--category-file`, a JSON list of names), or try \
         another `--seed` or another model; every reply so far is saved",
    );
    match why {
        Some(NoLabel { reason, detail }) => failure.because(format!("{reason}: {detail}")),
        None => failure,
    }
}

fn count_reasons(failed: Vec<NoLabel>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for why in failed {
        *counts.entry(why.reason).or_default() += 1;
    }
    counts
}

/// The categories of a reply: the lines of its list, each `- Name: description`. Names that are
/// there twice count once.
fn read_list(reply: &ChatReply) -> Result<CategoryList, String> {
    if reply.truncated {
        return Err("the list was cut off before its end".into());
    }
    let text = reply.text.rsplit("</think>").next().unwrap_or_default();
    let mut categories: Vec<Category> = Vec::new();
    for category in text.lines().filter_map(item) {
        if !categories
            .iter()
            .any(|before| same(&before.name, &category.name))
        {
            categories.push(category);
        }
    }
    if categories.is_empty() {
        return Err("the reply holds no list".into());
    }
    CategoryList::new(categories)
}

/// The category of a line that begins as an item of a list.
fn item(line: &str) -> Option<Category> {
    let line = line.trim();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if digits.len() < line.len() {
        digits.strip_prefix(['.', ')', ':'])?
    } else {
        line.strip_prefix(['-', '*', '•', '+'])?
    };
    // `**Name**: description`, or `**Name:** description`.
    let plain = sanitize(&rest.replace("**", "").replace('`', ""), rest.len()).replace('\t', " ");
    let separator = SEPARATORS
        .iter()
        .filter_map(|separator| Some((plain.find(separator)?, separator.len())))
        .min();
    let (name, description) = match separator {
        Some((at, len)) => (&plain[..at], plain[at + len..].trim()),
        None => (plain.trim_end().trim_end_matches(':'), ""),
    };
    let name = name.trim().trim_matches(['"', '*', '_']);
    if words(name).is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return None;
    }
    let shown: String = description.chars().take(MAX_DESCRIPTION_CHARS).collect();
    Some(Category {
        name: name.to_owned(),
        description: Some(shown).filter(|text| !text.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<String, String> {
        let reply = ChatReply {
            text: text.into(),
            truncated: false,
            top_log_probs: Vec::new(),
            prompt_tokens: 0,
            completion_tokens: 0,
        };
        read_list(&reply).map(|list| list.as_lines())
    }

    #[test]
    fn a_list_is_read_however_it_is_marked() {
        let good = "- Math: numbers\n- Creative Writing: poems and stories\n- Other";
        for text in [
            good,
            "Here are the categories:\n\n1. **Math**: numbers\n2. **Creative Writing:** poems and \
             stories\n3) Other\n\nNote: some overlap.",
            "<think>- Coding: no</think>\n* Math: numbers\n* `Creative Writing` - poems and \
             stories\n* \"Other\"\n* math",
        ] {
            assert_eq!(list(text).as_deref(), Ok(good), "{text}");
        }
        assert_eq!(
            list("- Ma\u{1b}[2Jth: a\u{202e}b").as_deref(),
            Ok("- Ma[2Jth: ab")
        );
    }

    #[test]
    fn a_reply_without_a_list_is_refused() {
        for text in ["", "Math, Writing", "I cannot do that: sorry.", "- ?\n- **"] {
            assert_eq!(
                list(text),
                Err("the reply holds no list".to_owned()),
                "{text}"
            );
        }
        let long = format!("- {}: too long for a name", "a".repeat(MAX_NAME_CHARS + 1));
        assert_eq!(list(&long), Err("the reply holds no list".to_owned()));
    }
}
