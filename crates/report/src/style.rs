//! Colours and their meaning: the light theme of the web interface, for paper.

use watchpost_event::Severity;

use crate::model::{Better, KeyNumber, Tone};

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(pub(crate) u32);

impl Color {
    /// `#1f5fbf`
    pub(crate) fn css(self) -> String {
        format!("#{:06x}", self.0)
    }

    /// Each from 0 to 1.
    pub(crate) fn rgb(self) -> [f32; 3] {
        let [_, r, g, b] = self.0.to_be_bytes();
        [r, g, b].map(|part| f32::from(part) / 255.0)
    }
}

pub(crate) const WHITE: Color = Color(0x00ff_ffff);
pub(crate) const SUNKEN: Color = Color(0x00f7_f8f9);
pub(crate) const LINE: Color = Color(0x00e1_e4e8);
pub(crate) const LINE_STRONG: Color = Color(0x00c3_c9d1);
pub(crate) const TEXT: Color = Color(0x001b_2028);
pub(crate) const TEXT_2: Color = Color(0x004b_5563);
pub(crate) const TEXT_3: Color = Color(0x0062_6c7a);
pub(crate) const ACCENT: Color = Color(0x001f_5fbf);
pub(crate) const GOOD: Color = Color(0x001b_6e3c);
pub(crate) const WARN: Color = Color(0x008a_5a00);
pub(crate) const BAD: Color = Color(0x00b3_261e);

/// The colour of a bar.
pub(crate) fn bar(severity: Option<Severity>) -> Color {
    match severity {
        None => Color(0x005b_8fd6),
        Some(Severity::Debug) => Color(0x008f_98a5),
        Some(Severity::Info) => Color(0x006f_9ed8),
        Some(Severity::Warning) => Color(0x00d9_9100),
        Some(Severity::Error) => Color(0x00d6_453d),
        Some(Severity::Critical) => Color(0x00a3_195b),
        Some(Severity::Emergency) => Color(0x006d_28a8),
    }
}

/// The colour of a severity's name.
pub(crate) fn name(severity: Severity) -> Color {
    match severity {
        Severity::Debug => Color(0x005c_6673),
        Severity::Info => Color(0x002b_62a8),
        Severity::Warning => WARN,
        Severity::Error => BAD,
        Severity::Critical => Color(0x0098_154f),
        Severity::Emergency => Color(0x0065_239e),
    }
}

/// The colour of a sentence's dot, or of a number.
pub(crate) fn tone(tone: Tone) -> Color {
    match tone {
        Tone::Plain => TEXT,
        Tone::Good => GOOD,
        Tone::Attention => WARN,
        Tone::Bad => BAD,
    }
}

/// Whether the change of a number is good news.
pub(crate) fn change(number: &KeyNumber) -> Tone {
    let (Some(before), Some(better)) = (number.before, number.better) else {
        return Tone::Plain;
    };
    let grown = number.amount.value() - before.value();
    match better {
        _ if grown == 0.0 || grown.is_nan() => Tone::Plain,
        Better::Fewer if grown < 0.0 => Tone::Good,
        Better::More if grown > 0.0 => Tone::Good,
        _ => Tone::Bad,
    }
}
