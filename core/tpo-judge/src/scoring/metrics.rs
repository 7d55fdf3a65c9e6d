//! How consistent judges were, as reports and run.db hold it.

use serde::{Deserialize, Serialize};

use super::agreement::InterJudgeMetrics;
use super::comparison::ComparisonMetrics;

/// How consistent the judges were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgeMetrics {
    /// Comparisons of pairwise judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparisons: Option<ComparisonMetrics>,
    /// Agreement of every two judges of a panel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inter_judge: Vec<InterJudgeMetrics>,
}
