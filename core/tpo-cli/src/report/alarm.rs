//! Whether the judge that chooses rises while an independent one does not.

use tpo_eval::alarm::{JudgeScores, independent_gap_exceeds};
use tpo_run::metrics::Measurement;

use super::change::{IMPROVED, WORSE};
use super::models::{ArmReport, SetOfArm};

/// Models in a row on which the gap must be clear.
const IN_A_ROW: usize = 2;

/// A warning if the last two models gained much more under the judge of the set that chooses than
/// under the judge of another set.
pub(super) fn alarm(chooses: SetOfArm<'_>, other: SetOfArm<'_>) -> Option<String> {
    let (chooses_name, choosing) = (chooses.set, chooses.arm);
    let (other_name, held_out) = (other.set, other.arm);
    let trained = choosing.kept.iter().filter(|one| !one.model.is_base());
    let gaps: Vec<bool> = trained
        .map(|model| {
            let same = held_out.kept.iter().find(|one| one.model == model.model);
            let gains =
                Gains::of(choosing, model).zip(same.and_then(|same| Gains::of(held_out, same)));
            gains.is_some_and(|(choosing, held_out)| {
                independent_gap_exceeds(choosing.scores(), held_out.scores()).unwrap_or(false)
            })
        })
        .collect();
    let is_clear = gaps.len() >= IN_A_ROW && gaps[gaps.len() - IN_A_ROW..].iter().all(|gap| *gap);
    if is_clear {
        return Some(format!(
            "warning: the last {IN_A_ROW} models gained more on {chooses_name} than on \
             {other_name}, each in standard deviations of its own judge: the models may be learning \
             what the first judge likes and not what is better"
        ));
    }
    goes_the_other_way(chooses, other)
}

/// A warning if the last model improved on the set that chooses and got worse on another one: this
/// needs no second model, and no scores.
fn goes_the_other_way(chooses: SetOfArm<'_>, other: SetOfArm<'_>) -> Option<String> {
    let last = chooses.arm.kept.last()?;
    let same = other.arm.kept.iter().find(|one| one.model == last.model)?;
    let (choosing, held_out) = (chooses.arm.change(last)?, other.arm.change(same)?);
    let improved = choosing.verdict(choosing.p_value()) == IMPROVED;
    let worse = held_out.verdict(held_out.p_value()) == WORSE;
    (improved && worse).then(|| {
        format!(
            "warning: the last model improved on {} and got worse on {}: it may be learning what \
             the first judge likes and not what is better",
            chooses.set, other.set
        )
    })
}

/// The scores of the base model and of another one, for the instructions that both have one for.
struct Gains {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Gains {
    fn of(arm: &ArmReport<'_>, model: &Measurement) -> Option<Self> {
        let base = arm.kept.first()?;
        let floor = arm.floor();
        let before = base.scores(floor);
        let both = model
            .scores(floor)
            .into_iter()
            .filter_map(|(id, after)| Some((*before.get(id)?, after)));
        let (before, after) = both.unzip();
        Some(Self { before, after })
    }

    fn scores(&self) -> JudgeScores<'_> {
        JudgeScores {
            before: &self.before,
            after: &self.after,
        }
    }
}

#[cfg(test)]
mod tests {
    use tpo_run::ModelVersion;
    use tpo_run::metrics::{HeadToHead, InstructionWin, Outcomes, SampleMetrics};

    use super::*;

    /// A model that a judge which compares lets win on every instruction, or lose.
    fn model(iteration: usize, win: Option<f64>) -> Measurement {
        let rows = (0..20).filter_map(|id| {
            Some(InstructionWin {
                id: id.to_string(),
                win: Some(win?),
            })
        });
        let against_base = HeadToHead {
            opponent: ModelVersion::BASE,
            rows: rows.collect(),
        };
        Measurement {
            set: String::new(),
            model: ModelVersion {
                iteration,
                step: iteration,
            },
            sampled: SampleMetrics::default(),
            judge: tpo_judge::JudgeMetrics::default(),
            score_range: None,
            outcomes: Outcomes::Comparisons(win.map(|_| against_base).into_iter().collect()),
        }
    }

    fn warning(choosing: f64, held_out: f64) -> Option<String> {
        let base = model(0, None);
        let (first, second) = (model(1, Some(choosing)), model(1, Some(held_out)));
        let arm = |later| ArmReport {
            arm: None,
            kept: vec![&base, later],
            others: Vec::new(),
        };
        let (choosing, held_out) = (arm(&first), arm(&second));
        let chooses = SetOfArm {
            set: "first",
            arm: &choosing,
        };
        let other = SetOfArm {
            set: "second",
            arm: &held_out,
        };
        alarm(chooses, other)
    }

    #[test]
    fn one_model_under_judges_that_compare_is_enough() {
        let told = warning(1.0, 0.0).expect("a warning");
        assert!(
            told.contains("improved on first and got worse on second"),
            "{told}"
        );
        assert_eq!(warning(1.0, 1.0), None);
        assert_eq!(warning(0.0, 1.0), None);
        assert_eq!(warning(1.0, 0.5), None);
    }
}
