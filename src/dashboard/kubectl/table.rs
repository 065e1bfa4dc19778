//! Rows in columns, as kubectl prints them.

/// A table that remembers how wide its columns are, so that rows that come later line up.
#[derive(Clone, Debug)]
pub struct Table {
    widths: Vec<usize>,
}

/// Spaces between columns.
const GAP: usize = 3;

impl Table {
    /// A table that is as wide as these rows, its header among them, need.
    pub fn of<R: AsRef<[String]>>(rows: &[R]) -> Self {
        let mut table = Table { widths: Vec::new() };
        rows.iter().for_each(|row| table.widen(row.as_ref()));
        table
    }

    fn widen(&mut self, row: &[String]) {
        self.widths.resize(self.widths.len().max(row.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }

    /// One row as a line without its end.
    pub fn line(&mut self, row: &[String]) -> String {
        self.widen(row);
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&self.widths) {
            line.push_str(&format!("{cell:<0$}", width + GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// A header and rows as text that ends in a newline.
pub fn text(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut all = vec![header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    all.extend(rows.iter().cloned());
    let mut table = Table::of(&all);
    all.iter().map(|row| table.line(row) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_three_spaces_apart_and_later_rows_line_up() {
        let rows = vec![vec!["a-long-name".into(), "1/1".into()], vec!["b".into(), "0/1".into()]];
        assert_eq!(
            text(&["NAME", "READY"], &rows),
            "NAME          READY\na-long-name   1/1\nb             0/1\n"
        );
        let mut table = Table::of(&rows);
        assert_eq!(table.line(&["c".to_owned(), "1/1".to_owned()]), "c             1/1");
    }
}
