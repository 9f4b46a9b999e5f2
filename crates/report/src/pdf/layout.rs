//! A report to items: heading, findings, sections, and every block but tables.

use super::flow::{Item, WIDE};
use super::fonts::{Face, Fonts, Glyph};
use super::paint::Mark;
use super::text::{self, width};
use crate::chart::{self, Anchor, Shape};
use crate::clean::{self, LABEL_CHARS_MAX, TEXT_CHARS_MAX};
use crate::model::{BARS_MAX, Bar, BarChart, Block, Finding, KeyNumber, NUMBERS_MAX, Report, Section, TimeChart, Tone};
use crate::style::{self, Color};
use crate::words::PRODUCT;
use crate::zone;

/// Size and distance of lines of running text.
const BODY: (f32, f32) = (9.0, 13.5);
/// Width and height of a chart over time, and its letters.
const CHART: (f32, f32, f32) = (WIDE, 104.0, 7.0);

pub(super) struct Layout<'a> {
    pub(super) report: &'a Report,
    pub(super) fonts: &'a mut Fonts,
    pub(super) items: Vec<Item>,
}

impl Layout<'_> {
    /// Letters of a label as a mark.
    pub(super) fn label(&mut self, at: (f32, f32), text: &str, face: Face, size: f32, color: Color) -> Mark {
        Mark::Text {
            x: at.0,
            y: at.1,
            glyphs: self.fonts.glyphs(text, face, LABEL_CHARS_MAX),
            size,
            color,
        }
    }

    /// One line of a label, cut to its room.
    pub(super) fn one_line(&mut self, text: &str, face: Face, size: f32, wide: f32) -> Vec<Glyph> {
        let glyphs = self.fonts.glyphs(text, face, LABEL_CHARS_MAX);
        let lines = text::lines(self.fonts, &glyphs, size, wide, 1);
        lines.into_iter().next().unwrap_or_default()
    }

    /// The title page's upper part.
    pub(super) fn heading(&mut self) {
        let product = self.label((20.0, 10.5), PRODUCT, Face::Bold, 10.0, style::ACCENT);
        let mut marks = logo();
        marks.push(product);
        self.items.push(Item {
            height: 14.0,
            marks,
            ..Item::default()
        });
        let report = self.report;
        let title = clean::cut(&report.title, LABEL_CHARS_MAX);
        self.paragraph(&title, Face::Bold, (21.0, 26.0), style::TEXT, 18.0);
        if let Some(subject) = &report.subject {
            let subject = clean::cut(subject, LABEL_CHARS_MAX);
            self.paragraph(&subject, Face::Text, (12.5, 17.0), style::TEXT_2, 2.0);
        }
        self.paragraph(&zone::period(report), Face::Text, (9.5, 14.0), style::TEXT_3, 3.0);
        self.items.push(Item {
            gap: 14.0,
            height: 0.5,
            marks: vec![rule(0.0)],
            ..Item::default()
        });
    }

    /// A paragraph of a face, its size and distance of lines, and the gap above; a line of it never stands alone.
    fn paragraph(&mut self, text: &str, face: Face, size: (f32, f32), color: Color, gap: f32) {
        let glyphs = self.fonts.glyphs(text, face, TEXT_CHARS_MAX);
        let lines = text::lines(self.fonts, &glyphs, size.0, WIDE, usize::MAX);
        self.lines(lines, 0.0, size, color, gap);
    }

    fn lines(&mut self, lines: Vec<Vec<Glyph>>, x: f32, size: (f32, f32), color: Color, gap: f32) {
        let count = lines.len();
        for (n, glyphs) in lines.into_iter().enumerate() {
            let mark = Mark::Text {
                x,
                y: size.1 * 0.5 + size.0 * 0.36,
                glyphs,
                size: size.0,
                color,
            };
            self.items.push(Item {
                gap: if n == 0 { gap } else { 0.0 },
                height: size.1,
                keep: (n == 0 && count > 1) || n + 2 == count,
                marks: vec![mark],
                ..Item::default()
            });
        }
    }

    /// From an item on, everything so far must not be parted from what follows.
    fn keep_from(&mut self, first: usize) {
        for item in &mut self.items[first..] {
            item.keep = true;
        }
    }

    pub(super) fn summary(&mut self, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        self.section_title(self.report.language.summary());
        for finding in findings {
            let glyphs = self.fonts.glyphs(&finding.text, Face::Text, TEXT_CHARS_MAX);
            let lines = text::lines(self.fonts, &glyphs, BODY.0, WIDE - 14.0, usize::MAX);
            let first = self.items.len();
            self.lines(lines, 14.0, BODY, style::TEXT, 4.0);
            if let Some(item) = self.items.get_mut(first) {
                item.marks
                    .push(dot(1.0, BODY.1 / 2.0 - 2.8, 5.6, tone_dot(finding.tone)));
            }
        }
    }

    fn section_title(&mut self, title: &str) {
        let glyphs = self.fonts.glyphs(title, Face::Bold, LABEL_CHARS_MAX);
        let first = self.items.len();
        let lines = text::lines(self.fonts, &glyphs, 14.0, WIDE, 4);
        self.lines(lines, 0.0, (14.0, 19.0), style::TEXT, 26.0);
        self.keep_from(first);
        if let Some(item) = self.items.get_mut(first) {
            item.entry = Some(glyphs);
        }
    }

    pub(super) fn section(&mut self, section: &Section) {
        self.section_title(&section.title);
        if let Some(intro) = &section.intro {
            let first = self.items.len();
            self.paragraph(intro, Face::Text, BODY, style::TEXT_2, 2.0);
            self.keep_from(first);
        }
        for block in &section.blocks {
            match block {
                Block::Numbers { numbers } => self.numbers(numbers),
                Block::Bars(chart) => self.bars(chart),
                Block::Times(chart) => self.times(chart),
                Block::Table(table) => self.table(table),
                Block::Text { text } => self.paragraph(text, Face::Text, BODY, style::TEXT, 8.0),
                Block::Nothing { text } => self.nothing(text),
            }
        }
    }

    /// The title of a block, kept with it.
    pub(super) fn title(&mut self, title: Option<&String>) {
        if let Some(title) = title {
            let glyphs = self.one_line(title, Face::Bold, 8.5, WIDE);
            self.lines(vec![glyphs], 0.0, (8.5, 13.0), style::TEXT_2, 14.0);
            let last = self.items.len().saturating_sub(1);
            self.keep_from(last);
        }
    }

    /// How many are not shown; never parted from the last that is.
    pub(super) fn left_out(&mut self, more: u64) {
        if more == 0 {
            return;
        }
        if let Some(last) = self.items.last_mut() {
            last.keep = true;
        }
        let text = self.report.language.more(more);
        self.paragraph(&text, Face::Text, (8.0, 12.0), style::TEXT_3, 4.0);
    }

    fn numbers(&mut self, numbers: &[KeyNumber]) {
        let shown = &numbers[..numbers.len().min(NUMBERS_MAX)];
        let across = match shown.len() {
            0..=3 | 5 | 6 | 9 => 3,
            _ => 4,
        };
        for (n, row) in shown.chunks(across).enumerate() {
            let wide = (WIDE - 8.0 * (across - 1) as f32) / across as f32;
            let mut marks = Vec::new();
            for (place, number) in row.iter().enumerate() {
                self.card((wide + 8.0) * place as f32, wide, number, &mut marks);
            }
            self.items.push(Item {
                gap: if n == 0 { 10.0 } else { 8.0 },
                height: CARD_HIGH,
                marks,
                ..Item::default()
            });
        }
    }

    fn card(&mut self, x: f32, wide: f32, number: &KeyNumber, marks: &mut Vec<Mark>) {
        let inner = wide - 20.0;
        let language = self.report.language;
        marks.push(panel(x, wide, CARD_HIGH, style::SUNKEN));
        let mut put = |y, size, color, glyphs| {
            marks.push(Mark::Text {
                x: x + 10.0,
                y,
                glyphs,
                size,
                color,
            });
        };
        put(
            14.5,
            7.5,
            style::TEXT_2,
            self.one_line(&number.label, Face::Text, 7.5, inner),
        );
        let amount = self
            .fonts
            .glyphs(&language.amount(number.amount), Face::Bold, LABEL_CHARS_MAX);
        let size = (inner / width(&amount, 1.0).max(0.1)).min(18.0);
        put(35.0, size, style::tone(number.tone), amount);
        if let Some(change) = language.change(number) {
            let color = match style::change(number) {
                Tone::Plain => style::TEXT_3,
                tone => style::tone(tone),
            };
            put(49.0, 7.5, color, self.one_line(&change, Face::Text, 7.5, inner));
        }
    }

    fn bars(&mut self, chart: &BarChart) {
        self.title(chart.title.as_ref());
        let shown = &chart.bars[..chart.bars.len().min(BARS_MAX)];
        let most = shown.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
        for (n, bar) in shown.iter().enumerate() {
            let marks = self.bar(bar, most);
            self.items.push(Item {
                gap: if n == 0 { 6.0 } else { 0.0 },
                height: 15.0,
                keep: n == 0 && shown.len() > 1,
                marks,
                ..Item::default()
            });
        }
        let left = (chart.bars.len() - shown.len()) as u64;
        self.left_out(chart.more.saturating_add(left));
    }

    fn bar(&mut self, bar: &Bar, most: u64) -> Vec<Mark> {
        const LABEL: f32 = 178.0;
        const COUNT: f32 = 52.0;
        let label = self.one_line(&bar.label, Face::Text, 8.5, LABEL - 10.0);
        let count = self.report.language.count(bar.count);
        let count = self.one_line(&count, Face::Text, 8.5, WIDE);
        let room = WIDE - LABEL - COUNT;
        let long = (bar.count as f64 / most as f64) as f32 * room;
        let text = |x, glyphs| Mark::Text {
            x,
            y: 10.5,
            glyphs,
            size: 8.5,
            color: style::TEXT,
        };
        vec![
            Mark::Box {
                x: LABEL,
                y: 2.8,
                width: long.max(if bar.count > 0 { 1.0 } else { 0.0 }),
                height: 9.4,
                radius: 1.5,
                color: style::bar(bar.severity),
            },
            text(WIDE - width(&count, 8.5), count),
            text(0.0, label),
        ]
    }

    fn times(&mut self, times: &TimeChart) {
        self.title(times.title.as_ref());
        let drawing = chart::draw(times, &self.report.zone, self.report.language, CHART);
        let mut marks: Vec<Mark> = drawing.shapes.iter().map(|shape| self.shape(shape)).collect();
        let legend = self.legend(times, &mut marks);
        self.items.push(Item {
            gap: 8.0,
            height: CHART.1 + legend,
            marks,
            ..Item::default()
        });
    }

    fn shape(&mut self, shape: &Shape) -> Mark {
        match shape {
            Shape::Box {
                x,
                y,
                width,
                height,
                color,
            } => Mark::Box {
                x: *x,
                y: *y,
                width: *width,
                height: *height,
                radius: 0.0,
                color: *color,
            },
            Shape::Line { from, to, color } => Mark::Line {
                from: *from,
                to: *to,
                color: *color,
            },
            Shape::Text { x, y, anchor, text } => {
                let glyphs = self.fonts.glyphs(text, Face::Text, LABEL_CHARS_MAX);
                let wide = width(&glyphs, CHART.2);
                let before = match anchor {
                    Anchor::Middle => wide / 2.0,
                    Anchor::End => wide,
                };
                Mark::Text {
                    x: x - before,
                    y: *y,
                    glyphs,
                    size: CHART.2,
                    color: style::TEXT_3,
                }
            }
        }
    }

    /// The names of a chart's layers below it; gives its height.
    fn legend(&mut self, times: &TimeChart, marks: &mut Vec<Mark>) -> f32 {
        let mut layers = chart::layers(times);
        layers.reverse();
        if layers.len() < 2 && layers.iter().all(|series| series.label.is_none()) {
            return 0.0;
        }
        let left = CHART.2 * 4.6;
        let (mut x, mut y) = (left, CHART.1 + 4.0);
        for series in layers {
            let glyphs = self.one_line(self.report.language.series(series), Face::Text, 7.5, 180.0);
            let wide = width(&glyphs, 7.5) + 10.0;
            if x + wide > WIDE {
                (x, y) = (left, y + 12.0);
            }
            marks.push(dot(x, y + 2.2, 5.6, style::bar(series.severity)));
            marks.push(Mark::Text {
                x: x + 9.0,
                y: y + 7.6,
                glyphs,
                size: 7.5,
                color: style::TEXT_2,
            });
            x += wide + 12.0;
        }
        y + 12.0 - CHART.1
    }

    fn nothing(&mut self, text: &str) {
        const GOOD_SOFT: Color = Color(0x00e5_f4ea);
        let found = format!("{}: ", self.report.language.nothing_found());
        let head = self.fonts.glyphs(&found, Face::Bold, LABEL_CHARS_MAX);
        let bold = head.len();
        let mut glyphs = head;
        glyphs.extend(self.fonts.glyphs(text, Face::Text, TEXT_CHARS_MAX));
        let lines = text::lines(self.fonts, &glyphs, BODY.0, WIDE - 24.0, 40);
        let height = lines.len() as f32 * BODY.1 + 14.0;
        let mut marks = vec![panel(0.0, WIDE, height, GOOD_SOFT)];
        for (n, mut line) in lines.into_iter().enumerate() {
            let y = 7.0 + BODY.1 * n as f32 + BODY.1 * 0.5 + BODY.0 * 0.36;
            let rest = line.split_off(if n == 0 { bold.min(line.len()) } else { 0 });
            let x = 12.0 + width(&line, BODY.0);
            for (x, glyphs, color) in [(12.0, line, style::GOOD), (x, rest, style::TEXT)] {
                marks.push(Mark::Text {
                    x,
                    y,
                    glyphs,
                    size: BODY.0,
                    color,
                });
            }
        }
        self.items.push(Item {
            gap: 12.0,
            height,
            marks,
            ..Item::default()
        });
    }
}

const CARD_HIGH: f32 = 57.0;

/// A line across the text.
pub(super) fn rule(y: f32) -> Mark {
    Mark::Line {
        from: (0.0, y),
        to: (WIDE, y),
        color: style::LINE_STRONG,
    }
}

fn panel(x: f32, width: f32, height: f32, color: Color) -> Mark {
    Mark::Box {
        x,
        y: 0.0,
        width,
        height,
        radius: 4.0,
        color,
    }
}

pub(super) fn dot(x: f32, y: f32, size: f32, color: Color) -> Mark {
    Mark::Box {
        x,
        y,
        width: size,
        height: size,
        radius: size * 0.3,
        color,
    }
}

fn tone_dot(tone: Tone) -> Color {
    match tone {
        Tone::Plain => Color(0x008f_98a5),
        Tone::Good => Color(0x002c_8a52),
        Tone::Attention => Color(0x00d9_9100),
        Tone::Bad => Color(0x00d6_453d),
    }
}

/// The product's mark: lines of a log in a square of 14 points.
fn logo() -> Vec<Mark> {
    let part = |x: f32, y: f32, width: f32, height: f32| Mark::Box {
        x: x * 0.875,
        y: y * 0.875,
        width: width * 0.875,
        height: height * 0.875,
        radius: 0.0,
        color: style::WHITE,
    };
    vec![
        Mark::Box {
            x: 0.0,
            y: 0.0,
            width: 14.0,
            height: 14.0,
            radius: 2.6,
            color: style::ACCENT,
        },
        part(3.0, 4.5, 1.6, 7.0),
        part(6.0, 4.5, 7.0, 1.6),
        part(6.0, 7.2, 5.0, 1.6),
        part(6.0, 9.9, 7.0, 1.6),
    ]
}
