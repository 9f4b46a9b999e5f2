use crate::tables::{own_rules, rule_exceptions, rule_states};

/// Everything in force. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// What [`crate::Rules::revision`] said before this was read.
    pub revision: i64,
    /// Rules that are switched off.
    pub disabled: Vec<RuleState>,
    /// What rules are not to find.
    pub exceptions: Vec<RuleException>,
    /// Rules made by people, as they are now.
    pub own: Vec<OwnRule>,
}

/// Whether a rule is switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleState {
    /// The rule's key.
    pub rule: String,
    /// It is.
    pub disabled: bool,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub changed_by: String,
    /// When.
    pub changed_ns: i64,
}

/// What a rule is not to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleException {
    /// Its number.
    pub id: i64,
    /// The rule's key.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// Which events, in the query language.
    pub query: String,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ns: i64,
    /// Until when; without it until it is ended.
    pub until_ns: Option<i64>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When.
    pub ended_ns: Option<i64>,
}

/// An exception to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewException {
    /// The rule's key.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// Which events; checked by the caller.
    pub query: String,
    /// Why.
    pub reason: String,
    /// Until when, in nanoseconds since 1970; without it until it is ended.
    pub until_ns: Option<i64>,
}

/// A version of a rule made by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRule {
    /// The rule's key.
    pub rule: String,
    /// From 1.
    pub version: i64,
    /// From this version on there is no such rule.
    pub deleted: bool,
    /// Sigma, YAML; of a deletion what there was last.
    pub body: String,
    /// Why it was made.
    pub note: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_ns: i64,
}

/// A version to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// The rule's key.
    pub rule: String,
    /// Which version its maker saw; 0: there was no such rule.
    pub after: i64,
    /// The text; of a deletion none, the last one stays.
    pub body: Option<String>,
    /// Why it is made.
    pub note: String,
}

/// What became of a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is kept.
    Kept(OwnRule),
    /// Somebody was faster: this is what there is. None: there is no such rule.
    Conflict(Option<OwnRule>),
    /// There are as many rules as may be.
    Full {
        /// So many.
        limit: u64,
    },
}

impl RuleState {
    pub(super) fn from_row(row: rule_states::Model) -> Self {
        Self {
            rule: row.rule,
            disabled: row.disabled,
            reason: row.reason,
            changed_by: row.changed_by,
            changed_ns: row.changed_ns,
        }
    }
}

impl RuleException {
    pub(super) fn from_row(row: rule_exceptions::Model) -> Self {
        Self {
            id: row.id,
            rule: row.rule,
            name: row.name,
            query: row.query,
            reason: row.reason,
            created_by: row.created_by,
            created_ns: row.created_ns,
            until_ns: row.until_ns,
            ended_by: row.ended_by,
            ended_ns: row.ended_ns,
        }
    }

    /// Whether it is in force at a moment (nanoseconds since 1970).
    pub fn is_in_force(&self, now: i64) -> bool {
        self.ended_ns.is_none() && self.until_ns.is_none_or(|until| now < until)
    }
}

impl OwnRule {
    pub(super) fn from_row(row: own_rules::Model) -> Self {
        Self {
            rule: row.rule,
            version: row.version,
            deleted: row.deleted,
            body: row.body,
            note: row.note,
            made_by: row.made_by,
            made_ns: row.made_ns,
        }
    }
}
