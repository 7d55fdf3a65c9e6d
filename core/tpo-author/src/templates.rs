//! Templates of new projects.
//!
//! Templates are found by name: `templates/LANGUAGE/ROLE.EXTENSION` is a plugin, and
//! `templates/fixtures/ROLE.jsonl` has its test cases. The judges are those in `examples/`. The
//! template's name is replaced by the plugin's in every text.

use tpo_types::{Failure, FailureKind, PluginRole};

use crate::copies;
use crate::language::Language;

/// The `.gitignore`, with the files that builds write.
pub(crate) const IGNORED: &str = include_str!("../templates/gitignore");
/// The README, with placeholders.
pub(crate) const README: &str = include_str!("../templates/README.md");

/// The name in templates that are not examples.
const NEW: &str = "a-new-plugin";
/// The two roles that one component has, so that they cannot disagree about markers.
const THOUGHT_FORMAT: [PluginRole; 2] = [PluginRole::ThoughtTemplate, PluginRole::ResponseParser];

/// The template of a project in one language.
pub(crate) struct Template {
    /// The name to replace.
    pub(crate) name: &'static str,
    /// One line about what the plugin does.
    pub(crate) summary: &'static str,
    /// The roles it implements.
    pub(crate) roles: Vec<PluginRole>,
    /// Sources and test cases.
    pub(crate) files: Vec<ProjectFile>,
    /// Files that the README describes.
    pub(crate) described: &'static [(&'static str, &'static str)],
}

/// A file of a project: its path in the project, and its text.
pub(crate) struct ProjectFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The template of a role in a language. C and Go have only judges.
pub(crate) fn of(language: Language, role: PluginRole) -> Result<Template, Failure> {
    let is_format = THOUGHT_FORMAT.contains(&role);
    let roles = if is_format {
        THOUGHT_FORMAT.to_vec()
    } else {
        vec![role]
    };
    let plugin = if is_format {
        "thought-format"
    } else {
        role.as_str()
    };
    let (name, sources) = if role == PluginRole::Judge {
        (example(language), example_sources(language))
    } else {
        (NEW, template_sources(language, plugin))
    };
    if sources.is_empty() {
        let what = format!("there is no template for a {role} in {}", language.title());
        return Err(Failure::new(FailureKind::Usage, what).hint(
            "start from one of its judges (`--role judge`), or in Rust, Python or JavaScript",
        ));
    }
    let summary = summary(plugin);
    let mut files: Vec<ProjectFile> = roles.iter().filter_map(|role| cases(*role)).collect();
    files.extend(manifest(language, summary, name));
    files.extend(sources);
    files.extend(sdk(language));
    Ok(Template {
        name,
        summary,
        roles,
        files,
        described: described(language),
    })
}

/// Notes on a language for the README.
pub(crate) fn notes(language: Language) -> &'static str {
    let path = format!("templates/notes/{language}.md");
    copies::find(&path).unwrap_or_default()
}

/// The example that the template of a judge is made from.
fn example(language: Language) -> &'static str {
    match language {
        Language::Rust => "judge-in-rust",
        Language::Python => "judge-in-python",
        Language::JavaScript => "judge-in-javascript",
        Language::C => "judge-in-c",
        Language::Go => "judge-in-go",
    }
}

/// The source files of the example.
fn example_sources(language: Language) -> Vec<ProjectFile> {
    let paths: &[&str] = match language {
        Language::Rust => &["src/lib.rs"],
        Language::Python => &["plugin.py"],
        Language::JavaScript => &["plugin.js"],
        Language::C => &["plugin.c"],
        Language::Go => &[
            "main.go",
            "go.mod",
            "export_tpo_plugin_judge/judge.go",
            "export_tpo_plugin_metadata/metadata.go",
        ],
    };
    let example = example(language);
    paths
        .iter()
        .filter_map(|path| copy(&format!("examples/{example}/{path}"), path))
        .collect()
}

/// The source file of a template, if there is one.
fn template_sources(language: Language, plugin: &str) -> Vec<ProjectFile> {
    let (path, extension) = match language {
        Language::Rust => ("src/lib.rs", "rs"),
        Language::Python => ("plugin.py", "py"),
        Language::JavaScript => ("plugin.js", "js"),
        Language::C | Language::Go => return Vec::new(),
    };
    copy(&format!("templates/{language}/{plugin}.{extension}"), path)
        .into_iter()
        .collect()
}

/// The cases of a role.
fn cases(role: PluginRole) -> Option<ProjectFile> {
    let path = format!("fixtures/{role}.jsonl");
    if role == PluginRole::Judge {
        return copy(&format!("examples/judge-in-rust/{path}"), &path);
    }
    copy(&format!("templates/{path}"), &path)
}

/// One line about what a template's plugin does: the first line of its documentation in Rust.
fn summary(plugin: &str) -> &'static str {
    let example = copies::find("examples/judge-in-rust/src/lib.rs");
    copies::find(&format!("templates/rust/{plugin}.rs"))
        .or(example)
        .and_then(|source| source.lines().next())
        .map(|line| line.trim_start_matches("//! ").trim_end_matches('.'))
        .unwrap_or_default()
}

/// The manifest of a language's own tools.
fn manifest(language: Language, summary: &str, name: &str) -> Option<ProjectFile> {
    let path = match language {
        Language::Rust => "Cargo.toml",
        Language::JavaScript => "package.json",
        Language::Python | Language::C | Language::Go => return None,
    };
    let example = example(language);
    let mut file = copy(&format!("examples/{example}/{path}"), path)?;
    file.text = file
        .text
        .replace("../../plugins/tpo-plugin", "sdk")
        .replace(example, name)
        .replace(self::summary(PluginRole::Judge.as_str()), summary);
    Some(file)
}

fn described(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => &[
            ("src/lib.rs", "the plugin"),
            (
                "sdk/",
                "the SDK: one trait per role, one macro to export it",
            ),
        ],
        Language::Python => &[("plugin.py", "the plugin")],
        Language::JavaScript => &[("plugin.js", "the plugin")],
        Language::C => &[("plugin.c", "the plugin")],
        Language::Go => &[
            ("export_tpo_plugin_judge/", "the plugin"),
            (
                "export_tpo_plugin_metadata/",
                "its description and configuration",
            ),
        ],
    }
}

/// The SDK of a language, if it has one. The build writes what Go needs, with the bindings.
fn sdk(language: Language) -> Vec<ProjectFile> {
    if language != Language::Rust {
        return Vec::new();
    }
    copies::SDK
        .iter()
        .map(|(path, text)| ProjectFile {
            path: format!("sdk/{path}"),
            text: text.replace("\"../../wit\"", "\"../wit\""),
        })
        .collect()
}

fn copy(source: &str, path: &str) -> Option<ProjectFile> {
    Some(ProjectFile {
        path: path.into(),
        text: copies::find(source)?.into(),
    })
}
