//! The files that users of other evaluation tools know, with their field names.

mod alpaca_eval;
mod gsm8k;
mod lm_eval;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tpo_judge::ScoreScale;
use tpo_types::{Failure, FailureKind};

use super::Evaluation;
use super::answers::Answered;
use super::plan::PlannedSet;
use super::results::{JudgedSet, ResultUnit, SubjectResult};
use crate::metrics::JudgedSubject;
use crate::pipeline::RunJudge;

/// A subject's responses to a set, graded by a judge that scores.
struct Graded<'a> {
    set: &'a PlannedSet,
    judge: &'a str,
    opened: &'a RunJudge,
    own: &'a Answered<'a>,
    judged: &'a JudgedSubject,
    unit: Option<ResultUnit>,
    result: Option<&'a SubjectResult>,
}

/// Writes the files of a set under a judge: those of `alpaca_eval` for a judge that compares, those
/// of `lm_eval` for one that scores.
pub(super) fn write(
    evaluation: &Evaluation<'_>,
    set: &PlannedSet,
    judge: &str,
    answered: &[Answered<'_>],
    judged: &[JudgedSubject],
    results: Option<&JudgedSet>,
) -> Result<(), Failure> {
    let opened = &evaluation.opened.judges[judge];
    let compares = opened.scoring.scale() == ScoreScale::WithinGroup;
    for (index, (own, judged)) in answered.iter().zip(judged).enumerate() {
        let name = &own.subject.name;
        if !compares {
            let directory = evaluation
                .plan
                .directory
                .files("lm_eval", &set.name, judge, name);
            let result = results.and_then(|results| results.subjects.get(index));
            lm_eval::write(
                &directory,
                evaluation,
                &Graded {
                    set,
                    judge,
                    opened,
                    own,
                    judged,
                    unit: results.map(|results| results.unit),
                    result,
                },
            )?;
        } else if index > 0 {
            let directory = evaluation
                .plan
                .directory
                .files("alpaca_eval", &set.name, judge, name);
            alpaca_eval::write(&directory, judge, &answered[0], own, judged, opened)?;
        }
    }
    Ok(())
}

/// Writes a file of a directory, which is created.
fn write_file(directory: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path: PathBuf = directory.join(name);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write `{}`", path.display()),
            )
            .because(error)
        })
}

/// A JSON document with indentation.
fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
