//! Marks on paper. Places are points from the upper left corner of whatever holds the mark.

use pdf_writer::{Content, Str};

use super::fonts::Glyph;
use crate::style::{self, Color};

/// A4 (ISO 216), in points.
pub(super) const PAPER: (f32, f32) = (595.28, 841.89);
/// How far a quarter of a circle's handles are from its ends, of its radius.
const ROUND: f32 = 0.552_3;

#[derive(Clone, Debug)]
pub(super) enum Mark {
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        radius: f32,
        color: Color,
    },
    Line {
        from: (f32, f32),
        to: (f32, f32),
        color: Color,
    },
    /// `y` is where the letters stand.
    Text {
        x: f32,
        y: f32,
        glyphs: Vec<Glyph>,
        size: f32,
        color: Color,
    },
}

/// Draws a mark on a page; `left` and `top` are where what holds it lies.
pub(super) fn paint(page: &mut Content, mark: &Mark, left: f32, top: f32) {
    match mark {
        Mark::Box {
            x,
            y,
            width,
            height,
            radius,
            color,
        } => {
            let [r, g, b] = color.rgb();
            page.set_fill_rgb(r, g, b);
            let below = PAPER.1 - top - y - height;
            if *radius > 0.0 {
                rounded(page, left + x, below, (*width, *height), *radius);
            } else {
                page.rect(left + x, below, *width, *height);
            }
            page.fill_nonzero();
        }
        Mark::Line { from, to, color } => {
            let [r, g, b] = color.rgb();
            page.set_stroke_rgb(r, g, b).set_line_width(0.5);
            page.move_to(left + from.0, PAPER.1 - top - from.1);
            page.line_to(left + to.0, PAPER.1 - top - to.1).stroke();
        }
        Mark::Text {
            x,
            y,
            glyphs,
            size,
            color,
        } => text(page, (left + x, PAPER.1 - top - y), glyphs, *size, *color),
    }
}

fn rounded(page: &mut Content, x: f32, y: f32, (width, height): (f32, f32), radius: f32) {
    let r = radius.min(width / 2.0).min(height / 2.0);
    let k = r * (1.0 - ROUND);
    let (right, top) = (x + width, y + height);
    page.move_to(x + r, y).line_to(right - r, y);
    page.cubic_to(right - k, y, right, y + k, right, y + r);
    page.line_to(right, top - r);
    page.cubic_to(right, top - k, right - k, top, right - r, top);
    page.line_to(x + r, top);
    page.cubic_to(x + k, top, x, top - k, x, top - r);
    page.line_to(x, y + r);
    page.cubic_to(x, y + k, x + k, y, x + r, y).close_path();
}

/// Letters of one line, in stretches of one face and colour.
fn text(page: &mut Content, place: (f32, f32), glyphs: &[Glyph], size: f32, color: Color) {
    let mut left = place.0;
    for stretch in glyphs.chunk_by(|a, b| (a.face, a.mark) == (b.face, b.mark)) {
        let Some(first) = stretch.first() else { continue };
        let [r, g, b] = if first.mark { style::WARN } else { color }.rgb();
        let codes: Vec<u8> = stretch.iter().flat_map(|glyph| glyph.code.to_be_bytes()).collect();
        page.set_fill_rgb(r, g, b);
        page.begin_text().set_font(first.face.name(), size);
        page.next_line(left, place.1).show(Str(&codes)).end_text();
        left += super::text::width(stretch, size);
    }
}
