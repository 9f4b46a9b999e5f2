//! A chart over time as shapes, drawn once for both forms. Lengths are points on paper and pixels on a page; y points
//! down.

use jiff::Zoned;
use watchpost_event::Severity;

use crate::model::{Language, STEPS_MAX, Series, Step, TimeChart};
use crate::style::{self, Color};
use crate::zone;

/// Where a text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        color: Color,
    },
    /// Always level or upright, half a unit thick.
    Line {
        from: (f32, f32),
        to: (f32, f32),
        color: Color,
    },
    /// `y` is where the letters stand.
    Text {
        x: f32,
        y: f32,
        anchor: Anchor,
        text: String,
    },
}

/// What is drawn, and how large it is.
pub(crate) struct Drawing {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Of its letters.
    pub(crate) letters: f32,
    pub(crate) shapes: Vec<Shape>,
}

/// The measures of a drawing and where its plot lies within.
struct Frame {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    letters: f32,
    /// Units per count.
    scale: f32,
}

/// Room for the numbers beside the plot, in letters.
const SIDE: f32 = 4.6;
/// Least distance of two labels below the plot, in letters.
const APART: f32 = 5.6;
/// A column of errors or worse is never drawn thinner.
const SLIVER: f32 = 1.2;

/// The chart, as wide as asked, its letters as large as asked.
pub(crate) fn draw(chart: &TimeChart, zone: &jiff::tz::TimeZone, language: Language, size: (f32, f32, f32)) -> Drawing {
    let (width, height, letters) = size;
    let count = chart.series.iter().map(|series| series.counts.len()).max().unwrap_or(0);
    let count = count.clamp(1, STEPS_MAX);
    let steps = zone::steps(chart.from, chart.step, count, zone);
    let highest = (0..count).map(|n| total(chart, n)).max().unwrap_or(0);
    let (top, every) = scale(highest);
    let frame = Frame {
        left: letters * SIDE,
        top: letters * 0.6,
        width: width - letters * SIDE,
        height: height - letters * 2.4,
        letters,
        scale: (height - letters * 2.4) / top as f32,
    };
    let mut shapes = Vec::new();
    grid(&frame, top, every, language, &mut shapes);
    columns(&frame, chart, count, &mut shapes);
    labels(&frame, chart.step, &steps, language, &mut shapes);
    Drawing {
        width,
        height,
        letters,
        shapes,
    }
}

/// The layers from the bottom of a column to its top: what matters most stands on the line and does not float.
pub(crate) fn layers(chart: &TimeChart) -> Vec<&Series> {
    let mut layers: Vec<&Series> = chart.series.iter().take(Severity::ALL.len() + 1).collect();
    layers.sort_by_key(|series| std::cmp::Reverse(series.severity));
    layers
}

fn total(chart: &TimeChart, n: usize) -> u64 {
    let counts = layers(chart).into_iter().filter_map(|series| series.counts.get(n));
    counts.fold(0, |sum: u64, count| sum.saturating_add(*count))
}

/// The top of the scale and the distance of its lines: round numbers, three to five lines.
fn scale(highest: u64) -> (u64, u64) {
    let mut unit: u64 = 1;
    loop {
        for step in [1, 2, 5] {
            let every = unit.saturating_mul(step);
            if highest.div_ceil(every) <= 4 {
                return (every.saturating_mul(highest.div_ceil(every).max(1)), every);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn grid(frame: &Frame, top: u64, every: u64, language: Language, shapes: &mut Vec<Shape>) {
    let bottom = frame.top + frame.height;
    for n in 0..=top / every {
        let value = every.saturating_mul(n);
        let y = bottom - value as f32 * frame.scale;
        let color = if n == 0 { style::LINE_STRONG } else { style::LINE };
        shapes.push(Shape::Line {
            from: (frame.left, y),
            to: (frame.left + frame.width, y),
            color,
        });
        shapes.push(Shape::Text {
            x: frame.left - frame.letters * 0.6,
            y: y + frame.letters * 0.35,
            anchor: Anchor::End,
            text: language.tick(value),
        });
    }
}

fn columns(frame: &Frame, chart: &TimeChart, count: usize, shapes: &mut Vec<Shape>) {
    let slot = frame.width / count as f32;
    let thick = if slot > 12.0 {
        (slot * 0.68).min(36.0)
    } else {
        slot * 0.86
    };
    for n in 0..count {
        let mut y = frame.top + frame.height;
        for series in layers(chart) {
            let value = series.counts.get(n).copied().unwrap_or(0);
            if value == 0 {
                continue;
            }
            let loud = series.severity >= Some(Severity::Error);
            let height = (value as f32 * frame.scale).max(if loud { SLIVER } else { 0.3 });
            y -= height;
            shapes.push(Shape::Box {
                x: frame.left + slot * n as f32 + (slot - thick) / 2.0,
                y,
                width: thick,
                height,
                color: style::bar(series.severity),
            });
        }
    }
}

fn labels(frame: &Frame, step: Step, steps: &[Zoned], language: Language, shapes: &mut Vec<Shape>) {
    let slot = frame.width / steps.len() as f32;
    let (every, offset) = spacing(step, slot, frame.letters * APART);
    for (n, start) in steps.iter().enumerate() {
        let (turn, at) = match step {
            Step::Hour if every < 24 => (
                usize::from(start.hour().unsigned_abs()).is_multiple_of(every),
                slot * n as f32,
            ),
            Step::Hour => (
                start.hour() == 0 && day_of(start).is_multiple_of(every / 24),
                slot * n as f32,
            ),
            Step::Day => (n.is_multiple_of(every), slot * (n as f32 + 0.5)),
        };
        // A label must not stand beyond the plot, nor the one for the second 02:00 over the first.
        let repeated = n > 0 && steps[n - 1].hour() == start.hour() && step == Step::Hour;
        if !turn || repeated || at + offset > frame.width {
            continue;
        }
        let x = frame.left + at;
        if step == Step::Hour {
            shapes.push(Shape::Line {
                from: (x, frame.top + frame.height),
                to: (x, frame.top + frame.height + 3.0),
                color: style::LINE_STRONG,
            });
        }
        shapes.push(Shape::Text {
            x,
            y: frame.top + frame.height + frame.letters * 1.5,
            anchor: Anchor::Middle,
            text: label(step, start, language),
        });
    }
}

/// A number that rises by one with every day.
fn day_of(start: &Zoned) -> usize {
    let days = start.date().duration_since(jiff::civil::Date::ZERO).as_hours() / 24;
    usize::try_from(days).unwrap_or(0)
}

/// Hours or days from label to label, and how far from the end of the plot one must stay.
fn spacing(step: Step, slot: f32, apart: f32) -> (usize, f32) {
    let fits = |every: &usize| slot * *every as f32 >= apart;
    match step {
        Step::Hour => {
            let every = [1, 2, 3, 6, 12, 24, 48, 96, 168].into_iter().find(fits).unwrap_or(336);
            (every, apart * 0.25)
        }
        Step::Day => {
            let every = [1, 2, 4, 7, 14, 28, 56].into_iter().find(fits).unwrap_or(112);
            (every, 0.0)
        }
    }
}

fn label(step: Step, start: &Zoned, language: Language) -> String {
    if step == Step::Hour && start.hour() != 0 {
        return start.strftime("%H:%M").to_string();
    }
    format!("{} {}", language.weekday(start.weekday()), start.day())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn chart(step: Step, counts: Vec<u64>) -> TimeChart {
        TimeChart {
            title: None,
            from: "2026-11-16T00:00:00Z".parse().unwrap(),
            step,
            series: vec![Series {
                severity: Some(Severity::Error),
                label: None,
                counts,
            }],
        }
    }

    fn texts(drawing: &Drawing) -> Vec<&str> {
        let found = drawing.shapes.iter().filter_map(|shape| match shape {
            Shape::Text {
                text,
                anchor: Anchor::Middle,
                ..
            } => Some(text.as_str()),
            _ => None,
        });
        found.collect()
    }

    #[test]
    fn scales_are_round() {
        assert_eq!(scale(0), (1, 1));
        assert_eq!(scale(4), (4, 1));
        assert_eq!(scale(7), (8, 2));
        assert_eq!(scale(1_234), (1_500, 500));
        assert!(scale(u64::MAX).0 > 0);
    }

    #[test]
    fn labels_stand_apart_and_at_whole_hours_and_days() {
        let size = (515.0, 120.0, 7.0);
        let week = draw(&chart(Step::Day, vec![1; 7]), &TimeZone::UTC, Language::Ru, size);
        assert_eq!(
            texts(&week),
            ["пн 16", "вт 17", "ср 18", "чт 19", "пт 20", "сб 21", "вс 22"]
        );
        let day = draw(&chart(Step::Hour, vec![1; 24]), &TimeZone::UTC, Language::En, size);
        assert_eq!(texts(&day)[..3], ["Mon 16", "02:00", "04:00"]);
        let month = draw(&chart(Step::Hour, vec![1; 744]), &TimeZone::UTC, Language::En, size);
        assert!(texts(&month).len() < 17, "{:?}", texts(&month));
    }

    #[test]
    fn every_shape_stays_within_the_drawing() {
        for counts in [vec![], vec![0; 24], vec![u64::MAX; 3], vec![1; 100_000]] {
            let drawing = draw(
                &chart(Step::Hour, counts),
                &TimeZone::UTC,
                Language::En,
                (500.0, 100.0, 8.0),
            );
            for shape in &drawing.shapes {
                if let Shape::Box {
                    x, y, width, height, ..
                } = shape
                {
                    assert!(*x >= 0.0 && x + width <= 500.1, "{shape:?}");
                    assert!(*y >= 0.0 && y + height <= 100.1, "{shape:?}");
                }
            }
        }
    }
}
