//! The files of `alpaca_eval` 0.6: `annotations.json`, `model_outputs.json`,
//! `reference_outputs.json` and `leaderboard.csv`.

use std::path::Path;

use serde_json::{Value, json};
use tpo_types::{Failure, Instruction};

use super::{pretty, write_file};
use crate::evaluation::answers::Answered;
use crate::evaluation::results::{PairwiseResult, pairwise};
use crate::groups::CandidateGroup;
use crate::metrics::{ComparedSample, JudgedSubject};
use crate::pipeline::RunJudge;

/// Writes the comparisons of a subject with the first one.
pub(super) fn write(
    directory: &Path,
    judge: &str,
    first: &Answered<'_>,
    own: &Answered<'_>,
    judged: &JudgedSubject,
    opened: &RunJudge,
) -> Result<(), Failure> {
    let annotations = judged.comparisons.iter().filter_map(|sample| {
        let own_group = group_of(own, &sample.id)?;
        let sides = Sides {
            first: response(group_of(first, &sample.id)?, sample.index),
            own: response(own_group, sample.index),
            first_name: &first.subject.name,
            own_name: &own.subject.name,
        };
        let instruction = own_group.rendered.instruction;
        Some(annotation(instruction, &sides, judge, sample))
    });
    let annotations: Vec<Value> = annotations.collect();
    write_file(directory, "annotations.json", &pretty(&json!(annotations)))?;
    write_file(directory, "model_outputs.json", &pretty(&outputs(own)))?;
    write_file(
        directory,
        "reference_outputs.json",
        &pretty(&outputs(first)),
    )?;
    match pairwise::of(first, own, judged, pairwise::vote_rule(opened)) {
        Some(result) => write_file(directory, "leaderboard.csv", &leaderboard(own, &result)),
        None => Ok(()),
    }
}

/// Both responses of a comparison; none where a completion is malformed.
struct Sides<'a> {
    first: Option<&'a str>,
    own: Option<&'a str>,
    first_name: &'a str,
    own_name: &'a str,
}

fn annotation(
    instruction: &Instruction,
    sides: &Sides<'_>,
    annotator: &str,
    sample: &ComparedSample,
) -> Value {
    json!({
        "instruction": text(instruction),
        "output_1": sides.first.unwrap_or_default(),
        "generator_1": sides.first_name,
        "output_2": sides.own.unwrap_or_default(),
        "generator_2": sides.own_name,
        "annotator": annotator,
        "preference": pairwise::probability(sample).map(|wins| 1.0 + wins),
        "id": instruction.id,
        "index": sample.index,
        "malformed": sides.first.is_none() || sides.own.is_none(),
    })
}

fn outputs(answered: &Answered<'_>) -> Value {
    let of_one = |group: &CandidateGroup<'_>| {
        let instruction = group.rendered.instruction;
        json!({
            "instruction": text(instruction),
            "output": response(group, 0).unwrap_or_default(),
            "generator": answered.subject.name,
            "dataset": instruction.category.clone().unwrap_or_else(|| answered.pass.slice.stream()),
            "id": instruction.id,
        })
    };
    answered.groups.iter().map(of_one).collect()
}

/// The row of the leaderboard. The length-controlled win rate is of another formula than the
/// package's default, so it has another name.
fn leaderboard(own: &Answered<'_>, result: &PairwiseResult) -> String {
    let name = &own.subject.name;
    // As the package counts: over all outputs, also empty ones.
    let lengths = own.groups.iter().map(|group| {
        let output = response(group, 0).unwrap_or_default();
        output.chars().count() as f64
    });
    let avg_length = crate::metrics::mean(lengths);
    let discrete = (result.n_total > 0).then(|| {
        100.0 * (result.n_wins as f64 + 0.5 * result.n_draws as f64) / result.n_total as f64
    });
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let PairwiseResult {
        n_wins,
        n_wins_base,
        n_draws,
        n_total,
        ..
    } = result;
    format!(
        ",win_rate,standard_error,n_wins,n_wins_base,n_draws,n_total,discrete_win_rate,avg_length,\
         length_controlled_minimal,length_controlled_minimal_standard_error\n\
         {name},{},{},{n_wins},{n_wins_base},{n_draws},{n_total},{},{},{},{}\n",
        number(result.win_rate),
        number(result.standard_error),
        number(discrete),
        number(avg_length),
        number(result.length_controlled_minimal),
        number(result.length_controlled_stderr),
    )
}

fn group_of<'a>(answered: &'a Answered<'a>, id: &str) -> Option<&'a CandidateGroup<'a>> {
    answered.groups.iter().find(|group| group.id() == id)
}

/// The user's last message.
fn text(instruction: &Instruction) -> &str {
    instruction
        .messages
        .last()
        .map_or("", |message| &message.content)
}

fn response<'a>(group: &'a CandidateGroup<'_>, index: usize) -> Option<&'a str> {
    let mut parts = group.candidates.iter().filter_map(|one| one.parts());
    parts.nth(index).map(|parts| parts.response.as_str())
}
