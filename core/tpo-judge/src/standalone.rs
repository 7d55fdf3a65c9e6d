//! Judges without a run: any file of instructions and responses, no training.
//!
//! `tpo judge` scores the responses, `tpo judge agree` compares the judge with human labels, `tpo
//! judge stress-test` gives it junk. All three score as a run does.

mod config;
mod label_agreement;
mod open;
mod rows;
mod score_file;
mod stress_test;

pub use config::StandaloneJudgeConfig;
pub use label_agreement::{CategoryAgreement, LabelAgreement, Rate, label_agreement};
pub use open::{StandaloneJudge, open};
pub use rows::{ResponseRow, read, read_labeled};
pub use score_file::{JudgmentFields, JudgmentLine, ScoreSummary, score_rows};
pub use stress_test::{AttackResult, StressTestReport, stress_test};
