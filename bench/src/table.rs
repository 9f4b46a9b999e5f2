//! One table of what was measured.

use std::fmt::Write;

use crate::timing::Spread;

/// Rows to print.
#[derive(Default)]
pub(crate) struct Table {
    title: String,
    rows: Vec<[String; 5]>,
}

impl Table {
    /// Nothing was measured.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn title(&mut self, title: String) {
        self.title = title;
    }

    /// Adds what several runs gave. `expected` is what this stage of the product should reach.
    pub(crate) fn spread(&mut self, what: impl Into<String>, unit: &str, expected: &str, values: &[f64]) {
        let Spread { median, min, max } = Spread::of(values);
        let what = what.into();
        // Long measurements say how far they are.
        let mut err = std::io::stderr().lock();
        let _ = std::io::Write::write_fmt(&mut err, format_args!("{what}: {} {unit}\n", number(median)));
        self.rows.push([
            what,
            format!("{} {unit}", number(median)),
            number(min),
            number(max),
            expected.to_owned(),
        ]);
    }

    pub(crate) fn render(&self) -> String {
        let mut text = format!(
            "{}\n\n| what | median | min | max | expected |\n|---|--:|--:|--:|---|\n",
            self.title
        );
        for [what, median, min, max, expected] in &self.rows {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {what} | {median} | {min} | {max} | {expected} |");
        }
        text
    }
}

/// Three figures are as many as a measurement is good for.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_markdown() {
        let mut table = Table::default();
        table.title("corpus".to_owned());
        table.spread("needle", "ms", "≤ 30", &[3.0, 12.5, 4.0]);
        assert!(
            table
                .render()
                .ends_with("|---|--:|--:|--:|---|\n| needle | 4.00 ms | 3.00 | 12.5 | ≤ 30 |\n")
        );
        assert_eq!(number(0.1364), "0.136");
        assert_eq!(number(123.4), "123");
    }
}
