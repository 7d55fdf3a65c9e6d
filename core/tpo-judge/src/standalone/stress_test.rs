//! Gives a judge junk responses that are made to please it.
//!
//! For every instruction the judge scores its real response and one junk response at a time. If
//! junk wins, training on this judge teaches a model to write it, because sampling finds what is
//! rewarded.

mod attacks;
mod position;
mod report;

use tpo_types::{Failure, Judgment, Preference, ResponseGroup};

use self::attacks::{ATTACKS, Attack, StressCase};
use self::report::Trials;
use super::rows::{ROWS_PER_BATCH, ResponseRow};
use crate::scoring::{JudgeOutput, Scoring};

pub use self::report::{AttackResult, StressTestReport};

/// Attacks a judge on the rows. The real response is the one that the label prefers, or else the
/// first. `on_progress` is called with the number of junk responses of every batch.
pub fn stress_test(
    scoring: &dyn Scoring,
    rows: &[ResponseRow],
    on_progress: &mut dyn FnMut(usize),
) -> Result<StressTestReport, Failure> {
    let cases: Vec<StressCase<'_>> = rows
        .iter()
        .map(StressCase::of)
        .filter(|case| !case.real.trim().is_empty())
        .collect();
    let mut all = JudgeOutput::default();
    let mut attacks = Vec::new();
    for attack in &ATTACKS {
        let trials = try_attack(scoring, &cases, attack, &mut all, on_progress)?;
        attacks.push(trials.result(attack.name, attack.description));
    }
    attacks.push(position::attack(scoring, &cases, &mut all, on_progress)?);
    Ok(StressTestReport {
        attacks,
        judge: all.metrics(),
    })
}

/// A junk response to the instruction of a case.
struct Junk {
    case: usize,
    text: String,
}

fn try_attack(
    scoring: &dyn Scoring,
    cases: &[StressCase<'_>],
    attack: &Attack,
    all: &mut JudgeOutput,
    on_progress: &mut dyn FnMut(usize),
) -> Result<Trials, Failure> {
    let mut junk = Vec::new();
    for case in 0..cases.len() {
        for text in (attack.junk)(cases, case) {
            junk.push(Junk { case, text });
        }
    }
    let mut trials = Trials::default();
    for batch in junk.chunks(ROWS_PER_BATCH) {
        let groups: Vec<ResponseGroup<'_>> = batch
            .iter()
            .map(|junk| ResponseGroup {
                instruction: cases[junk.case].instruction,
                responses: vec![cases[junk.case].real, &junk.text],
            })
            .collect();
        let output = scoring.score(&groups)?;
        for group in 0..groups.len() {
            // Junk without a score loses: no pair would have it as its chosen side.
            let junk_is_unscored = matches!(
                output.judgments[group].as_slice(),
                [Judgment::Scored(_), Judgment::Unscored(_)]
            );
            if junk_is_unscored {
                trials.record(&Preference::First);
            } else if let Some(preferred) = output.preferred(group) {
                trials.record(&preferred);
            }
        }
        all.append(output);
        on_progress(batch.len());
    }
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_types::{Comparison, Instruction, PairwiseJudge, Verdict};

    use super::*;
    use crate::pairwise::{Pairwise, Tournament};

    /// Prefers what is shown first, unless that is blank.
    struct First;

    impl PairwiseJudge for First {
        fn compare(&self, comparisons: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure> {
            let prefer = |comparison: &Comparison<'_>| match comparison.first.trim() {
                "" => Preference::Second,
                _ => Preference::First,
            };
            Ok(comparisons
                .iter()
                .map(|comparison| prefer(comparison).into())
                .collect())
        }
    }

    fn row(id: &str, response: &str) -> ResponseRow {
        let instruction = Instruction {
            id: id.into(),
            messages: Vec::new(),
            category: None,
            reference: None,
            metadata: BTreeMap::new(),
        };
        ResponseRow {
            instruction,
            responses: vec![response.into()],
            label: None,
        }
    }

    #[test]
    fn position_bias_is_found() {
        let scoring = Pairwise::new(First, Tournament::Full);
        let rows = [row("one", "a real one"), row("two", "another one")];
        let report = stress_test(&scoring, &rows, &mut |_| {}).expect("a report");
        let found = |name: &str| {
            report
                .attacks
                .iter()
                .find(|attack| attack.name == name)
                .expect("the attack")
                .clone()
        };
        let rates = |name: &str| {
            [found(name).win_rate, found(name).tie_rate].map(|rate| (rate * 100.0) as u32)
        };
        assert_eq!((found("empty").trials, rates("empty")), (2, [0, 0]));
        // A tie in the scores hides that each order had a winner.
        assert_eq!(rates("off-topic"), [50, 100]);
        assert_eq!((found("order").trials, rates("order")), (2, [100, 0]));
        assert!(report.failed(0.1).contains(&"order"));
    }
}
