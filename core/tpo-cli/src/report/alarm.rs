//! Whether the judge that chooses rises while an independent one does not.

use tpo_eval::alarm::{JudgeScores, independent_gap_exceeds};
use tpo_run::metrics::Measurement;

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
    is_clear.then(|| {
        format!(
            "warning: the last {IN_A_ROW} models gained more on {chooses_name} than on \
             {other_name}, each in standard deviations of its own judge: the models may be learning \
             what the first judge likes and not what is better"
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
        let floor = base.sound_floor();
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
