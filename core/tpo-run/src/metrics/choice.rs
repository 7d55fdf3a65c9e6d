//! Which of several models is best.

use tpo_eval::Scale;
use tpo_eval::estimate::estimate;

use super::{IterationMetrics, Measurement};

/// Whether a later model replaces the best one so far: it is better by more than one standard error
/// of the paired difference. So among models that differ by chance the earliest stays, as the
/// one-standard-error rule wants (Breiman et al. 1984, section 3.4.3), and nothing replaces a model
/// that it was not compared with on at least two instructions.
pub fn replaces(later: &Measurement, best: &Measurement) -> bool {
    later
        .compared_with(best)
        .and_then(|rows| estimate(&rows.differences(), Scale::Continuous).ok())
        .filter(|gain| gain.units >= 2)
        .is_some_and(|gain| gain.mean > gain.standard_error.unwrap_or(0.0))
}

/// The best of the models that a run kept, by their measurements on one set; the base model is
/// first. None without any.
pub fn best_of<'a>(kept: impl IntoIterator<Item = &'a Measurement>) -> Option<&'a Measurement> {
    let mut kept = kept.into_iter();
    let base = kept.next()?;
    Some(kept.fold(
        base,
        |best, later| {
            if replaces(later, best) { later } else { best }
        },
    ))
}

/// Whether a run kept the measured model: it is the base model, or an iteration ended with it.
pub fn is_kept(measurement: &Measurement, iterations: &[IterationMetrics]) -> bool {
    let model = measurement.model;
    model.is_base() || iterations.iter().any(|iteration| iteration.kept == model)
}

#[cfg(test)]
mod tests {
    use tpo_judge::JudgeMetrics;

    use super::*;
    use crate::metrics::{Outcomes, SampleMetrics, SampleOutcome, ScoredInstruction};
    use crate::model_version::ModelVersion;

    fn measurement(scores: &[f64]) -> Measurement {
        let rows = scores
            .iter()
            .enumerate()
            .map(|(index, score)| ScoredInstruction {
                id: index.to_string(),
                samples: vec![SampleOutcome::Scored(*score)],
            });
        Measurement {
            set: "validation".into(),
            model: ModelVersion::BASE,
            sampled: SampleMetrics::default(),
            judge: JudgeMetrics::default(),
            outcomes: Outcomes::Scores(rows.collect()),
        }
    }

    #[test]
    fn a_model_is_replaced_by_one_that_is_better_by_more_than_its_noise() {
        let best = measurement(&[0.1, 0.2, 0.3, 0.4]);
        let is_better = |scores: &[f64]| replaces(&measurement(scores), &best);
        assert!(is_better(&[0.3, 0.4, 0.5, 0.7]));
        assert!(is_better(&[0.5, 0.6, 0.7, 0.8]));
        assert!(!is_better(&[0.9, 0.0, 0.3, 0.4]));
        assert!(!is_better(&[0.1, 0.2, 0.3, 0.4]));
        assert!(!is_better(&[0.0, 0.1, 0.2, 0.3]));
        assert!(!is_better(&[0.9]), "one instruction says nothing");
    }
}
