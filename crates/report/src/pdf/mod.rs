//! Paper: the report is set into lines and boxes that stay whole, these are placed on pages, and the pages are written
//! as vectors with the typefaces cut down to the letters used. There is no shaping: letters stand side by side in
//! their logical order, which is right for Latin, Cyrillic and Greek.

mod file;
mod flow;
mod fonts;
mod layout;
mod paint;
mod table;
mod text;
mod ttf;

use crate::error::ReportError;
use crate::model::Report;
use crate::style;
use crate::words::PRODUCT;
use crate::zone;
use flow::{Pages, SIDE, WIDE};
use fonts::{Face, Fonts};
use layout::{Layout, rule};
use paint::{Mark, PAPER, paint};
use text::width;

/// Letters at the edges of a page.
const EDGE: f32 = 7.5;

/// The report as a PDF file on A4.
pub fn pdf(report: &Report) -> Result<Vec<u8>, ReportError> {
    let mut fonts = Fonts::load()?;
    let mut pages = Pages::new();
    let mut layout = Layout {
        report,
        fonts: &mut fonts,
        items: Vec::new(),
    };
    layout.heading();
    layout.summary(&report.summary);
    pages.place(&layout.items);
    for section in &report.sections {
        layout.items.clear();
        layout.section(section);
        pages.place(&layout.items);
    }
    edges(&mut layout, &mut pages);
    file::file(report, &fonts, pages)
}

/// Above the pages behind the first what they belong to, below all of them their number.
fn edges(layout: &mut Layout<'_>, pages: &mut Pages) {
    let report = layout.report;
    let count = pages.sheets.len();
    let subject = report.subject.iter().map(String::as_str);
    let parts: Vec<&str> = [PRODUCT, &report.title].into_iter().chain(subject).collect();
    let above = line(layout, (&parts.join(" · "), &zone::period(report)), 34.0);
    let at = zone::minute(report.made, &report.zone);
    let made = report.language.made(&at, &zone::place(report));
    for (n, page) in pages.sheets.iter_mut().enumerate() {
        let number = report.language.page(n + 1, count);
        let mut marks = line(layout, (&made, &number), PAPER.1 - 32.0);
        if n > 0 {
            marks.extend(above.iter().cloned());
            marks.push(rule(42.0));
        }
        for mark in &marks {
            paint(page, mark, SIDE, 0.0);
        }
    }
}

/// A small line: one text at its beginning, cut where the other at its end begins.
fn line(layout: &mut Layout<'_>, texts: (&str, &str), y: f32) -> Vec<Mark> {
    let right = layout.one_line(texts.1, Face::Text, EDGE, WIDE / 2.0);
    let right_wide = width(&right, EDGE);
    let left = layout.one_line(texts.0, Face::Text, EDGE, WIDE - right_wide - 20.0);
    let mark = |x, glyphs| Mark::Text {
        x,
        y,
        glyphs,
        size: EDGE,
        color: style::TEXT_3,
    };
    vec![mark(WIDE - right_wide, right), mark(0.0, left)]
}
