//! How often a judge prefers what people prefer.
//!
//! A judge is right where it prefers the labelled response, half right where it calls a tie or
//! changes its mind with the order. Most people prefer longer responses, and so does a judge that
//! merely counts: the length-balanced rate is the mean of the rates where people prefer the longer
//! and where they prefer the shorter one, so that counting gives one half.

use std::collections::BTreeMap;

use serde::Serialize;
use tpo_types::{Failure, Preference, ResponseGroup};

use super::{ROWS_AT_ONCE, Row};
use crate::scoring::{JudgeFigures, Judged, Scoring};

/// A mean and how sure it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rate {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % interval: 1.96 standard errors.
    pub margin: f64,
    /// What it is the mean of.
    pub count: usize,
}

/// A judge against labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Rows with a label for one of the two sides. Labelled ties are left out.
    pub rows: usize,
    /// Of these, rows that the judge has no word on.
    pub unscored: usize,
    /// How often it is right, of the rows that it has a word on.
    pub accuracy: Rate,
    /// The same, with rows where people prefer the longer response weighing as much as the others.
    pub length_balanced: Rate,
    /// The share of its preferences that are for the longer response.
    pub prefers_longer: Rate,
    /// The share of the labels that are for the longer response.
    pub labels_longer: Rate,
    /// The share of rows where it prefers neither.
    pub tie_rate: f64,
    /// What its words say of the judge.
    #[serde(flatten)]
    pub judge: JudgeFigures,
    /// By category, where rows have one.
    pub categories: Vec<CategoryAgreement>,
}

/// The same for the rows of one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryAgreement {
    /// The category.
    pub category: String,
    /// How often the judge is right.
    pub accuracy: Rate,
}

/// One row's outcome.
struct Outcome<'a> {
    category: Option<&'a str>,
    /// 1 where the judge is right, 0.5 where it prefers neither.
    credit: f64,
    /// Whether the labelled response is the longer one; none where both are as long.
    label_is_longer: Option<bool>,
    /// Whether what the judge prefers is the longer one; none also without a preference.
    prefers_longer: Option<bool>,
}

/// Compares a judge with the labels of the rows.
pub fn agreement(
    scoring: &Scoring,
    rows: &[Row],
    progress: &mut dyn FnMut(usize),
) -> Result<Agreement, Failure> {
    let labelled: Vec<(&Row, &Preference)> = rows
        .iter()
        .filter_map(|row| Some((row, row.label.as_ref()?)))
        .filter(|(_, label)| matches!(label, Preference::First | Preference::Second))
        .collect();
    let (mut outcomes, mut all) = (Vec::new(), Judged::default());
    for rows in labelled.chunks(ROWS_AT_ONCE) {
        let asked: Vec<ResponseGroup<'_>> = rows.iter().map(|(row, _)| row.asked()).collect();
        let judged = scoring.judge(&asked)?;
        for (group, (row, label)) in rows.iter().enumerate() {
            outcomes.extend(
                judged
                    .preferred(group)
                    .map(|preferred| outcome(row, label, &preferred)),
            );
        }
        all.append(judged);
        progress(rows.len());
    }
    Ok(summary(labelled.len(), &outcomes, all.figures()))
}

fn outcome<'a>(row: &'a Row, label: &Preference, preferred: &Preference) -> Outcome<'a> {
    let lengths: Vec<usize> = row
        .responses
        .iter()
        .map(|response| response.chars().count())
        .collect();
    let is_longer = |preference: &Preference| match preference {
        Preference::First if lengths[0] != lengths[1] => Some(lengths[0] > lengths[1]),
        Preference::Second if lengths[0] != lengths[1] => Some(lengths[1] > lengths[0]),
        _ => None,
    };
    let credit = match preferred {
        Preference::Tie => 0.5,
        preferred => f64::from(u8::from(preferred == label)),
    };
    Outcome {
        category: row.instruction.category.as_deref(),
        credit,
        label_is_longer: is_longer(label),
        prefers_longer: is_longer(preferred),
    }
}

fn summary(rows: usize, outcomes: &[Outcome<'_>], judge: JudgeFigures) -> Agreement {
    let credits = |wanted: &dyn Fn(&Outcome<'_>) -> bool| -> Vec<f64> {
        outcomes
            .iter()
            .filter(|outcome| wanted(outcome))
            .map(|outcome| outcome.credit)
            .collect()
    };
    let longer = rate(&credits(&|outcome| outcome.label_is_longer == Some(true)));
    let shorter = rate(&credits(&|outcome| outcome.label_is_longer == Some(false)));
    let shares = |of: fn(&Outcome<'_>) -> Option<bool>| {
        rate(
            &outcomes
                .iter()
                .filter_map(of)
                .map(|is| f64::from(u8::from(is)))
                .collect::<Vec<_>>(),
        )
    };
    let mut by_category: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for outcome in outcomes {
        if let Some(category) = outcome.category {
            by_category
                .entry(category)
                .or_default()
                .push(outcome.credit);
        }
    }
    let ties = outcomes
        .iter()
        .filter(|outcome| (outcome.credit - 0.5).abs() < f64::EPSILON)
        .count();
    Agreement {
        rows,
        unscored: rows - outcomes.len(),
        accuracy: rate(&credits(&|_| true)),
        length_balanced: Rate {
            mean: f64::midpoint(longer.mean, shorter.mean),
            margin: longer.margin.hypot(shorter.margin) / 2.0,
            count: longer.count + shorter.count,
        },
        prefers_longer: shares(|outcome| outcome.prefers_longer),
        labels_longer: shares(|outcome| outcome.label_is_longer),
        tie_rate: ties as f64 / outcomes.len().max(1) as f64,
        judge,
        categories: by_category
            .into_iter()
            .map(|(category, credits)| CategoryAgreement {
                category: category.into(),
                accuracy: rate(&credits),
            })
            .collect(),
    }
}

fn rate(values: &[f64]) -> Rate {
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count.max(1) as f64;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count.saturating_sub(1).max(1) as f64;
    Rate {
        mean,
        margin: 1.96 * (variance / count.max(1) as f64).sqrt(),
        count,
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::{Instruction, Judge, Judgment, Score, Scored};

    use super::*;

    /// Longer wins.
    struct Longer;

    impl Judge for Longer {
        fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
            let word = |text: &&str| match text.len() {
                0 => Judgment::Unscored("empty".into()),
                len => Judgment::Scored(Scored {
                    score: Score::new(len as f64).expect("finite"),
                    rationale: None,
                    aspects: BTreeMap::new(),
                }),
            };
            Ok(groups
                .iter()
                .map(|group| group.responses.iter().map(word).collect())
                .collect())
        }
    }

    fn row(category: &str, responses: [&str; 2], label: Preference) -> Row {
        let instruction = Instruction {
            id: "i".into(),
            messages: Vec::new(),
            category: Some(category.into()),
            reference: None,
            metadata: BTreeMap::new(),
        };
        Row {
            instruction,
            responses: responses.map(str::to_owned).to_vec(),
            label: Some(label),
        }
    }

    #[test]
    fn counting_characters_is_half_right_once_length_is_balanced() {
        let rows = [
            row("a", ["long", "x"], Preference::First),
            row("a", ["x", "long"], Preference::Second),
            row("b", ["long", "x"], Preference::First),
            row("b", ["long", "x"], Preference::Second),
            row("b", ["same", "size"], Preference::First),
            row("b", ["long", "x"], Preference::Tie),
            row("b", ["long", ""], Preference::First),
        ];
        let agreement =
            agreement(&Scoring::Pointwise(Box::new(Longer)), &rows, &mut |_| {}).expect("figures");
        assert_eq!((agreement.rows, agreement.unscored), (6, 1));
        assert_eq!(
            (agreement.prefers_longer.count, agreement.categories.len()),
            (4, 2)
        );
        let figures = [
            (agreement.accuracy.mean, 0.7),
            (agreement.length_balanced.mean, 0.5),
            (agreement.prefers_longer.mean, 1.0),
            (agreement.labels_longer.mean, 0.75),
            (agreement.tie_rate, 0.2),
            (agreement.categories[0].accuracy.mean, 1.0),
            (agreement.categories[1].accuracy.mean, 0.5),
        ];
        for (found, expected) in figures {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} is not {expected}"
            );
        }
    }
}
