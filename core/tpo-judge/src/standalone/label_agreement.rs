//! How often a judge prefers what humans prefer.
//!
//! A judge that prefers the labeled response counts as right, a tie as half right, and so does a
//! preference that changes with the order. Most humans prefer longer responses, and
//! so does a judge that merely counts: the length-balanced accuracy is the mean of the accuracies
//! where the label prefers the longer and where it prefers the shorter response, so that counting
//! gives one half.

use std::collections::BTreeMap;

use serde::Serialize;
use tpo_types::{Failure, Preference, ResponseGroup};

use super::rows::{ROWS_PER_BATCH, ResponseRow};
use crate::scoring::{JudgeMetrics, JudgeOutput, Scoring};

/// A mean with its confidence interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rate {
    /// The mean, a fraction.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval: 1.96 standard errors.
    pub half_width: f64,
    /// The number of values.
    pub count: usize,
}

/// A judge against labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelAgreement {
    /// Rows with a label for one of the two responses. Labeled ties are left out.
    pub rows: usize,
    /// Of these, rows where the judge left a response unscored.
    pub unscored: usize,
    /// How often the judge is right, over the scored rows.
    pub accuracy: Rate,
    /// The same, with rows whose label prefers the longer response weighing as much as the others.
    pub length_balanced: Rate,
    /// How often the judge prefers the longer response, over its preferences.
    pub prefers_longer: Rate,
    /// How often the label prefers the longer response.
    pub labels_longer: Rate,
    /// The fraction of scored rows that are ties.
    pub tie_rate: f64,
    /// How consistent the judges were.
    #[serde(flatten)]
    pub judge: JudgeMetrics,
    /// By category, for rows that have one.
    pub categories: Vec<CategoryAgreement>,
}

/// A judge against the labels of one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryAgreement {
    /// The category.
    pub category: String,
    /// How often the judge is right.
    pub accuracy: Rate,
}

/// A labeled row that the judge scored.
struct ScoredRow<'a> {
    category: Option<&'a str>,
    /// 1 if the judge is right, 0.5 for a tie.
    credit: f64,
    /// Whether the labeled response is the longer one; none if both are equally long.
    label_is_longer: Option<bool>,
    /// Whether the judge prefers the longer one; none also without a preference.
    prefers_longer: Option<bool>,
}

/// Compares a judge with the labels of the rows; `on_progress` is called with the number of rows of
/// every batch.
pub fn label_agreement(
    scoring: &dyn Scoring,
    rows: &[ResponseRow],
    on_progress: &mut dyn FnMut(usize),
) -> Result<LabelAgreement, Failure> {
    let labeled: Vec<(&ResponseRow, &Preference)> = rows
        .iter()
        .filter_map(|row| Some((row, row.label.as_ref()?)))
        .filter(|(_, label)| matches!(label, Preference::First | Preference::Second))
        .collect();
    let mut scored = Vec::new();
    let mut all = JudgeOutput::default();
    for batch in labeled.chunks(ROWS_PER_BATCH) {
        let groups: Vec<ResponseGroup<'_>> = batch.iter().map(|(row, _)| row.group()).collect();
        let output = scoring.score(&groups)?;
        for (group, (row, label)) in batch.iter().enumerate() {
            if let Some(preferred) = output.preferred(group) {
                scored.push(ScoredRow::of(row, label, &preferred));
            }
        }
        all.append(output);
        on_progress(batch.len());
    }
    Ok(LabelAgreement::of(labeled.len(), &scored, all.metrics()))
}

impl<'a> ScoredRow<'a> {
    fn of(row: &'a ResponseRow, label: &Preference, preferred: &Preference) -> Self {
        let credit = match preferred {
            Preference::Tie => 0.5,
            preferred => f64::from(u8::from(preferred == label)),
        };
        Self {
            category: row.instruction.category.as_deref(),
            credit,
            label_is_longer: is_longer(row, label),
            prefers_longer: is_longer(row, preferred),
        }
    }
}

/// Whether the preferred response of a row is the longer one, in characters.
fn is_longer(row: &ResponseRow, preference: &Preference) -> Option<bool> {
    let [first, second] = [0, 1].map(|index: usize| row.responses[index].chars().count());
    match preference {
        Preference::First if first != second => Some(first > second),
        Preference::Second if first != second => Some(second > first),
        _ => None,
    }
}

impl LabelAgreement {
    fn of(rows: usize, scored: &[ScoredRow<'_>], judge: JudgeMetrics) -> Self {
        let longer = label_accuracy(scored, true);
        let shorter = label_accuracy(scored, false);
        let is_tie = |row: &&ScoredRow<'_>| (row.credit - 0.5).abs() < f64::EPSILON;
        let ties = scored.iter().filter(is_tie).count();
        Self {
            rows,
            unscored: rows - scored.len(),
            accuracy: Rate::of(scored.iter().map(|row| row.credit)),
            length_balanced: Rate {
                mean: f64::midpoint(longer.mean, shorter.mean),
                half_width: longer.half_width.hypot(shorter.half_width) / 2.0,
                count: longer.count + shorter.count,
            },
            prefers_longer: Rate::of_bools(scored.iter().filter_map(|row| row.prefers_longer)),
            labels_longer: Rate::of_bools(scored.iter().filter_map(|row| row.label_is_longer)),
            tie_rate: ties as f64 / scored.len().max(1) as f64,
            judge,
            categories: by_category(scored),
        }
    }
}

/// The accuracy over the rows whose label prefers the longer, or the shorter, response.
fn label_accuracy(scored: &[ScoredRow<'_>], longer: bool) -> Rate {
    let rows = scored
        .iter()
        .filter(|row| row.label_is_longer == Some(longer));
    Rate::of(rows.map(|row| row.credit))
}

fn by_category(scored: &[ScoredRow<'_>]) -> Vec<CategoryAgreement> {
    let mut credits: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for row in scored {
        if let Some(category) = row.category {
            credits.entry(category).or_default().push(row.credit);
        }
    }
    credits
        .into_iter()
        .map(|(category, credits)| CategoryAgreement {
            category: category.into(),
            accuracy: Rate::of(credits.into_iter()),
        })
        .collect()
}

impl Rate {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count.max(1) as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let variance = squares / count.saturating_sub(1).max(1) as f64;
        Self {
            mean,
            half_width: 1.96 * (variance / count.max(1) as f64).sqrt(),
            count,
        }
    }

    fn of_bools(values: impl Iterator<Item = bool>) -> Self {
        Self::of(values.map(|value| f64::from(u8::from(value))))
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::{Instruction, Judge, Judgment, Score, Scored};

    use super::*;
    use crate::pointwise::Pointwise;

    /// Longer wins.
    struct Longer;

    impl Judge for Longer {
        fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
            let judgment = |text: &&str| match text.len() {
                0 => Judgment::Unscored("empty".into()),
                len => Judgment::Scored(Scored {
                    score: Score::new(len as f64).expect("finite"),
                    rationale: None,
                    aspects: BTreeMap::new(),
                }),
            };
            Ok(groups
                .iter()
                .map(|group| group.responses.iter().map(judgment).collect())
                .collect())
        }
    }

    fn row(category: &str, responses: [&str; 2], label: Preference) -> ResponseRow {
        let instruction = Instruction {
            id: "i".into(),
            messages: Vec::new(),
            category: Some(category.into()),
            reference: None,
            metadata: BTreeMap::new(),
        };
        ResponseRow {
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
            label_agreement(&Pointwise::new(Longer), &rows, &mut |_| {}).expect("an agreement");
        assert_eq!((agreement.rows, agreement.unscored), (6, 1));
        assert_eq!(
            (agreement.prefers_longer.count, agreement.categories.len()),
            (4, 2)
        );
        let rates = [
            (agreement.accuracy.mean, 0.7),
            (agreement.length_balanced.mean, 0.5),
            (agreement.prefers_longer.mean, 1.0),
            (agreement.labels_longer.mean, 0.75),
            (agreement.tie_rate, 0.2),
            (agreement.categories[0].accuracy.mean, 1.0),
            (agreement.categories[1].accuracy.mean, 0.5),
        ];
        for (found, expected) in rates {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} is not {expected}"
            );
        }
    }
}
