//! Colours, which the output has or has not.

use watchpost_event::Severity;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour, given where the output goes. `no_color` is whether NO_COLOR is set (<https://no-color.org>).
    pub const fn resolve(self, terminal: bool, no_color: bool) -> bool {
        match self {
            Self::Auto => terminal && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

pub(crate) const DIM: &str = "\u{1b}[2m";
pub(crate) const CYAN: &str = "\u{1b}[36m";
pub(crate) const RED: &str = "\u{1b}[31m";
pub(crate) const GREEN: &str = "\u{1b}[32m";
pub(crate) const YELLOW: &str = "\u{1b}[33m";
pub(crate) const BLUE: &str = "\u{1b}[34m";
pub(crate) const MAGENTA: &str = "\u{1b}[35m";
pub(crate) const BOLD: &str = "\u{1b}[1m";
pub(crate) const BOLD_RED: &str = "\u{1b}[1;31m";
const RESET: &str = "\u{1b}[0m";

/// Appends `text` in a colour, or plainly.
pub(crate) fn paint(out: &mut String, colored: bool, color: &str, text: &str) {
    if colored && !color.is_empty() {
        out.push_str(color);
        out.push_str(text);
        out.push_str(RESET);
    } else {
        out.push_str(text);
    }
}

pub(crate) const fn severity_color(severity: Option<Severity>) -> &'static str {
    match severity {
        None => DIM,
        Some(Severity::Debug) => "\u{1b}[90m",
        Some(Severity::Info) => "\u{1b}[32m",
        Some(Severity::Warning) => "\u{1b}[33m",
        Some(Severity::Error) => "\u{1b}[31m",
        Some(Severity::Critical) => "\u{1b}[1;31m",
        Some(Severity::Emergency) => "\u{1b}[1;37;41m",
    }
}

/// A letter for the compact form and for output without colour.
pub(crate) const fn severity_letter(severity: Option<Severity>) -> char {
    match severity {
        None => '·',
        Some(Severity::Debug) => 'D',
        Some(Severity::Info) => 'I',
        Some(Severity::Warning) => 'W',
        Some(Severity::Error) => 'E',
        Some(Severity::Critical) => 'C',
        Some(Severity::Emergency) => '!',
    }
}
