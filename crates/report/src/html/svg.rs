//! Drawings as inline SVG.

use std::fmt::Write;

use super::Page;
use crate::chart::{Anchor, Drawing, Shape};
use crate::style::{Color, TEXT_3};

/// The product's mark: lines of a log in a square.
pub(super) const LOGO: &str = "<svg viewBox=\"0 0 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\">\
    <rect width=\"16\" height=\"16\" rx=\"3\" fill=\"#1f5fbf\"/>\
    <path d=\"M3 4.5h1.6v7H3zM6 4.5h7v1.6H6zM6 7.2h5v1.6H6zM6 9.9h7v1.6H6z\" fill=\"#fff\"/></svg>";

impl Page<'_> {
    /// The drawing shrinks with the page and keeps its proportions.
    pub(super) fn drawing(&mut self, drawing: &Drawing) {
        let (width, height, letters) = (drawing.width, drawing.height, drawing.letters);
        let _ = writeln!(
            self.out,
            "<svg viewBox=\"0 0 {width} {height}\" width=\"100%\" font-size=\"{letters}\">"
        );
        for shape in &drawing.shapes {
            self.shape(shape);
        }
        self.raw("</svg>\n");
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Box {
                x,
                y,
                width,
                height,
                color,
            } => {
                let color = color.css();
                let _ = writeln!(
                    self.out,
                    "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{color}\"/>"
                );
            }
            Shape::Line { from, to, color } => {
                let color = color.css();
                let _ = writeln!(
                    self.out,
                    "<path d=\"M{:.2} {:.2}L{:.2} {:.2}\" stroke=\"{color}\"/>",
                    from.0, from.1, to.0, to.1
                );
            }
            Shape::Text { x, y, anchor, text } => {
                let anchor = match anchor {
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let color = TEXT_3.css();
                let _ = write!(
                    self.out,
                    "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\" fill=\"{color}\">"
                );
                self.text(text, crate::clean::LABEL_CHARS_MAX);
                self.raw("</text>\n");
            }
        }
    }

    /// A bar as long as its share of the longest.
    pub(super) fn bar(&mut self, share: f64, color: Color) {
        let (percent, color) = (share * 100.0, color.css());
        let _ = write!(
            self.out,
            "<svg width=\"100%\" height=\"12\" aria-hidden=\"true\">\
             <rect width=\"{percent:.2}%\" height=\"12\" rx=\"2\" fill=\"{color}\"/></svg>"
        );
    }

    /// A dot before a name.
    pub(super) fn dot(&mut self, color: Color) {
        let color = color.css();
        let _ = write!(
            self.out,
            "<svg class=\"dot\" width=\"8\" height=\"8\" aria-hidden=\"true\">\
             <rect width=\"8\" height=\"8\" rx=\"2\" fill=\"{color}\"/></svg>"
        );
    }
}
