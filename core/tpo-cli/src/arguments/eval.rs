//! Arguments of `tpo eval`.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigOverrides, OutputFormat, Trust};

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// Configuration file. Without one, the options say what to evaluate.
    pub config: Option<PathBuf>,
    /// Evaluate this model: built-in name, directory, `.gguf` file, `hf:org/name@revision`, or the
    /// directory of a run, which stands for its best model; repeatable. A file of recorded
    /// responses (`.json`, `.jsonl`) stands for the model that gave them.
    #[arg(long, value_name = "[NAME=]SOURCE")]
    pub model: Vec<String>,
    /// Let models that are not runs answer with this thought prompt: `direct`, without one; a
    /// plugin; or a TOML file that has the keys of `[thought]`. Can be repeated.
    #[arg(long, value_name = "[NAME=]SOURCE")]
    pub thought: Vec<String>,
    /// Evaluate on this set: a file (JSONL) or a known set (`gsm8k`, `gsm8k-answer-only`, `svamp`,
    /// `ifeval`, `alpaca-eval`, `arena-hard`); repeatable.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub data: Vec<String>,
    #[command(flatten)]
    pub shared: ConfigOverrides,
    /// Bind a model to the alias that a judge uses, for example `judge=smollm2-135m`; repeatable.
    #[arg(long, value_name = "ALIAS=SOURCE")]
    pub judge_model: Vec<String>,
    /// Use only the first N instructions of every set.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// The model, as named in the results, that the others are compared with [default: the first].
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// Fail if a model's mean on a set is lower, for example `gsm8k=0.4`; repeatable. It fails too
    /// if there is no mean, or if more than a tenth of the completions are unscored.
    #[arg(long, value_name = "SET=VALUE", value_parser = threshold)]
    pub fail_below: Vec<Threshold>,
    /// Directory of the evaluation [default: evals/NAME].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Check everything and print what would be evaluated.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
    #[command(flatten)]
    pub trust: Trust,
}

/// The lowest mean that is accepted on a set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    /// The name of the set.
    pub set: String,
    /// The lowest accepted mean.
    pub lowest: f64,
}

fn threshold(text: &str) -> Result<Threshold, String> {
    let (set, lowest) = text
        .split_once('=')
        .ok_or("write the name of a set, `=` and the lowest mean")?;
    let lowest: f64 = lowest.parse().map_err(|error| format!("{error}"))?;
    if !lowest.is_finite() {
        return Err("the lowest mean must be finite".into());
    }
    Ok(Threshold {
        set: set.to_owned(),
        lowest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_names_a_set_and_a_finite_mean() {
        assert_eq!(
            threshold("gsm8k=0.4"),
            Ok(Threshold {
                set: "gsm8k".into(),
                lowest: 0.4
            })
        );
        for bad in ["0.4", "gsm8k=", "gsm8k=nan", "gsm8k=much"] {
            threshold(bad).expect_err(bad);
        }
    }
}
