//! Why a model did not answer a request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one request.
pub type ModelOutcome<T> = Result<T, ModelError>;

/// Why a model did not answer one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelError {
    /// No model is bound to the alias; the text names it.
    UnknownModel(String),
    /// The run's budget of calls or tokens is used up.
    BudgetExhausted(String),
    /// The request is not valid for this model; the text says why.
    InvalidRequest(String),
    /// The model failed, after retries.
    Failed(String),
    /// The model is unavailable, for every further request too; the text says why.
    Unavailable(String),
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel(alias) => write!(f, "no model is bound to `{alias}`"),
            Self::BudgetExhausted(what)
            | Self::InvalidRequest(what)
            | Self::Failed(what)
            | Self::Unavailable(what) => f.write_str(what),
        }
    }
}
