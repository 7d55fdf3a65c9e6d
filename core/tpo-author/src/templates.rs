//! Templates of new projects.
//!
//! The judges are those in `examples/`; the sources of the other roles are in `templates/`. The
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

/// The template of a project in one language.
pub(crate) struct Template {
    /// The name to replace.
    pub(crate) name: &'static str,
    /// One line about what the plugin does.
    pub(crate) summary: &'static str,
    /// The roles it implements.
    pub(crate) roles: &'static [PluginRole],
    /// The flag of `tpo run` that selects it.
    pub(crate) flag: &'static str,
    /// Sources and test cases.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Files that the README describes.
    pub(crate) described: &'static [(&'static str, &'static str)],
    /// Files that are the same in every project of the language.
    pub(crate) copies: Vec<(String, String)>,
}

/// What the template of a role has in common in all languages.
struct TemplateSpec {
    summary: &'static str,
    roles: &'static [PluginRole],
    flag: &'static str,
    cases: &'static [(&'static str, &'static str)],
}

impl TemplateSpec {
    fn of(role: PluginRole) -> Self {
        match role {
            PluginRole::Judge => Self {
                summary: "Likes responses of about the right length",
                roles: &[PluginRole::Judge],
                flag: "--judge",
                cases: &[(
                    "fixtures/judge.jsonl",
                    include_str!("../../../examples/judge-in-rust/fixtures/judge.jsonl"),
                )],
            },
            PluginRole::PairwiseJudge => Self {
                summary: "Prefers the response of about the right length",
                roles: &[PluginRole::PairwiseJudge],
                flag: "--judge",
                cases: &[(
                    "fixtures/pairwise-judge.jsonl",
                    include_str!("../templates/fixtures/pairwise-judge.jsonl"),
                )],
            },
            // One component has both roles, so that they cannot disagree about markers.
            PluginRole::ThoughtTemplate | PluginRole::ResponseParser => Self {
                summary: "Asks for a thought and then an answer",
                roles: &[PluginRole::ThoughtTemplate, PluginRole::ResponseParser],
                flag: "--thought",
                cases: &[
                    (
                        "fixtures/thought-template.jsonl",
                        include_str!("../templates/fixtures/thought-template.jsonl"),
                    ),
                    (
                        "fixtures/response-parser.jsonl",
                        include_str!("../templates/fixtures/response-parser.jsonl"),
                    ),
                ],
            },
            PluginRole::PairSelector => Self {
                summary: "Pairs the best with the worst where they are apart",
                roles: &[PluginRole::PairSelector],
                flag: "--selector",
                cases: &[(
                    "fixtures/pair-selector.jsonl",
                    include_str!("../templates/fixtures/pair-selector.jsonl"),
                )],
            },
        }
    }
}

/// The template of a role in a language. C and Go have only judges.
pub(crate) fn of(language: Language, role: PluginRole) -> Result<Template, Failure> {
    let source = source(language, role).ok_or_else(|| {
        let what = format!("there is no template for a {role} in {}", language.title());
        Failure::new(FailureKind::Usage, what)
            .hint("start from one of its judges (`--role judge`), or in Rust, Python or JavaScript")
    })?;
    let TemplateSpec {
        summary,
        roles,
        flag,
        cases,
    } = TemplateSpec::of(role);
    let name = if role == PluginRole::Judge {
        example(language)
    } else {
        NEW
    };
    let mut files: Vec<(&str, String)> = cases
        .iter()
        .map(|(name, text)| (*name, (*text).to_owned()))
        .collect();
    files.extend(project_files(language, summary, name));
    files.extend(
        source
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned())),
    );
    Ok(Template {
        name,
        summary,
        roles,
        flag,
        files,
        described: described(language),
        copies: copies(language),
    })
}

/// Notes on a language for the README.
pub(crate) fn notes(language: Language) -> &'static str {
    match language {
        Language::Rust => include_str!("../templates/notes/rust.md"),
        Language::Python => include_str!("../templates/notes/python.md"),
        Language::JavaScript => include_str!("../templates/notes/javascript.md"),
        Language::C => include_str!("../templates/notes/c.md"),
        Language::Go => include_str!("../templates/notes/go.md"),
    }
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

type Files = &'static [(&'static str, &'static str)];

/// The sources of the plugin.
fn source(language: Language, role: PluginRole) -> Option<Files> {
    use PluginRole::{Judge, PairSelector, PairwiseJudge, ResponseParser, ThoughtTemplate};
    Some(match (language, role) {
        (Language::Rust, Judge) => &[(
            "src/lib.rs",
            include_str!("../../../examples/judge-in-rust/src/lib.rs"),
        )],
        (Language::Rust, PairwiseJudge) => &[(
            "src/lib.rs",
            include_str!("../templates/rust/pairwise-judge.rs"),
        )],
        (Language::Rust, ThoughtTemplate | ResponseParser) => &[(
            "src/lib.rs",
            include_str!("../templates/rust/thought-format.rs"),
        )],
        (Language::Rust, PairSelector) => &[(
            "src/lib.rs",
            include_str!("../templates/rust/pair-selector.rs"),
        )],
        (Language::Python, Judge) => &[(
            "plugin.py",
            include_str!("../../../examples/judge-in-python/plugin.py"),
        )],
        (Language::Python, PairwiseJudge) => &[(
            "plugin.py",
            include_str!("../templates/python/pairwise-judge.py"),
        )],
        (Language::Python, ThoughtTemplate | ResponseParser) => &[(
            "plugin.py",
            include_str!("../templates/python/thought-format.py"),
        )],
        (Language::Python, PairSelector) => &[(
            "plugin.py",
            include_str!("../templates/python/pair-selector.py"),
        )],
        (Language::JavaScript, Judge) => &[(
            "plugin.js",
            include_str!("../../../examples/judge-in-javascript/plugin.js"),
        )],
        (Language::JavaScript, PairwiseJudge) => &[(
            "plugin.js",
            include_str!("../templates/javascript/pairwise-judge.js"),
        )],
        (Language::JavaScript, ThoughtTemplate | ResponseParser) => &[(
            "plugin.js",
            include_str!("../templates/javascript/thought-format.js"),
        )],
        (Language::JavaScript, PairSelector) => &[(
            "plugin.js",
            include_str!("../templates/javascript/pair-selector.js"),
        )],
        (Language::C, Judge) => &[(
            "plugin.c",
            include_str!("../../../examples/judge-in-c/plugin.c"),
        )],
        (Language::Go, Judge) => &[
            (
                "main.go",
                include_str!("../../../examples/judge-in-go/main.go"),
            ),
            (
                "go.mod",
                include_str!("../../../examples/judge-in-go/go.mod"),
            ),
            (
                "export_tpo_plugin_judge/judge.go",
                include_str!("../../../examples/judge-in-go/export_tpo_plugin_judge/judge.go"),
            ),
            (
                "export_tpo_plugin_metadata/metadata.go",
                include_str!(
                    "../../../examples/judge-in-go/export_tpo_plugin_metadata/metadata.go"
                ),
            ),
        ],
        (Language::C | Language::Go, _) => return None,
    })
}

/// Files that a language's own tools need besides the sources, for every role.
fn project_files(language: Language, summary: &str, name: &str) -> Vec<(&'static str, String)> {
    match language {
        Language::Rust => {
            let manifest = include_str!("../../../examples/judge-in-rust/Cargo.toml")
                .replace("../../plugins/tpo-plugin", "sdk")
                .replace(example(language), name)
                .replace(TemplateSpec::of(PluginRole::Judge).summary, summary);
            vec![("Cargo.toml", manifest)]
        }
        Language::JavaScript => {
            let manifest = include_str!("../../../examples/judge-in-javascript/package.json");
            vec![("package.json", manifest.replace(example(language), name))]
        }
        Language::Python | Language::C | Language::Go => Vec::new(),
    }
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

fn copies(language: Language) -> Vec<(String, String)> {
    match language {
        Language::Rust => copies::SDK
            .iter()
            .map(|(name, text)| {
                (
                    format!("sdk/{name}"),
                    text.replace("\"../../wit\"", "\"../wit\""),
                )
            })
            .collect(),
        // The build writes those of Go, with the bindings that import them.
        Language::Python | Language::JavaScript | Language::C | Language::Go => Vec::new(),
    }
}
