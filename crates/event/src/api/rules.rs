//! Rules: those in use, what people make of them, and how they are tried.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Timestamp;
use crate::protocol::ApiError;

/// The rules in use, and those that are switched off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesResponse {
    /// In order of title.
    pub rules: Vec<RuleInfo>,
    /// When they were loaded.
    pub loaded: Timestamp,
    /// Rules that cannot be used, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Why a newer state of the rules is not in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleInfo {
    /// What it is asked for by: its id, its title when it has none.
    pub key: String,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// informational, low, medium, high, critical.
    pub level: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The file it stands in.
    pub file: String,
    /// How it finds what it finds: event, correlation, first_seen, volume, silent or threshold.
    #[serde(default)]
    pub kind: String,
    /// Who made it.
    pub origin: RuleOrigin,
    /// It is looked for.
    pub enabled: bool,
    /// Of one that is switched off: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of one made by people here: which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Exceptions in force.
    pub exceptions: u64,
    /// Events it matched since the server started; of a correlation those it counted.
    pub hits: u64,
    /// Events that an exception kept from it since then.
    pub excepted: u64,
    /// Detections since then.
    pub detections: u64,
    /// Those of them that were put together with others of their story, since there were too many.
    #[serde(default)]
    pub together: u64,
    /// What asking it costs: nanoseconds for each event of its log source, measured alone on a sample. Absent: not yet
    /// measured; a correlation costs what the rules cost that it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_ns: Option<u64>,
}

/// Who made a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleOrigin {
    /// It comes with the program.
    Builtin,
    /// It stands in a file of the server's folders.
    #[default]
    File,
    /// People made it here.
    Own,
}

/// Everything about one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// The rule.
    #[serde(flatten)]
    pub info: RuleInfo,
    /// Its name, by which correlations refer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for, in the words of whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The text it stands in: Sigma, YAML, perhaps with other rules. Absent: it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it looks at; absent while it is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<RuleOutline>,
    /// Who last switched it off or on; absent: nobody ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RuleStateInfo>,
    /// Its exceptions, the newest first, those that are over included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exception_list: Vec<RuleExceptionInfo>,
    /// Of one made by people here: its versions, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<RuleVersionInfo>,
}

/// What a rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleOutline {
    /// Of which events.
    pub sources: Vec<RuleSource>,
    /// Fields it asks for.
    pub fields: Vec<String>,
    /// It looks for words anywhere in an event.
    pub words: bool,
    /// The rules it counts, when it is a correlation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<RuleReference>,
}

/// A log source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSource {
    /// Such as `linux`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Such as `process_creation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Such as `sshd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// A rule that another one speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleReference {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
}

/// Who switched a rule off or on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleStateInfo {
    /// It is on.
    pub enabled: bool,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a rule is not to find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleExceptionInfo {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Which events, in the query language.
    pub when: String,
    /// Why.
    pub reason: String,
    /// Whether it is in force.
    pub active: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// Until when; absent: until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// A version of a rule made by people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleVersionInfo {
    /// From 1.
    pub version: i64,
    /// From this version on there is no such rule.
    #[serde(default)]
    pub deleted: bool,
    /// Its text; of a deletion what there was last.
    pub text: String,
    /// Why it was made.
    pub note: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made: Timestamp,
}

/// Why something is done about a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleReason {
    /// In your words; to switch a rule off it has to be there.
    #[serde(default)]
    pub reason: String,
}

/// Asks for a rule of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleRequest {
    /// Sigma, YAML; the id of its first document is what its versions are kept by.
    pub text: String,
    /// Why it is made.
    #[serde(default)]
    pub note: String,
}

/// Asks for the next version of a rule of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveRuleRequest {
    /// Sigma, YAML, with the same id.
    pub text: String,
    /// Why it is made.
    #[serde(default)]
    pub note: String,
    /// The version it was made from: when there is a later one, nothing is saved.
    pub version: i64,
}

/// Asks for an exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExceptionRequest {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Which events, in the query language.
    pub when: String,
    /// Why.
    pub reason: String,
    /// Until when; absent: until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Asks what is wrong with a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRuleRequest {
    /// Sigma, YAML.
    pub text: String,
    /// The rule it is to take the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What is wrong with a text, and what it would look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckRuleResponse {
    /// What is wrong; nothing: it can be used.
    pub problems: Vec<RuleProblem>,
    /// Its rules that can be used.
    pub rules: Vec<CheckedRule>,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleProblem {
    /// What is wrong, and the remedy where there is one.
    pub message: String,
    /// With which rule, by title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// In which line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// At which character of it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// It is well-formed, but asks for something that is not built.
    #[serde(default)]
    pub unsupported: bool,
}

/// A rule that can be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckedRule {
    /// Its id, its title when it has none.
    pub key: String,
    /// Its title.
    pub title: String,
    /// informational, low, medium, high, critical.
    pub level: String,
    /// What it looks at.
    pub outline: RuleOutline,
}

/// Asks what a text finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRuleRequest {
    /// Sigma, YAML.
    pub text: String,
    /// Samples: a log line (text), an event (an object as a search gives it), or an array of those as a series. 100 at
    /// most.
    pub samples: Vec<Value>,
}

/// What a text found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestRuleResponse {
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<RuleProblem>,
    /// One of each sample.
    pub results: Vec<RuleTried>,
}

/// What became of one sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleTried {
    /// What was found, one sentence each; nothing: it is not found.
    pub found: Vec<String>,
    /// Why each rule that looks at single events finds the last event or not.
    pub explained: Vec<String>,
    /// Why it cannot be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks what a rule would have found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// Sigma, YAML; or `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A rule that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Only events that match this, in the query language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub q: String,
    /// Earliest time: RFC 3339, or a time ago; seven days ago when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Latest time, excluded; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Detections that are shown; 200 when left out, 1,000 at most. The rest is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// One line of a back-test as it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BacktestLine {
    /// How far it is.
    Progress(BacktestProgress),
    /// What would have been found, in order of time.
    Detection(BacktestDetection),
    /// The last line of one that went to its end.
    End(BacktestEnd),
    /// The last line of one that did not.
    Error(ApiError),
}

/// How far a back-test is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestProgress {
    /// Which share of the time is done: 0 to 1.
    pub done: f64,
    /// Everything before this was looked at.
    pub until: Timestamp,
    /// Events looked at.
    pub events: u64,
    /// Of those, matched.
    pub hits: u64,
    /// What would have been found.
    pub detections: u64,
}

/// What would have been found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestDetection {
    /// When.
    pub time: Timestamp,
    /// By which rule: its title.
    pub rule: String,
    /// informational, low, medium, high, critical.
    pub level: String,
    /// What people would be told.
    pub message: String,
    /// The id of the event that completed it; empty where it is about a time and no event.
    pub cause: String,
    /// How many events it stands for.
    pub count: u64,
    /// What makes it the same story as others: those of one group become one alert.
    pub group: Vec<String>,
}

/// How a back-test went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestEnd {
    /// The beginning of the time.
    pub from: Timestamp,
    /// Its end, excluded.
    pub to: Timestamp,
    /// Events looked at.
    pub events: u64,
    /// Of those, matched.
    pub hits: u64,
    /// Of those, kept back by an exception.
    pub excepted: u64,
    /// What would have been found.
    pub detections: u64,
    /// Of those, shown.
    pub shown: u64,
    /// Detections over time, without empty intervals.
    pub histogram: Vec<BacktestBucket>,
    /// How long one of its intervals is, in seconds.
    pub interval_seconds: u64,
    /// How long it took.
    pub took_ms: u64,
    /// What could not be read, one sentence each; everything else was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// Detections of one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestBucket {
    /// Its beginning.
    pub time: Timestamp,
    /// How many.
    pub count: u64,
}
