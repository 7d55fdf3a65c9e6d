//! The files of `lm_eval` 0.4: `results_*.json` and `samples_*.jsonl`.

use std::path::Path;

use serde_json::{Map, Value, json};
use tpo_eval::Scale;
use tpo_types::digest::Digest;
use tpo_types::{Candidate, Failure, Instruction, Judgment};

use super::gsm8k::{Grades, exact_match};
use super::{Graded, pretty, write_file};
use crate::evaluation::Evaluation;
use crate::evaluation::answers::Answered;
use crate::evaluation::plan::PlannedSet;
use crate::evaluation::results::{Figure, ResultUnit};
use crate::evaluation::subject::Answers;
use crate::groups::CandidateGroup;
use crate::metrics::JudgedSubject;
use crate::pipeline::RunJudge;

/// The version of our tasks; it changes when the meaning of a metric does.
const TASK_VERSION: u32 = 1;
/// A score from which a constraint counts as followed.
const FOLLOWED: f64 = 1.0 - 1e-9;

/// A metric with its filter, and one value per document that has one.
struct Metric {
    name: &'static str,
    filter: String,
    /// Over the documents; none where there is no sound one.
    mean: Option<Figure>,
    values: Vec<Option<f64>>,
    /// What the filter found in each response.
    found: Vec<String>,
}

/// Writes the outcomes of a subject on a set under a judge that scores.
pub(super) fn write(
    directory: &Path,
    evaluation: &Evaluation<'_>,
    graded: &Graded<'_>,
) -> Result<(), Failure> {
    let (set, answered) = (graded.set, graded.own);
    let metrics = metrics(graded);
    let results = results(evaluation, set, answered, &metrics);
    let mut samples = String::new();
    for metric in &metrics {
        for (index, group) in answered.groups.iter().enumerate() {
            samples += &sample(index, group, metric).to_string();
            samples.push('\n');
        }
    }
    let task = &set.name;
    write_file(
        directory,
        &format!("results_{task}.json"),
        &pretty(&results),
    )?;
    write_file(directory, &format!("samples_{task}.jsonl"), &samples)
}

/// The judge's score, with the mean of `results.json`; and the package's own grades of GSM8K and
/// IFEval, if the set is one of these and a judge read it as the package does.
fn metrics(graded: &Graded<'_>) -> Vec<Metric> {
    let Graded {
        set, judge, own, ..
    } = *graded;
    let first = own.groups.iter().map(first_response);
    let responses: Vec<&str> = first.map(Option::unwrap_or_default).collect();
    let is_malformed = |group: &CandidateGroup<'_>| group.parsed().len() < set.num_samples;
    let scores = graded.judged.measurement.scores(Some(0.0));
    let is_accuracy = graded.unit == Some(ResultUnit::Accuracy);
    let values = own.groups.iter().map(|group| {
        let score = scores.get(group.id()).copied();
        // A malformed completion is wrong, and has no score.
        score.filter(|_| is_accuracy || !is_malformed(group))
    });
    let whole = responses.iter().map(|response| (*response).to_owned());
    let mut metrics = vec![Metric {
        name: "score",
        filter: judge.to_owned(),
        mean: graded.result.and_then(|result| result.mean.clone()),
        values: values.collect(),
        found: whole.collect(),
    }];
    if ["gsm8k", "gsm8k-answer-only"].contains(&set.name.as_str()) {
        metrics.extend(gsm8k(own, &responses));
    }
    if set.name == "ifeval" && checks_constraints_only(graded.opened) {
        metrics.push(ifeval(own, graded.judged));
    }
    metrics
}

/// Whether the judge is `rules` and checks nothing but the constraints of the instructions.
fn checks_constraints_only(judge: &RunJudge) -> bool {
    let mut keys = judge.config.config.keys();
    let is_rules = matches!(judge.plugins.as_slice(), [one] if one.plugin.name == "rules");
    is_rules && keys.all(|key| key == "constraint_weight")
}

fn gsm8k(answered: &Answered<'_>, responses: &[&str]) -> [Metric; 2] {
    let grades: Vec<Grades> = responses
        .iter()
        .map(|response| Grades::of(response))
        .collect();
    let metric = |filter: &str, found: fn(&Grades) -> &String| {
        let values = grades.iter().zip(&answered.groups).map(|(grades, group)| {
            let target = target(group.rendered.instruction);
            Some(f64::from(exact_match(found(grades), &target)))
        });
        let values: Vec<Option<f64>> = values.collect();
        Metric {
            name: "exact_match",
            filter: filter.to_owned(),
            mean: mean_of(&values),
            values,
            found: grades.iter().map(|grades| found(grades).clone()).collect(),
        }
    };
    [
        metric("strict-match", |grades| &grades.strict),
        metric("flexible-extract", |grades| &grades.flexible),
    ]
}

/// Whether every constraint of the instruction is followed.
fn ifeval(answered: &Answered<'_>, judged: &JudgedSubject) -> Metric {
    let values = answered.groups.iter().map(|group| {
        let first = group.parsed().first().copied();
        let mut judgments = judged.judgments.iter();
        let judgment = first
            .and_then(|index| judgments.find(|one| one.id == group.id() && one.index == index));
        match judgment.map(|one| &one.judgment) {
            None => Some(0.0),
            Some(Judgment::Unscored(_)) => None,
            Some(Judgment::Scored(scored)) => {
                let mut aspects = scored.aspects.values();
                Some(f64::from(aspects.all(|aspect| aspect.get() >= FOLLOWED)))
            }
        }
    });
    let values: Vec<Option<f64>> = values.collect();
    Metric {
        name: "prompt_level_strict_acc",
        filter: "none".to_owned(),
        mean: mean_of(&values),
        values,
        found: vec![String::new(); answered.groups.len()],
    }
}

fn mean_of(values: &[Option<f64>]) -> Option<Figure> {
    let values: Vec<f64> = values.iter().flatten().copied().collect();
    Figure::of(&values, Scale::UNIT)
}

fn results(
    evaluation: &Evaluation<'_>,
    set: &PlannedSet,
    answered: &Answered<'_>,
    metrics: &[Metric],
) -> Value {
    let task = &set.name;
    let mut of_task = Map::new();
    of_task.insert("alias".into(), json!(task));
    let mut higher_is_better = Map::new();
    for Metric {
        name, filter, mean, ..
    } in metrics
    {
        let value = mean.as_ref().map(|mean| mean.value);
        let stderr = mean.as_ref().and_then(|mean| mean.stderr);
        of_task.insert(format!("{name},{filter}"), json!(value));
        of_task.insert(format!("{name}_stderr,{filter}"), json!(stderr));
        higher_is_better.insert((*name).to_owned(), json!(true));
    }
    let (model, thought) = match &answered.subject.answers {
        Answers::Sampled(sampled) => (sampled.source.clone(), Some(&sampled.thought.name)),
        Answers::Recorded(recorded) => (recorded.path().display().to_string(), None),
    };
    let n = set.instructions.len();
    let sampling = &evaluation.plan.config.sampling;
    json!({
        "results": {task: of_task},
        "group_subtasks": {task: []},
        "configs": {task: {
            "task": task,
            "num_fewshot": 0,
            "repeats": set.num_samples,
            "generation_kwargs": sampling,
            "metadata": {"version": TASK_VERSION},
        }},
        "versions": {task: TASK_VERSION},
        "n-shot": {task: 0},
        "higher_is_better": {task: higher_is_better},
        "n-samples": {task: {"original": n, "effective": n}},
        "config": {
            "model": "tpo",
            "model_args": {"source": model, "thought": thought},
            "random_seed": evaluation.plan.config.seed,
        },
        "model_source": "tpo",
        "model_name": answered.subject.name,
        "tpo_version": env!("CARGO_PKG_VERSION"),
    })
}

fn sample(index: usize, group: &CandidateGroup<'_>, metric: &Metric) -> Value {
    let instruction = group.rendered.instruction;
    let target = target(instruction);
    let doc = json!(instruction);
    let prompt = json!(group.rendered.prompt.messages);
    let completions = group.candidates.iter();
    let completions: Vec<&str> = completions
        .map(|one| one.completion.text.as_str())
        .collect();
    json!({
        "doc_id": index,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": prompt}},
        "resps": [completions],
        "filtered_resps": [metric.found[index]],
        "filter": metric.filter,
        "metrics": [metric.name],
        "doc_hash": Digest::of(doc.to_string()).hex(),
        "prompt_hash": Digest::of(prompt.to_string()).hex(),
        "target_hash": Digest::of(&target).hex(),
        metric.name: metric.values[index],
    })
}

/// The answer of an instruction: the first accepted one, else the reference.
fn target(instruction: &Instruction) -> String {
    let answers = instruction.metadata.get("answers");
    let first = answers.and_then(|answers| answers.get(0)?.as_str());
    match first {
        Some(answer) => answer.to_owned(),
        None => instruction.reference.clone().unwrap_or_default(),
    }
}

fn first_response<'a>(group: &'a CandidateGroup<'_>) -> Option<&'a str> {
    let mut parts = group.candidates.iter().filter_map(Candidate::parts);
    parts.next().map(|parts| parts.response.as_str())
}
