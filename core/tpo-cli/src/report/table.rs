//! Tables in plain text.

/// A table: a header of two lines, then rows. Every row has as many cells as the header.
pub(super) struct Table<'a> {
    header: Vec<Column<'a>>,
    rows: Vec<Vec<String>>,
}

/// The head of a column, in two lines.
pub(super) struct Column<'a>(pub &'a str, pub &'a str);

impl<'a> Table<'a> {
    /// A table without rows.
    pub(super) fn new(header: Vec<Column<'a>>) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The lines of the table, columns aligned to the right.
    pub(super) fn text(&self) -> String {
        let upper = self.header.iter().map(|column| column.0.to_owned());
        let lower = self.header.iter().map(|column| column.1.to_owned());
        let header = [upper.collect(), lower.collect()];
        // Where no head has two lines, one is enough.
        let is_blank = |line: &&Vec<String>| line.iter().all(String::is_empty);
        let lines = header.iter().chain(&self.rows);
        let lines: Vec<&Vec<String>> = lines.skip_while(is_blank).collect();
        let mut widths = vec![0; self.header.len()];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(*line) {
                *width = cell.chars().count().max(*width);
            }
        }
        lines.iter().map(|line| aligned(line, &widths)).collect()
    }
}

fn aligned(line: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = line
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:>width$}"))
        .collect();
    cells.join("  ").trim_end().to_owned() + "\n"
}
