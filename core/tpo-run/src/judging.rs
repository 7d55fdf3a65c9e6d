//! Judges by themselves: any file of instructions and responses, no training and no run.
//!
//! `tpo judge` scores the responses, `tpo judge agree` compares the judge with people, `tpo judge
//! doctor` attacks it. All three ask through [`crate::scoring`], as a run does.

mod agreement;
mod doctor;
mod rows;

use serde::Serialize;
use tpo_types::{Failure, Judgment, ResponseGroup};

use crate::scoring::{JudgeFigures, Judged, Scoring};

pub use agreement::{Agreement, CategoryAgreement, Rate, agreement};
pub use doctor::{Attack, Diagnosis, diagnose};
pub use rows::{Row, read};

/// Rows that are judged before their scores are handed over.
const ROWS_AT_ONCE: usize = 256;

/// A response and the judge's word on it.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// The instruction's id.
    pub id: &'a str,
    /// Which of the row's responses, from 0.
    pub response: usize,
    /// The judge's word.
    #[serde(flatten)]
    pub judgment: Word<'a>,
}

/// A judgment with its fields in the line itself.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Word<'a> {
    /// The response has a score.
    Scored(&'a tpo_types::Scored),
    /// It has none.
    Unscored {
        /// Why.
        unscored: &'a str,
    },
}

/// Has every response of the rows judged; `line` is given each in order.
pub fn score(
    scoring: &Scoring,
    rows: &[Row],
    line: &mut dyn FnMut(&Line<'_>) -> Result<(), Failure>,
) -> Result<JudgeFigures, Failure> {
    let mut all = Judged::default();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let asked: Vec<ResponseGroup<'_>> = rows.iter().map(Row::asked).collect();
        let judged = scoring.judge(&asked)?;
        for (row, judgments) in rows.iter().zip(&judged.judgments) {
            for (response, judgment) in judgments.iter().enumerate() {
                let judgment = match judgment {
                    Judgment::Scored(scored) => Word::Scored(scored),
                    Judgment::Unscored(reason) => Word::Unscored { unscored: reason },
                };
                line(&Line {
                    id: &row.instruction.id,
                    response,
                    judgment,
                })?;
            }
        }
        all.append(judged);
    }
    Ok(all.figures())
}
