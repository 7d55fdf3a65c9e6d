//! Why two runs are not compared on a set.

use serde::Serialize;

use crate::config::SettingRow;
use crate::model_version::ModelVersion;

/// Why two runs are not compared on a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCompared {
    /// They share no instruction.
    NoSharedInstruction {
        /// Whether both have a set of that name.
        both_have_the_name: bool,
        /// Instructions of the other run with the same text, but another id, reference or other
        /// field.
        same_text: usize,
    },
    /// A model is not measured on the set.
    NotMeasured {
        /// The label of its run.
        run: String,
        /// The model.
        model: ModelVersion,
    },
    /// The judges differ: a row per difference, the first run's value first.
    OtherJudge(Vec<SettingRow>),
    /// The judge only compares, the models have not met, and their base models differ.
    OtherBase,
}
