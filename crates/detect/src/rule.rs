use serde::{Deserialize, Serialize};
use watchpost_event::{Severity, Timestamp};

/// What a rule says of itself: a detection's or a correlation's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, a UUID; its title where it has none. Unique within a set.
    pub key: String,
    /// Its id.
    pub id: Option<String>,
    /// Its name, by which correlations refer to it.
    pub name: Option<String>,
    /// Its title.
    pub title: String,
    /// Its level on the one severity scale; `low` where it has none.
    pub level: Severity,
    /// Its tags, such as `attack.t1046`.
    pub tags: Vec<String>,
    /// What it is for, in the words of whoever wrote it.
    pub description: Option<String>,
    /// Which fields make two detections of this rule the same story.
    pub group_by: Vec<String>,
    /// How far apart, in nanoseconds, two detections of one story may be.
    pub window: i64,
    /// Which file it stands in.
    pub file: String,
    /// How it finds what it finds.
    pub kind: RuleKind,
}

/// How a rule finds what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// It looks at one event.
    Event,
    /// It counts what other rules find.
    Correlation,
    /// It remembers values and finds new ones.
    FirstSeen,
    /// It compares an hour with the same hour of past days.
    Volume,
    /// It notices that something does not come any more.
    Silent,
    /// It holds a number of a time that slides on to its bounds.
    Threshold,
}

impl RuleKind {
    /// As rules and the interface spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Correlation => "correlation",
            Self::FirstSeen => "first_seen",
            Self::Volume => "volume",
            Self::Silent => "silent",
            Self::Threshold => "threshold",
        }
    }
}

/// A story ends when nothing was added to it for so long.
pub(crate) const STORY_WINDOW: i64 = 3_600 * 1_000_000_000;

/// What makes a story unless the rule says otherwise (`watchpost_group_by`).
pub(crate) const STORY_FIELDS: [&str; 4] = ["host.name", "user.name", "process.name", "source.ip"];

impl Rule {
    /// The rule level as Sigma spells it.
    pub fn level_name(&self) -> &'static str {
        match self.level {
            Severity::Debug | Severity::Info => "informational",
            Severity::Warning => "low",
            Severity::Error => "medium",
            Severity::Critical => "high",
            Severity::Emergency => "critical",
        }
    }
}

/// A rule that matched one event. Plain data, and all that correlation needs: it may be counted elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The rule's key.
    pub rule: String,
    /// When the event happened.
    pub time: Timestamp,
    /// When the server received it.
    pub received: Timestamp,
    /// The hit is a detection by itself.
    pub alone: bool,
    /// What it is to be counted for.
    pub shares: Vec<Share>,
}

/// A hit's part in one correlation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The correlation's key.
    pub correlation: String,
    /// The values of its `group-by` fields, in their order.
    pub group: Vec<String>,
    /// Of `value_count`: the value that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
