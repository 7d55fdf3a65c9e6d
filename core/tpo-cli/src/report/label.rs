//! The counts of labeled instructions, in text.

use std::collections::BTreeMap;

use tpo_judge::labeling::{LabelCounts, LabelSummary};
use tpo_types::text::escape;

/// How many ids of rows without a label a line lists; `--format json` lists all.
const LISTED_IDS: usize = 10;

/// One line per category and per complexity, then where labels come from, then what is missing.
pub(crate) fn label_text(summary: &LabelSummary) -> String {
    let has_list = summary.categories.iter().any(|category| category.listed);
    let mut categories = Vec::new();
    for category in &summary.categories {
        let is_foreign = has_list && !category.listed;
        let note = if is_foreign {
            "  (not in the list)"
        } else {
            ""
        };
        categories.push(Counted::new(&category.category, category.rows, note));
    }
    let unlabeled = summary.category.unlabeled;
    categories.push(Counted::new("without a category", unlabeled, ""));
    let mut complexities = Vec::new();
    for complexity in &summary.complexities {
        let name = format!("complexity {}", complexity.complexity.get());
        complexities.push(Counted::new(&name, complexity.rows, ""));
    }
    let unlabeled = summary.complexity.unlabeled;
    complexities.push(Counted::new("without a complexity", unlabeled, ""));

    let names = categories.iter().chain(&complexities);
    let width = names.map(|row| row.name.chars().count()).max();
    let width = width.unwrap_or_default() + 2;
    let table = |rows: &[Counted]| {
        let line =
            |Counted { name, rows, note }: &Counted| format!("{name:width$}{rows:>8}{note}\n");
        rows.iter().map(line).collect::<String>()
    };
    let mut lines = vec![table(&categories), table(&complexities)];
    lines.push(format!("{} rows", summary.rows));
    lines.push(counts_line("categories", &summary.category));
    lines.push(counts_line("complexities", &summary.complexity));
    lines.extend(missing_lines(summary));
    lines.join("\n")
}

/// A line of a table.
struct Counted {
    name: String,
    rows: usize,
    note: &'static str,
}

impl Counted {
    fn new(name: &str, rows: usize, note: &'static str) -> Self {
        Self {
            name: escape(name),
            rows,
            note,
        }
    }
}

fn counts_line(labels: &str, counts: &LabelCounts) -> String {
    format!(
        "{labels}: {} by the model, {} kept, {} missing",
        counts.labeled, counts.kept, counts.unlabeled
    )
}

/// One line per label and reason, with the ids.
fn missing_lines(summary: &LabelSummary) -> Vec<String> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &summary.unlabeled {
        let what = format!("without a {}, because {}", row.label, escape(&row.reason));
        ids.entry(what).or_default().push(escape(&row.id));
    }
    let line = |(what, ids): (String, Vec<String>)| {
        let listed = &ids[..ids.len().min(LISTED_IDS)];
        let more = if listed.len() < ids.len() {
            ", ..."
        } else {
            ""
        };
        format!("{} {what}: {}{more}", ids.len(), listed.join(", "))
    };
    ids.into_iter().map(line).collect()
}
