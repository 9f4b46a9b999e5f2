//! Blocks as HTML.

use std::fmt::Write;

use super::{Page, tone_class};
use crate::chart;
use crate::clean::{CELL_CHARS_MAX, LABEL_CHARS_MAX, TEXT_CHARS_MAX};
use crate::model::{Align, BARS_MAX, BarChart, Block, Cell, KeyNumber, NUMBERS_MAX, Table, TimeChart};
use crate::style;
use crate::words;
use crate::zone;

/// Width and height of a chart over time, and its letters, in pixels.
const CHART: (f32, f32, f32) = (760.0, 180.0, 11.0);

impl Page<'_> {
    pub(super) fn block(&mut self, block: &Block) {
        match block {
            Block::Numbers { numbers } => self.numbers(numbers),
            Block::Bars(bars) => self.bars(bars),
            Block::Times(times) => self.times(times),
            Block::Table(table) => self.table(table),
            Block::Text { text } => self.element("p", text, TEXT_CHARS_MAX),
            Block::Nothing { text } => self.nothing(text),
        }
    }

    fn title(&mut self, title: Option<&String>) {
        if let Some(title) = title {
            self.element("h3", title, LABEL_CHARS_MAX);
        }
    }

    fn left_out(&mut self, more: u64) {
        if more > 0 {
            let text = self.report.language.more(more);
            self.classed("p", "more", &text, LABEL_CHARS_MAX);
        }
    }

    fn numbers(&mut self, numbers: &[KeyNumber]) {
        self.raw("<dl class=\"numbers\">\n");
        let language = self.report.language;
        for number in numbers.iter().take(NUMBERS_MAX) {
            self.raw("<div>\n");
            self.element("dt", &number.label, LABEL_CHARS_MAX);
            let amount = language.amount(number.amount);
            self.classed("dd", tone_class(number.tone), &amount, LABEL_CHARS_MAX);
            if let Some(change) = language.change(number) {
                let _ = write!(self.out, "<dd class=\"change {}\">", tone_class(style::change(number)));
                self.text(&change, LABEL_CHARS_MAX);
                self.raw("</dd>\n");
            }
            self.raw("</div>\n");
        }
        self.raw("</dl>\n");
    }

    fn bars(&mut self, chart: &BarChart) {
        self.title(chart.title.as_ref());
        let shown = &chart.bars[..chart.bars.len().min(BARS_MAX)];
        let most = shown.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
        self.raw("<table class=\"bars\">\n");
        for bar in shown {
            self.raw("<tr><th scope=\"row\">");
            self.text(&bar.label, LABEL_CHARS_MAX);
            self.raw("</th><td>");
            self.bar(bar.count as f64 / most as f64, style::bar(bar.severity));
            let count = self.report.language.count(bar.count);
            let _ = writeln!(self.out, "</td><td class=\"right\">{count}</td></tr>");
        }
        self.raw("</table>\n");
        let left = (chart.bars.len() - shown.len()) as u64;
        self.left_out(chart.more.saturating_add(left));
    }

    fn times(&mut self, times: &TimeChart) {
        self.raw("<figure>\n");
        self.title(times.title.as_ref());
        let drawing = chart::draw(times, &self.report.zone, self.report.language, CHART);
        self.drawing(&drawing);
        let mut layers = chart::layers(times);
        layers.reverse();
        if layers.len() > 1 || layers.iter().any(|series| series.label.is_some()) {
            self.raw("<figcaption>");
            for series in layers {
                self.raw("<span>");
                self.dot(style::bar(series.severity));
                self.text(self.report.language.series(series), LABEL_CHARS_MAX);
                self.raw("</span> ");
            }
            self.raw("</figcaption>\n");
        }
        self.raw("</figure>\n");
    }

    fn table(&mut self, table: &Table) {
        self.title(table.title.as_ref());
        let (rows, left) = table.shown();
        self.raw("<div class=\"wide\"><table class=\"rows\">\n<thead><tr>");
        for column in table.columns() {
            let _ = write!(self.out, "<th scope=\"col\"{}>", align(column.align));
            self.text(&column.title, LABEL_CHARS_MAX);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            for (n, column) in table.columns().iter().enumerate() {
                let _ = write!(self.out, "<td{}>", align(column.align));
                if let Some(cell) = row.get(n) {
                    self.cell(cell);
                }
                self.raw("</td>");
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table></div>\n");
        self.left_out(left);
    }

    fn cell(&mut self, cell: &Cell) {
        let language = self.report.language;
        match cell {
            Cell::Text(text) => self.text(text, CELL_CHARS_MAX),
            Cell::Code(code) => {
                self.raw("<code>");
                self.text(code, CELL_CHARS_MAX);
                self.raw("</code>");
            }
            Cell::Amount(amount) => self.kept(&language.amount(*amount)),
            Cell::Time(time) => self.kept(&zone::second(*time, &self.report.zone)),
            Cell::Severity(severity) | Cell::Level(severity) => {
                let name = if matches!(cell, Cell::Level(_)) {
                    language.level(*severity)
                } else {
                    language.severity(*severity)
                };
                let _ = write!(
                    self.out,
                    "<span class=\"kept\" style=\"color:{}\">",
                    style::name(*severity).css()
                );
                self.dot(style::bar(Some(*severity)));
                self.text(name, LABEL_CHARS_MAX);
                self.raw("</span>");
            }
            Cell::Unknown => self.raw(words::UNKNOWN),
        }
    }

    /// What stays on one line.
    fn kept(&mut self, text: &str) {
        self.raw("<span class=\"kept\">");
        self.text(text, LABEL_CHARS_MAX);
        self.raw("</span>");
    }

    fn nothing(&mut self, text: &str) {
        self.raw("<p class=\"nothing\"><b>");
        self.raw(self.report.language.nothing_found());
        self.raw(":</b> ");
        self.text(text, TEXT_CHARS_MAX);
        self.raw("</p>\n");
    }
}

fn align(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Right => " class=\"right\"",
    }
}
