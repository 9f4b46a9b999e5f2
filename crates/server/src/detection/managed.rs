//! What people made of rules, as detection asks for it.

use std::collections::{BTreeMap, HashMap, HashSet};

use watchpost_catalog::Managed;
use watchpost_detect::{Disabled, RuleText};
use watchpost_event::{Timestamp, View};
use watchpost_kit::chain;
use watchpost_query::Query;

/// Before the key of a rule that people made here, in the place of a file's name.
const OWN: &str = "own:";

/// What a text is called that people made here.
pub(crate) fn own_file(key: &str) -> String {
    format!("{OWN}{key}")
}

/// The key that the versions of such a text are kept by.
pub(crate) fn own_key(file: &str) -> Option<&str> {
    file.strip_prefix(OWN)
}

/// The texts that people made here.
pub(super) fn own_texts(managed: &Managed) -> impl Iterator<Item = RuleText> {
    let own = managed.own.iter();
    own.map(|own| RuleText::new(own_file(&own.rule), own.body.as_str()))
}

/// What rules have to be compiled without.
pub(super) fn disabled(managed: &Managed) -> Disabled {
    Disabled::new(managed.disabled.iter().map(|state| state.rule.as_str()))
}

/// What rules are not to find: in force at once, without compiling anything.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    off: HashSet<String>,
    by_rule: HashMap<String, Vec<Exception>>,
}

#[derive(Debug)]
struct Exception {
    when: Query,
    until: Option<Timestamp>,
}

impl Exceptions {
    pub(crate) fn read(managed: &Managed) -> Self {
        let mut by_rule: HashMap<String, Vec<Exception>> = HashMap::new();
        for row in &managed.exceptions {
            match watchpost_query::parse(&row.query) {
                Ok(when) => by_rule.entry(row.rule.clone()).or_default().push(Exception {
                    when,
                    until: row.until_ns.map(Timestamp),
                }),
                // A newer program may know more of the language.
                Err(error) => {
                    tracing::warn!(exception = row.id, error = chain(&error), "An exception cannot be used");
                }
            }
        }
        Self {
            off: managed.disabled.iter().map(|state| state.rule.clone()).collect(),
            by_rule,
        }
    }

    /// Whether a rule is not to find this event, which the server got at `received`.
    pub(crate) fn cover(&self, rule: &str, view: &View<'_>, received: Timestamp) -> bool {
        self.off.contains(rule) || self.except(rule, view, received)
    }

    /// The same of a rule that is tried, and may be switched off.
    pub(crate) fn except(&self, rule: &str, view: &View<'_>, received: Timestamp) -> bool {
        let exceptions = self.by_rule.get(rule).map_or(&[][..], Vec::as_slice);
        let in_force = |one: &&Exception| one.until.is_none_or(|until| received < until);
        exceptions.iter().filter(in_force).any(|one| one.when.matches(view))
    }
}

/// What rules did since the server started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RuleTally {
    /// Events it matched; of a correlation those it counted.
    pub(crate) hits: u64,
    /// Events an exception kept from it.
    pub(crate) excepted: u64,
    /// Detections.
    pub(crate) detections: u64,
    /// Those of them that were put together with others, since there were too many.
    pub(crate) together: u64,
    /// Events it was timed with, and how long that took in all.
    timed: u64,
    took_ns: u64,
}

impl RuleTally {
    /// Nanoseconds for each event of its log source.
    pub(crate) fn cost_ns(&self) -> Option<u64> {
        self.took_ns.checked_div(self.timed)
    }

    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.excepted += other.excepted;
        self.detections += other.detections;
        self.together += other.together;
        self.timed += other.timed;
        self.took_ns += other.took_ns;
    }
}

/// Counts by rule, while one record is looked at and in all.
#[derive(Debug, Default)]
pub(crate) struct RuleTallies(BTreeMap<String, RuleTally>);

impl RuleTallies {
    fn of(&mut self, rule: &str) -> &mut RuleTally {
        self.0.entry(rule.to_owned()).or_default()
    }

    /// An event was matched, and counts or is kept back.
    pub(super) fn hit(&mut self, rule: &str, excepted: bool) {
        let tally = self.of(rule);
        if excepted {
            tally.excepted += 1;
        } else {
            tally.hits += 1;
        }
    }

    pub(super) fn detection(&mut self, rule: &str, together: bool) {
        let tally = self.of(rule);
        tally.detections += 1;
        tally.together += u64::from(together);
    }

    pub(super) fn timed(&mut self, rule: &str, took_ns: u64) {
        let tally = self.of(rule);
        tally.timed += 1;
        tally.took_ns = tally.took_ns.saturating_add(took_ns);
    }

    pub(super) fn take_in(&mut self, other: Self) {
        for (rule, tally) in other.0 {
            self.of(&rule).add(tally);
        }
    }

    /// What was counted of a rule.
    pub(crate) fn get(&self, rule: &str) -> RuleTally {
        self.0.get(rule).copied().unwrap_or_default()
    }

    /// Forgets rules that are no longer there.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.0.retain(|rule, _| is_there(rule));
    }
}
