//! A model of a run, as it is named on the command line.

use std::path::{Component, Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use crate::directory::RunDirectory;

/// Which model of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedModel {
    /// The best one by the first validation set.
    Best,
    /// The model that the run started from.
    Base,
    /// The model that an iteration ended with.
    Iteration(usize),
}

/// A run and one of its models: `runs/x`, `runs/x@base` or `runs/x@2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunName {
    /// The run directory.
    pub directory: RunDirectory,
    /// The model.
    pub model: NamedModel,
}

impl RunName {
    /// Reads a name. A directory whose own name has an `@` is found under its whole name.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let whole = RunDirectory::at(text);
        let best = |directory| Self {
            directory,
            model: NamedModel::Best,
        };
        let Some((path, model)) = text.rsplit_once('@') else {
            return Ok(best(whole));
        };
        if whole.store().exists() || model.contains(['/', '\\']) {
            return Ok(best(whole));
        }
        let model = match model {
            "base" => NamedModel::Base,
            "best" => NamedModel::Best,
            number => NamedModel::Iteration(number.parse().map_err(|_| {
                let what = format!("`{text}`: `{number}` is not a model of a run");
                Failure::new(FailureKind::Usage, what)
                    .hint("write `DIR@2` for the model of iteration 2, `DIR@base` or `DIR@best`")
            })?),
        };
        Ok(Self {
            directory: RunDirectory::at(path),
            model,
        })
    }
}

/// Short names for tables: the names as given, without the directories that all of them begin
/// with.
pub fn labels(given: &[String]) -> Vec<String> {
    let paths: Vec<Vec<Component<'_>>> = given
        .iter()
        .map(|one| Path::new(one).components().collect())
        .collect();
    let shortest = paths.iter().map(Vec::len).min().unwrap_or(0);
    let is_common = |at: &usize| paths.iter().all(|path| path[*at] == paths[0][*at]);
    // At least the last component stays.
    let common = (0..shortest.saturating_sub(1)).take_while(is_common);
    let common = common.count();
    paths
        .iter()
        .map(|path| {
            let rest: PathBuf = path[common..].iter().collect();
            rest.display().to_string()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(text: &str) -> NamedModel {
        RunName::parse(text).expect("a name").model
    }

    #[test]
    fn a_model_is_named_after_an_at_sign() {
        assert_eq!(model("runs/x"), NamedModel::Best);
        assert_eq!(model("runs/x@base"), NamedModel::Base);
        assert_eq!(model("runs/x@12"), NamedModel::Iteration(12));
        assert_eq!(model("me@home/x"), NamedModel::Best);
        let name = RunName::parse("me@home/x@2").expect("a name");
        assert_eq!(name.directory.root(), Path::new("me@home/x"));
        assert!(RunName::parse("runs/x@last").is_err());
    }

    #[test]
    fn a_directory_with_an_at_sign_is_found_under_its_whole_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let run = directory.path().join("x@2");
        std::fs::create_dir_all(&run).expect("a directory");
        std::fs::write(run.join("run.db"), "").expect("a file");
        let name = RunName::parse(&run.display().to_string()).expect("a name");
        assert_eq!(name.model, NamedModel::Best);
    }

    #[test]
    fn labels_leave_out_what_all_have_in_common() {
        let labels =
            |given: &[&str]| labels(&given.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(labels(&["runs/a", "runs/b@2"]), ["a", "b@2"]);
        assert_eq!(
            labels(&["runs/x", "runs/x/arms/direct"]),
            ["x", "x/arms/direct"]
        );
        assert_eq!(labels(&["runs/x@1", "runs/x@2"]), ["x@1", "x@2"]);
        assert_eq!(labels(&["/one/a", "b"]), ["/one/a", "b"]);
    }
}
