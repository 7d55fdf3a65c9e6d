//! Creates a project: a template's files with the plugin's name, and the contract.

use std::fs;
use std::path::{Path, PathBuf};

use tpo_bundle::{Name, WIT, manifest};
use tpo_types::{Failure, FailureKind, PluginRole};

use crate::language::Language;
use crate::templates::{self, Template};

/// A project to create.
#[derive(Debug, Clone, Copy)]
pub struct Project<'a> {
    /// Its directory, which must be empty or not exist yet.
    pub directory: &'a Path,
    /// The plugin's name.
    pub name: &'a Name,
    /// The language.
    pub language: Language,
    /// The role to implement.
    pub role: PluginRole,
}

/// Writes a project that builds out of the box, and returns its files.
pub fn create(project: &Project<'_>) -> Result<Vec<PathBuf>, Failure> {
    let template = templates::of(project.language, project.role)?;
    let directory = project.directory;
    if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("`{}` is not empty", directory.display()),
        )
        .hint("give a directory that does not exist yet"));
    }
    let mut files = vec![
        (
            manifest::FILE_NAME.to_owned(),
            manifest_of(project, &template),
        ),
        ("README.md".to_owned(), readme_of(project, &template)),
        (".gitignore".to_owned(), templates::IGNORED.to_owned()),
    ];
    for file in template.files {
        let text = file.text.replace(template.name, project.name.as_str());
        files.push((file.path, text));
    }
    for (name, text) in WIT {
        files.push((format!("wit/{name}"), text.to_owned()));
    }
    files
        .iter()
        .try_for_each(|(name, text)| write(&directory.join(name), text.as_bytes()))?;
    Ok(files
        .into_iter()
        .map(|(name, _)| directory.join(name))
        .collect())
}

fn manifest_of(project: &Project<'_>, template: &Template) -> String {
    let Project { name, language, .. } = project;
    let roles: Vec<String> = template
        .roles
        .iter()
        .map(|role| format!("\"{role}\""))
        .collect();
    format!(
        "name = \"{name}\"\nversion = \"0.1.0\"\nlicense = \"Apache-2.0\"\nsummary = \"{}\"\n\n\
         # The contract version it is built for, and how to build it.\n\
         contract = \"0.1\"\nlanguage = \"{language}\"\nwit = \"wit\"\n\n\
         [[component]]\nname = \"{name}\"\nfile = \"{name}.wasm\"\nroles = [{}]\n",
        template.summary,
        roles.join(", "),
    )
}

fn readme_of(project: &Project<'_>, template: &Template) -> String {
    let rows = template
        .described
        .iter()
        .map(|(file, what)| format!("| `{file}` | {what} |\n"))
        .collect::<String>();
    templates::README
        .replace("{name}", project.name.as_str())
        .replace("{summary}", template.summary)
        .replace("{language}", project.language.title())
        .replace("{flag}", &format!("--{}", template.roles[0].slot()))
        .replace("{files}", &rows)
        .replace("{notes}", templates::notes(project.language))
}

/// Writes a file and creates its parent directories.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write `{}`", path.display()),
            )
            .because(error)
        })
}
