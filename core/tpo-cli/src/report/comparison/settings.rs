//! Which settings, plugins and models differ between runs.

use tpo_run::comparison::{ComparedRun, differing_components, differing_settings};
use tpo_run::config::SettingRow;

use super::words::values;
use crate::report::table::{Column, Table};

/// The settings that differ, then the plugins and models that do.
pub(super) fn text(runs: &[ComparedRun], labels: &[&str]) -> String {
    let settings = differing_settings(runs);
    let mut text = if settings.is_empty() {
        "settings: no difference\n".to_owned()
    } else {
        format!("settings that differ\n{}", table(&settings, labels))
    };
    let components = differing_components(runs);
    text += &if components.is_empty() {
        "plugins and models: no difference\n".to_owned()
    } else {
        format!(
            "plugins and models that differ\n{}",
            table(&components, labels)
        )
    };
    text
}

fn table(rows: &[SettingRow], labels: &[&str]) -> String {
    let head = labels.iter().map(|label| Column("", label));
    let mut table = Table::new([Column("", "key")].into_iter().chain(head).collect());
    for row in rows {
        let mut cells = vec![row.key.clone()];
        cells.extend(values(row));
        table.push(cells);
    }
    table.text()
}
