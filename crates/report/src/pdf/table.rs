//! Tables: how wide each column is, and a row as an item.

use std::rc::Rc;

use super::flow::{Item, WIDE};
use super::fonts::{Face, Glyph};
use super::layout::{Layout, dot, rule};
use super::paint::Mark;
use super::text::{self, width};
use crate::clean::{CELL_CHARS_MAX, LABEL_CHARS_MAX};
use crate::model::{Align, Cell, Column, Table};
use crate::style::{self, Color};
use crate::words;
use crate::zone;

/// Letters, distance of lines, and the room around a cell.
const SIZE: f32 = 8.0;
const CODE_SIZE: f32 = 7.2;
const LINE: f32 = 11.0;
const PAD: (f32, f32) = (6.0, 4.0);
/// A cell is cut after so many lines.
const LINES_MAX: usize = 8;
/// Columns are not narrower when there is room at all.
const NARROW: f32 = 44.0;
/// Room of the dot before a severity.
const DOT: f32 = 9.0;

/// A cell's letters and how they are set.
struct Set {
    glyphs: Vec<Glyph>,
    size: f32,
    color: Color,
    dot: Option<Color>,
    /// It is not broken into lines: a number, a time, a severity.
    whole: bool,
}

impl Set {
    fn width(&self) -> f32 {
        width(&self.glyphs, self.size) + self.dot.map_or(0.0, |_| DOT)
    }
}

impl Layout<'_> {
    pub(super) fn table(&mut self, table: &Table) {
        self.title(table.title.as_ref());
        let (rows, left) = table.shown();
        let columns = table.columns();
        let heads: Vec<Set> = columns.iter().map(|column| self.column_head(column)).collect();
        let rows: Vec<Vec<Set>> = rows
            .iter()
            .map(|row| row.iter().take(columns.len()).map(|cell| self.cell(cell)).collect())
            .collect();
        let widths = widths(&heads, &rows);
        let head = self.row(&heads, columns, &widths, true);
        let repeated = Rc::new(Item {
            gap: 0.0,
            ..head.clone()
        });
        self.items.push(Item {
            gap: 8.0,
            keep: true,
            ..head
        });
        for row in rows {
            let item = self.row(&row, columns, &widths, false);
            self.items.push(Item {
                head: Some(Rc::clone(&repeated)),
                ..item
            });
        }
        self.left_out(left);
    }

    fn column_head(&mut self, column: &Column) -> Set {
        Set {
            glyphs: self.fonts.glyphs(&column.title, Face::Bold, LABEL_CHARS_MAX),
            size: 7.5,
            color: style::TEXT_2,
            dot: None,
            whole: false,
        }
    }

    fn cell(&mut self, cell: &Cell) -> Set {
        let language = self.report.language;
        match cell {
            Cell::Text(text) => self.set(text, Face::Text, false),
            Cell::Amount(amount) => self.set(&language.amount(*amount), Face::Text, true),
            Cell::Time(time) => self.set(&zone::second(*time, &self.report.zone), Face::Text, true),
            Cell::Unknown => self.set(words::UNKNOWN, Face::Text, true),
            Cell::Severity(severity) | Cell::Level(severity) => {
                let name = if matches!(cell, Cell::Level(_)) {
                    language.level(*severity)
                } else {
                    language.severity(*severity)
                };
                Set {
                    color: style::name(*severity),
                    dot: Some(style::bar(Some(*severity))),
                    ..self.set(name, Face::Text, true)
                }
            }
            Cell::Code(code) => Set {
                size: CODE_SIZE,
                ..self.set(code, Face::Mono, false)
            },
        }
    }

    fn set(&mut self, text: &str, face: Face, whole: bool) -> Set {
        Set {
            glyphs: self.fonts.glyphs(text, face, CELL_CHARS_MAX),
            size: SIZE,
            color: style::TEXT,
            dot: None,
            whole,
        }
    }

    fn row(&mut self, cells: &[Set], columns: &[Column], widths: &[f32], head: bool) -> Item {
        let mut marks = Vec::new();
        let mut lines_most = 1;
        let mut x = 0.0;
        for ((cell, column), wide) in cells.iter().zip(columns).zip(widths) {
            let room = wide - 2.0 * PAD.0;
            let left = cell.dot.map_or(0.0, |_| DOT);
            let lines = text::lines(self.fonts, &cell.glyphs, cell.size, (room - left).max(1.0), LINES_MAX);
            lines_most = lines_most.max(lines.len());
            marks.extend(
                cell.dot
                    .map(|color| dot(x + PAD.0, PAD.1 + LINE / 2.0 - 2.8, 5.6, color)),
            );
            for (n, glyphs) in lines.into_iter().enumerate() {
                let indent = match column.align {
                    Align::Left => left,
                    Align::Right => room - width(&glyphs, cell.size),
                };
                marks.push(Mark::Text {
                    x: x + PAD.0 + indent,
                    y: PAD.1 + LINE * (n as f32 + 0.5) + SIZE * 0.36,
                    glyphs,
                    size: cell.size,
                    color: cell.color,
                });
            }
            x += wide;
        }
        let height = lines_most as f32 * LINE + 2.0 * PAD.1;
        if head {
            marks.insert(0, band(height));
        }
        marks.push(match rule(height) {
            Mark::Line { from, to, .. } if !head => Mark::Line {
                from,
                to,
                color: style::LINE,
            },
            line => line,
        });
        Item {
            height,
            marks,
            ..Item::default()
        }
    }
}

fn band(height: f32) -> Mark {
    Mark::Box {
        x: 0.0,
        y: 0.0,
        width: WIDE,
        height,
        radius: 0.0,
        color: style::SUNKEN,
    }
}

/// What each column gets of the page's width. Columns whose cells are not broken get what they need; the others share
/// the rest by what they would like to have.
fn widths(heads: &[Set], rows: &[Vec<Set>]) -> Vec<f32> {
    let around = 2.0 * PAD.0;
    let mut liked: Vec<f32> = heads.iter().map(|head| head.width() + around).collect();
    let mut least: Vec<f32> = liked.iter().map(|liked| liked.min(NARROW)).collect();
    for row in rows {
        for (n, cell) in row.iter().enumerate() {
            liked[n] = liked[n].max(cell.width() + around);
            if cell.whole {
                least[n] = least[n].max((cell.width() + around).min(WIDE / 3.0));
            }
        }
    }
    let (all_liked, all_least): (f32, f32) = (liked.iter().sum(), least.iter().sum());
    if all_least >= WIDE {
        return least.iter().map(|least| least * WIDE / all_least).collect();
    }
    if all_liked <= WIDE {
        return spread(&liked, WIDE - all_liked);
    }
    share(&liked, &least)
}

/// All have what they like; what is left goes to all alike.
fn spread(liked: &[f32], left: f32) -> Vec<f32> {
    let more = left / liked.len().max(1) as f32;
    liked.iter().map(|liked| liked + more).collect()
}

/// One height of water over columns that stand between the least and the liked: no one gets more than it likes, and
/// the widest give first.
fn share(liked: &[f32], least: &[f32]) -> Vec<f32> {
    let given = |level: f32| -> Vec<f32> {
        let columns = liked.iter().zip(least);
        columns
            .map(|(liked, least)| level.clamp(*least, liked.max(*least)))
            .collect()
    };
    let (mut low, mut high) = (0.0, liked.iter().copied().fold(WIDE, f32::max));
    for _ in 0..40 {
        let level = f32::midpoint(low, high);
        if given(level).iter().sum::<f32>() > WIDE {
            high = level;
        } else {
            low = level;
        }
    }
    given(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_first() {
        let given = share(&[100.0, 2_000.0, 3_000.0], &[100.0, 44.0, 44.0]);
        assert!((given.iter().sum::<f32>() - WIDE).abs() < 0.5, "{given:?}");
        assert!((given[0] - 100.0).abs() < 0.01, "{given:?}");
        assert!((given[1] - given[2]).abs() < 0.01, "{given:?}");
    }
}
