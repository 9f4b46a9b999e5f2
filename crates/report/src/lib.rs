//! A report as data, and its two forms: a self-contained HTML page and a PDF.
//!
//! What never enters: gathering the data, the clock, the network, files, tokio. A [`Report`] comes in, text or bytes go
//! out, and the same report gives the same bytes. Texts of events are chosen by whoever could write a log line: they
//! are escaped, cut, and what would be obeyed instead of seen is shown by its number. The typefaces of the PDF come
//! with the program.
//!
//! Start reading at [`Report`] (what a report can say), then [`html()`], then [`pdf()`].
//!
//! ```
//! use jiff::tz::TimeZone;
//! use watchpost_event::Severity;
//! use watchpost_report::{Bar, BarChart, Block, Language, Report, Section, Version, html, pdf};
//!
//! let alerts = BarChart {
//!     title: Some("Alerts by rule".to_owned()),
//!     bars: vec![Bar { label: "Password guessing".to_owned(), count: 12, severity: Some(Severity::Error) }],
//!     more: 0,
//! };
//! let report = Report {
//!     version: Version,
//!     title: "Daily security report".to_owned(),
//!     subject: Some("web-1".to_owned()),
//!     from: "2026-11-21T00:00:00Z".parse()?,
//!     to: "2026-11-22T00:00:00Z".parse()?,
//!     made: "2026-11-22T07:00:00Z".parse()?,
//!     zone: TimeZone::UTC,
//!     language: Language::En,
//!     summary: Vec::new(),
//!     sections: vec![Section {
//!         title: "Alerts".to_owned(),
//!         intro: None,
//!         blocks: vec![Block::Bars(alerts)],
//!     }],
//! };
//! assert!(html(&report).contains("Password guessing"));
//! assert!(pdf(&report)?.starts_with(b"%PDF-"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chart;
mod clean;
mod error;
mod html;
mod model;
mod pdf;
mod style;
mod words;
mod zone;

pub use error::ReportError;
pub use html::html;
pub use model::{
    Align, Amount, BARS_MAX, Bar, BarChart, Better, Block, COLUMNS_MAX, Cell, Column, Finding, KeyNumber, Language,
    NUMBERS_MAX, ROWS_MAX, Report, STEPS_MAX, Section, Series, Step, Table, TimeChart, Tone, Version,
};
pub use pdf::pdf;
