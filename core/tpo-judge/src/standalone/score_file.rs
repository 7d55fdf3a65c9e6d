//! Scores a file of responses, one line per response.

use std::collections::BTreeMap;

use serde::Serialize;
use tpo_types::{Failure, Judgment, ResponseGroup, Scored};

use super::rows::{ROWS_PER_BATCH, ResponseRow};
use crate::scoring::{JudgeMetrics, JudgeOutput, Scoring};

/// The judgment of one response.
#[derive(Debug, Serialize)]
pub struct JudgmentLine<'a> {
    /// The instruction's id.
    pub id: &'a str,
    /// Which of the row's responses, from 0.
    pub response: usize,
    /// The judgment.
    #[serde(flatten)]
    pub judgment: JudgmentFields<'a>,
}

/// A judgment as fields of the line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum JudgmentFields<'a> {
    /// The response has a score.
    Scored(&'a Scored),
    /// It has none.
    Unscored {
        /// Why.
        unscored: &'a str,
    },
}

/// The judgments of a file, counted.
#[derive(Debug, Default)]
pub struct ScoreSummary {
    /// Responses with a score.
    pub scored: usize,
    /// Responses without, by reason.
    pub unscored: BTreeMap<String, usize>,
    /// How consistent the judges were.
    pub metrics: JudgeMetrics,
}

/// Scores every response of the rows; `on_line` is given each judgment in order.
pub fn score_rows(
    scoring: &dyn Scoring,
    rows: &[ResponseRow],
    on_line: &mut dyn FnMut(&JudgmentLine<'_>) -> Result<(), Failure>,
) -> Result<ScoreSummary, Failure> {
    let mut summary = ScoreSummary::default();
    let mut all = JudgeOutput::default();
    for rows in rows.chunks(ROWS_PER_BATCH) {
        let groups: Vec<ResponseGroup<'_>> = rows.iter().map(ResponseRow::group).collect();
        let output = scoring.score(&groups)?;
        for (row, judgments) in rows.iter().zip(&output.judgments) {
            for (response, judgment) in judgments.iter().enumerate() {
                let judgment = match judgment {
                    Judgment::Scored(scored) => {
                        summary.scored += 1;
                        JudgmentFields::Scored(scored)
                    }
                    Judgment::Unscored(reason) => {
                        *summary.unscored.entry(reason.clone()).or_default() += 1;
                        JudgmentFields::Unscored { unscored: reason }
                    }
                };
                on_line(&JudgmentLine {
                    id: &row.instruction.id,
                    response,
                    judgment,
                })?;
            }
        }
        all.append(output);
    }
    summary.metrics = all.metrics();
    Ok(summary)
}
