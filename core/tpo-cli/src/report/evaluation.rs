//! The results of an evaluation as text: a table per set and judge, one per category, and
//! sentences.

use tpo_run::evaluation::{
    ArenaResult, CategoryResult, ComparisonResult, EvaluationResults, Figure, JudgedSet,
    NotControlled, PairwiseResult, ResultUnit, SubjectResult,
};

use super::judge_lines;
use super::table::{Column, Table};
use crate::text::{one_decimal, percent, printable};

/// The results as text.
pub(crate) fn evaluation_text(results: &EvaluationResults) -> String {
    let mut parts = Vec::new();
    for set in &results.sets {
        parts.push(set_text(set));
    }
    parts.join("\n")
}

fn set_text(set: &JudgedSet) -> String {
    let mut text = format!(
        "{}: {} instructions x {} completions, judged by {}\n{}",
        set.set,
        set.instructions,
        set.num_samples,
        set.judge,
        table(set)
    );
    if set
        .subjects
        .iter()
        .any(|subject| subject.pairwise.is_some())
    {
        text += &format!("\n{}", pairwise_table(set));
    }
    for line in notes(set).into_iter().chain(sentences(set)) {
        text += &one_line(&line);
        text.push('\n');
    }
    for subject in &set.subjects {
        if !subject.categories.is_empty() {
            let title = format!("{}, {} by category", set.set, subject.subject);
            text += &format!("\n{title}\n{}", category_table(set, subject));
        }
    }
    text
}

/// Text of plugins and data sets, which must not look like lines of ours.
fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\r'], " ")
}

fn none() -> String {
    "-".to_owned()
}

fn table(set: &JudgedSet) -> String {
    let mut table = Table::new(vec![
        Column("", "model"),
        Column("first", "parse rate"),
        Column("final", "parse rate"),
        Column("", value_name(set.unit)),
        Column("", "95% CI"),
        Column("", "vs. first"),
        Column("", "95% CI"),
        Column("thought", "tokens"),
        Column("response", "tokens"),
        Column("tokens per", "completion"),
    ]);
    for subject in &set.subjects {
        let sampled = &subject.sampled;
        let tokens = |mean: f64| {
            if subject.sampled_here {
                one_decimal(mean)
            } else {
                none()
            }
        };
        let compared = subject.against_first.as_ref();
        table.push(vec![
            subject.subject.clone(),
            percent(sampled.first_parse_rate()),
            percent(sampled.parse_rate()),
            value_of(set.unit, subject),
            subject
                .mean
                .as_ref()
                .and_then(|mean| interval(set.unit, mean))
                .unwrap_or_else(none),
            compared.map_or_else(none, |one| difference(one.unit, one.value)),
            compared.and_then(difference_interval).unwrap_or_else(none),
            tokens(sampled.thought_tokens_mean),
            tokens(sampled.response_tokens_mean),
            tokens(sampled.tokens_per_completion),
        ]);
    }
    table.text()
}

fn value_name(unit: ResultUnit) -> &'static str {
    match unit {
        ResultUnit::Accuracy => "accuracy",
        ResultUnit::Score => "score",
        ResultUnit::WinRate => "win rate",
    }
}

fn value_of(unit: ResultUnit, subject: &SubjectResult) -> String {
    match (&subject.mean, &subject.against_first) {
        (Some(mean), _) => value(unit, mean.value),
        (None, Some(compared)) if unit == ResultUnit::WinRate => percent(compared.value),
        (None, _) => none(),
    }
}

fn value(unit: ResultUnit, value: f64) -> String {
    match unit {
        ResultUnit::Accuracy | ResultUnit::WinRate => percent(value),
        ResultUnit::Score => format!("{value:.4}"),
    }
}

fn interval(unit: ResultUnit, figure: &Figure) -> Option<String> {
    let (low, high) = (figure.ci_low?, figure.ci_high?);
    Some(format!("{} to {}", value(unit, low), value(unit, high)))
}

/// A difference, or a win rate.
fn difference(unit: ResultUnit, value: f64) -> String {
    match unit {
        ResultUnit::Accuracy => format!("{:+.1} points", 100.0 * value),
        ResultUnit::Score => format!("{value:+.4}"),
        ResultUnit::WinRate => percent(value),
    }
}

fn difference_interval(compared: &ComparisonResult) -> Option<String> {
    let show = |value| difference(compared.unit, value);
    let (low, high) = (compared.ci_low?, compared.ci_high?);
    Some(format!("{} to {}", show(low), show(high)))
}

fn pairwise_table(set: &JudgedSet) -> String {
    let mut table = Table::new(vec![
        Column("win rate against", "the first model"),
        Column("", "raw"),
        Column("standard", "error"),
        Column("length-controlled", "(minimal)"),
        Column("standard", "error"),
        Column("Arena-Hard", "score"),
        Column("orders", "agree"),
        Column("prefers", "first shown"),
        Column("length in", "characters"),
    ]);
    for subject in &set.subjects {
        let Some(pairwise) = &subject.pairwise else {
            continue;
        };
        let points = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.2}"));
        let share = |value: Option<f64>| value.map_or_else(none, percent);
        table.push(vec![
            subject.subject.clone(),
            points(pairwise.win_rate),
            points(pairwise.standard_error),
            points(pairwise.length_controlled_minimal),
            points(pairwise.length_controlled_stderr),
            pairwise.arena_hard.as_ref().map_or_else(none, arena_score),
            share(pairwise.consistent),
            share(pairwise.first_position),
            lengths(pairwise),
        ]);
    }
    table.text()
}

/// The score, and its 95 % interval where there are enough prompts for one.
fn arena_score(arena: &ArenaResult) -> String {
    let score = arena.score.value;
    match (arena.rating_q025, arena.rating_q975) {
        (Some(low), Some(high)) => format!("{score:.1} ({low:.1} to {high:.1})"),
        _ => format!("{score:.1}"),
    }
}

fn lengths(pairwise: &PairwiseResult) -> String {
    match (pairwise.avg_length, pairwise.avg_length_base) {
        (Some(own), Some(base)) => format!("{own:.0} vs. {base:.0}"),
        _ => none(),
    }
}

fn category_table(set: &JudgedSet, subject: &SubjectResult) -> String {
    let mut table = Table::new(vec![
        Column("", "category"),
        Column("", "instructions"),
        Column("", value_name(set.unit)),
        Column("", "vs. first"),
        Column("", "95% CI"),
        Column("corrected", "p"),
    ]);
    for category in &subject.categories {
        table.push(category_row(set.unit, category));
    }
    table.text()
}

fn category_row(unit: ResultUnit, category: &CategoryResult) -> Vec<String> {
    let compared = category.against_first.as_ref();
    let mean = category.mean.as_ref();
    vec![
        one_line(&category.category),
        category.instructions.to_string(),
        match (mean, compared) {
            (Some(mean), _) => value(unit, mean.value),
            (None, Some(compared)) if unit == ResultUnit::WinRate => percent(compared.value),
            (None, _) => none(),
        },
        compared.map_or_else(none, |one| difference(one.unit, one.value)),
        compared.and_then(difference_interval).unwrap_or_else(none),
        compared.map_or_else(none, |one| format!("{:.3}", one.adjusted_p_value)),
    ]
}

/// What was malformed or unscored, and how consistent the judges are.
fn notes(set: &JudgedSet) -> Vec<String> {
    let mut lines = Vec::new();
    for subject in &set.subjects {
        let name = &subject.subject;
        let reasons = |title: &str, reasons: &tpo_run::metrics::ReasonCounts| {
            let list: Vec<String> = reasons
                .iter()
                .map(|(reason, count)| format!("{count} {reason}"))
                .collect();
            (!list.is_empty()).then(|| format!("{name}, {title}: {}", list.join(", ")))
        };
        lines.extend(reasons("malformed completions", &subject.sampled.malformed));
        lines.extend(reasons("unscored responses", &subject.sampled.unscored));
        if subject.unscored > 0 && set.unit == ResultUnit::WinRate {
            lines.push(format!(
                "{name}: {} responses have no verdict and count neither way",
                subject.unscored
            ));
        }
        let malformed = subject.sampled.completions - subject.sampled.parsed;
        if subject.mean.is_none() && set.unit == ResultUnit::Score && malformed > 0 {
            lines.push(format!(
                "{name}: no mean score: {malformed} completions are malformed and have none; the \
                 comparison counts wins"
            ));
        }
        if subject.sampled.parsed == 0 && subject.sampled.completions > 0 {
            lines.push(format!(
                "{name}: not one of its completions parsed: the numbers say nothing of its answers"
            ));
        }
        if let Some(bounds) = bounds(set, subject) {
            lines.push(bounds);
        }
        for line in judge_lines(&subject.judge) {
            lines.push(format!("{name}, judge: {line}"));
        }
        if let Some(pairwise) = &subject.pairwise
            && pairwise.length_controlled_missing == Some(NotControlled::LengthsDifferAlike)
        {
            lines.push(format!(
                "{name}: no length-controlled win rate: the lengths of both models differ by nearly \
                 the same everywhere, so length and quality cannot be told apart"
            ));
        }
        if let Some(pairwise) = &subject.pairwise
            && pairwise.length_controlled_extreme
        {
            lines.push(format!(
                "{name}: the length-controlled win rate is far from the raw one; the fit may have \
                 failed"
            ));
        }
        if let Some(pairwise) = &subject.pairwise
            && pairwise.length_controlled_ridge
        {
            lines.push(format!(
                "{name}: the length-controlled fit has no maximum; believe the raw win rate"
            ));
        }
    }
    lines
}

/// The accuracy if everything unscored were wrong, and if it were right.
fn bounds(set: &JudgedSet, subject: &SubjectResult) -> Option<String> {
    let mean = subject.mean.as_ref()?;
    if set.unit != ResultUnit::Accuracy || subject.unscored == 0 {
        return None;
    }
    let all = subject.sampled.completions as f64;
    let unscored = subject.unscored as f64;
    let right = mean.value * (all - unscored);
    Some(format!(
        "{}: {} responses are unscored; with all of them wrong or right the accuracy would be {} to \
         {}",
        subject.subject,
        subject.unscored,
        percent(right / all),
        percent((right + unscored) / all)
    ))
}

/// One sentence per subject: how it compares with the first.
fn sentences(set: &JudgedSet) -> Vec<String> {
    let Some((first, others)) = set.subjects.split_first() else {
        return Vec::new();
    };
    let compared = others.iter().filter(|one| one.against_first.is_some());
    let correction = match compared.count() {
        0 | 1 => String::new(),
        n => format!(" (Holm's correction for {n} models)"),
    };
    let sentence = |subject: &SubjectResult| {
        let models = format!("{}: {} vs. {}", set.set, subject.subject, first.subject);
        match &subject.against_first {
            None => format!("{models}: nothing to compare"),
            Some(compared) => format!(
                "{models}: {}{correction}: {}",
                compared.conclusion,
                numbers(compared)
            ),
        }
    };
    others.iter().map(sentence).collect()
}

fn numbers(compared: &ComparisonResult) -> String {
    let interval = difference_interval(compared).map_or_else(
        || "no CI".to_owned(),
        |interval| format!("95% CI {interval}"),
    );
    let mut text = format!(
        "{} {}, {interval}, {} instructions",
        value_name(compared.unit),
        difference(compared.unit, compared.value),
        compared.n
    );
    if compared.conclusion == "no difference detected" {
        text += &match compared.smallest_detectable {
            _ if compared.ties == compared.n => "; every one is a tie".to_owned(),
            Some(effect) => format!("; detectable from {}", detectable(compared.unit, effect)),
            None if compared.detectable => String::new(),
            None => "; too few to detect any difference".to_owned(),
        };
    }
    text
}

fn detectable(unit: ResultUnit, effect: f64) -> String {
    match unit {
        ResultUnit::WinRate => percent(0.5 + effect),
        ResultUnit::Accuracy | ResultUnit::Score => difference(unit, effect),
    }
}
