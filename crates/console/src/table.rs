//! Columns for people.

use std::fmt::Write;

/// Rows as lines with aligned columns, two spaces between them; the first `right` columns are aligned to the right.
pub(crate) fn render(rows: &[Vec<String>], right: usize) -> String {
    render_by(rows, |column| column < right)
}

/// The same with a word for each column on whether it is aligned to the right.
pub(crate) fn render_by(rows: &[Vec<String>], is_right: impl Fn(usize) -> bool) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            // Writing to a String cannot fail.
            let _ = if is_right(column) {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [
            vec!["n".to_owned(), "имя".to_owned(), "x".to_owned()],
            vec!["120".to_owned(), "a".to_owned(), "y".to_owned()],
        ];
        assert_eq!(render(&rows, 1), "  n  имя  x\n120  a    y\n");
    }
}
