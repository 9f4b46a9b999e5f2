//! A report as data: what the server gathers and stores, and what [`crate::html`] and [`crate::pdf`] show.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use watchpost_event::{Severity, Timestamp};

/// The shape of a stored report; one of another version is refused when it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Version;

const VERSION: u32 = 1;

impl From<Version> for u32 {
    fn from(_: Version) -> Self {
        VERSION
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        (number == VERSION)
            .then_some(Self)
            .ok_or_else(|| format!("the report has version {number}, this program reads version {VERSION}"))
    }
}

/// Everything a report says. Titles and sentences come from whoever gathers the data, in the report's language; any
/// text may hold whatever an event held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The shape of the data.
    #[serde(default)]
    pub version: Version,
    /// What kind of report: "Weekly security report".
    pub title: String,
    /// Whom it is about, when not everyone: a host, a group.
    #[serde(default)]
    pub subject: Option<String>,
    /// The beginning of the period, inclusive.
    pub from: Timestamp,
    /// Its end, exclusive.
    pub to: Timestamp,
    /// When the data was gathered.
    pub made: Timestamp,
    /// Where the people are who read it: times are told and days begin as there. Stored as its IANA name.
    #[serde(with = "crate::zone")]
    pub zone: TimeZone,
    /// The language of the crate's own words.
    pub language: Language,
    /// The period in a few sentences, the most important first.
    #[serde(default)]
    pub summary: Vec<Finding>,
    /// The parts, in order.
    pub sections: Vec<Section>,
}

/// A language that reports can be made in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

/// What a finding means to its reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// A fact.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Attention,
    /// Something has to be done.
    Bad,
}

/// One sentence of the summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it means.
    #[serde(default)]
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// A part of a report under its own heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What is shown here, and what it is for.
    #[serde(default)]
    pub intro: Option<String>,
    /// What is shown, from top to bottom.
    pub blocks: Vec<Block>,
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// The numbers that matter, side by side.
    Numbers {
        /// At most [`NUMBERS_MAX`] are shown.
        numbers: Vec<KeyNumber>,
    },
    /// How often each of several things was.
    Bars(BarChart),
    /// How often something was, hour by hour or day by day.
    Times(TimeChart),
    /// Rows and columns.
    Table(Table),
    /// Running text.
    Text {
        /// The paragraph.
        text: String,
    },
    /// Nothing was found, which is worth saying.
    Nothing {
        /// What was looked for.
        text: String,
    },
}

/// Most numbers of one block that are shown.
pub const NUMBERS_MAX: usize = 24;
/// Most bars of one chart that are shown.
pub const BARS_MAX: usize = 50;
/// Most steps of one chart over time that are shown: the hours of a month.
pub const STEPS_MAX: usize = 750;
/// Most rows of one table that are shown, whatever its own limit says.
pub const ROWS_MAX: usize = 10_000;
/// Most columns of a table that are shown.
pub const COLUMNS_MAX: usize = 10;

/// A value with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amount {
    /// How many.
    Count(u64),
    /// Bytes; told in decimal units.
    Bytes(u64),
    /// Of a hundred.
    Percent(f64),
    /// How long, in seconds.
    Seconds(u64),
}

impl Amount {
    /// The bare number, to compare two of one unit.
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::Count(n) | Self::Bytes(n) | Self::Seconds(n) => n as f64,
            Self::Percent(n) => n,
        }
    }
}

/// Which way a number should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The fewer the better: alerts, failures.
    Fewer,
    /// The more the better: hosts that report.
    More,
}

/// A number that says how the period was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyNumber {
    /// What was counted.
    pub label: String,
    /// How much it was.
    pub amount: Amount,
    /// The same of the period before, in the same unit.
    #[serde(default)]
    pub before: Option<Amount>,
    /// Whether a change is good news; without it a change is told without judgement.
    #[serde(default)]
    pub better: Option<Better>,
    /// What the number itself means.
    #[serde(default)]
    pub tone: Tone,
}

/// Bars from left to right, one below the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarChart {
    /// What is counted.
    #[serde(default)]
    pub title: Option<String>,
    /// In the order they are shown; at most [`BARS_MAX`].
    pub bars: Vec<Bar>,
    /// How many more there were that are not among `bars`.
    #[serde(default)]
    pub more: u64,
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// Of what.
    pub label: String,
    /// How many.
    pub count: u64,
    /// Gives the bar its colour.
    #[serde(default)]
    pub severity: Option<Severity>,
}

/// How long one step of a chart over time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// An hour.
    Hour,
    /// A calendar day where the readers are: 23 to 25 hours.
    Day,
}

/// Columns over time, stacked by severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeChart {
    /// What is counted.
    #[serde(default)]
    pub title: Option<String>,
    /// When the first step begins.
    pub from: Timestamp,
    /// How long each step is.
    pub step: Step,
    /// What is stacked, at most one for each severity and one without.
    pub series: Vec<Series>,
}

/// The counts of one severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Whose; nothing when severities do not matter here.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// What the legend says instead of the severity.
    #[serde(default)]
    pub label: Option<String>,
    /// One for each step; at most [`STEPS_MAX`].
    pub counts: Vec<u64>,
}

/// Rows and columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What the rows are.
    #[serde(default)]
    pub title: Option<String>,
    /// At most [`COLUMNS_MAX`].
    pub columns: Vec<Column>,
    /// One cell for each column; missing ones are empty.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows are shown at most; of the others their number is told.
    #[serde(default = "rows_default")]
    pub rows_max: usize,
    /// How many more there were that are not among `rows`.
    #[serde(default)]
    pub more: u64,
}

const fn rows_default() -> usize {
    50
}

impl Table {
    /// The rows that are shown, and how many are not.
    pub(crate) fn shown(&self) -> (&[Vec<Cell>], u64) {
        let shown = self.rows.len().min(self.rows_max).min(ROWS_MAX);
        let left = (self.rows.len() - shown) as u64;
        (&self.rows[..shown], left.saturating_add(self.more))
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns[..self.columns.len().min(COLUMNS_MAX)]
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Where its cells stand.
    #[serde(default)]
    pub align: Align,
}

/// Where text stands within its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// At the beginning: words.
    #[default]
    Left,
    /// At the end: numbers.
    Right,
}

/// What stands in one place of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Words.
    Text(String),
    /// A path, a command line, a hash: what is told letter by letter.
    Code(String),
    /// A number with its unit.
    Amount(Amount),
    /// A moment, told to the second.
    Time(Timestamp),
    /// A severity by name and colour.
    Severity(Severity),
    /// The level of a rule: the same colours, and words of its own (`medium` where a log says `error`).
    Level(Severity),
    /// Nothing is known.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_its_limit_and_counts_what_it_does_not_show() {
        let mut table = Table {
            title: None,
            columns: Vec::new(),
            rows: vec![Vec::new(); 60],
            rows_max: rows_default(),
            more: 204,
        };
        assert_eq!((table.shown().0.len(), table.shown().1), (50, 214));
        table.rows_max = 100;
        assert_eq!((table.shown().0.len(), table.shown().1), (60, 204));
        table.rows = vec![Vec::new(); ROWS_MAX + 1];
        table.rows_max = usize::MAX;
        table.more = u64::MAX;
        assert_eq!((table.shown().0.len(), table.shown().1), (ROWS_MAX, u64::MAX));
    }
}
