//! The files of the command: which they are, and writing them in one step.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

/// The files of one labeling.
#[derive(Debug, Clone)]
pub struct LabelFiles {
    /// The instructions.
    pub input: PathBuf,
    /// The instructions with labels.
    pub output: PathBuf,
    /// The list of categories.
    pub categories: PathBuf,
}

impl LabelFiles {
    /// Checks that these are three files and that the last two can be written. The list of
    /// categories is beside the output unless it is given: `labeled.jsonl` has
    /// `labeled.categories.json`.
    pub fn new(input: &Path, output: &Path, categories: Option<&Path>) -> Result<Self, Failure> {
        let beside = output.with_extension("categories.json");
        let files = Self {
            input: input.to_owned(),
            output: output.to_owned(),
            categories: categories.unwrap_or(&beside).to_owned(),
        };
        let input = target(&files.input);
        let written = [
            ("`--output`", &files.output),
            ("the list of categories", &files.categories),
        ];
        for (name, path) in written {
            if target(path) == input {
                let what = format!("{name} is the input, `{}`", files.input.display());
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint("give another file; labels are never written into the input"));
            }
        }
        if target(&files.output) == target(&files.categories) {
            let what = format!(
                "the output and the list of categories are one file, `{}`",
                files.output.display()
            );
            return Err(Failure::new(FailureKind::Usage, what).hint("give another `--output`"));
        }
        check_writable(&files.output)?;
        check_writable(&files.categories)?;
        Ok(files)
    }
}

/// The file itself, where a path is a link to it or may be written in several ways.
fn target(path: &Path) -> PathBuf {
    if let Ok(target) = path.canonicalize() {
        return target;
    }
    // A file that does not exist yet, in a directory that does.
    let directory = directory_of(path).canonicalize().ok();
    directory
        .zip(path.file_name())
        .map_or_else(|| path.to_owned(), |(directory, name)| directory.join(name))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Refuses a file that could not be written after all the requests.
fn check_writable(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        let what = format!("`{}` is a directory", path.display());
        return Err(Failure::new(FailureKind::Usage, what).hint("give the path of a file"));
    }
    tempfile::tempfile_in(directory_of(path))
        .map(drop)
        .map_err(|error| cannot_write(path, error))
}

/// Replaces a file in one step, so that a reader never sees half of it and a kill leaves the old
/// one. Of a link, the file that it points to is replaced.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(&target(path), bytes).map_err(|error| cannot_write(path, error))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tpo-label.");
    // As any other new file: the umask applies.
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(directory_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.persist(path)?;
    Ok(())
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    let what = format!("cannot write `{}`", path.display());
    Failure::new(FailureKind::Resources, what)
        .because(error)
        .hint("check the directory and its free space; replies of the model are saved")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_in_two_roles_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("in.jsonl"), "{}").expect("a file");
        let refusal = |output: &Path, categories: Option<&Path>| {
            LabelFiles::new(&path("in.jsonl"), output, categories)
                .expect_err("one file in two roles")
                .to_string()
        };
        let same = directory.path().join(".").join("in.jsonl");
        assert!(refusal(&same, None).starts_with("`--output` is the input"));
        let out = path("out.jsonl");
        assert!(refusal(&out, Some(&same)).starts_with("the list of categories is the input"));
        assert!(refusal(&out, Some(&out)).starts_with("the output and the list"));
        assert!(refusal(directory.path(), None).ends_with("is a directory"));
        assert!(refusal(&path("none/out.jsonl"), None).starts_with("cannot write"));
        let files = LabelFiles::new(&path("in.jsonl"), &out, None).expect("three files");
        assert!(files.categories.ends_with("out.categories.json"));
        assert!(!out.exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_points_to_is_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("in.jsonl"), "{}").expect("a file");
        fs::write(path("real.jsonl"), "old").expect("a file");
        std::os::unix::fs::symlink(path("real.jsonl"), path("out.jsonl")).expect("a link");
        let files = LabelFiles::new(&path("in.jsonl"), &path("out.jsonl"), None).expect("files");
        replace(&files.output, b"new").expect("written");
        assert_eq!(fs::read(path("real.jsonl")).expect("a file"), b"new");
    }
}
