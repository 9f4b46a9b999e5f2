//! Rules that find too much: so many detections a minute are written one by one, what a rule finds beyond is put together.

use std::collections::{HashMap, HashSet};

use watchpost_detect::Rule;
use watchpost_event::{Event, Severity, Timestamp};

use crate::delivery::alarm::{Alarm, event};

const MINUTE: i64 = 60_000_000_000;

/// What becomes of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// An event of its own.
    Alone,
    /// One event with others of its story.
    Together,
    /// The same, and it is the first: people are told.
    FirstTogether,
}

/// How much each rule found within the minute, by time of receipt. Bounded by the number of rules.
#[derive(Debug)]
pub(super) struct Throttle {
    most: u32,
    minute: i64,
    found: HashMap<String, u32>,
    /// Rules that found too much in the minute before.
    before: HashSet<String>,
}

impl Throttle {
    /// `most` detections of a rule in a minute; 0 for no bound.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            minute: i64::MIN,
            found: HashMap::new(),
            before: HashSet::new(),
        }
    }

    pub(super) fn admit(&mut self, rule: &str, received: Timestamp) -> Written {
        if self.most == 0 {
            return Written::Alone;
        }
        let minute = received.0.div_euclid(MINUTE);
        if minute != self.minute {
            let over = self.found.drain().filter(|(_, found)| *found > self.most);
            self.before = over.map(|(rule, _)| rule).collect();
            self.minute = minute;
        }
        let found = match self.found.get_mut(rule) {
            Some(found) => found,
            None => self.found.entry(rule.to_owned()).or_default(),
        };
        *found = found.saturating_add(1);
        if *found <= self.most {
            Written::Alone
        } else if *found == self.most.saturating_add(1) && !self.before.contains(rule) {
            Written::FirstTogether
        } else {
            Written::Together
        }
    }

    /// What people are told when it begins.
    pub(super) fn alarm(&self, rule: &Rule, received: Timestamp) -> Event {
        let title = &rule.title;
        let most = self.most;
        let alarm = Alarm {
            action: "rule-throttled",
            title: "A rule finds too much",
            level: Severity::Warning,
            about: &rule.key,
            message: format!(
                "{title} found more than {most} things within a minute: what else it finds is counted and put together, \
                 story by story. Make the rule narrower, give it an exception, or raise `detect.throttle`"
            ),
        };
        event(alarm, received).with("watchpost.throttled.rule", rule.key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a";

    fn second(second: i64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    #[test]
    fn beyond_its_share_of_a_minute_a_rule_is_put_together_and_told_of_once() {
        let mut throttle = Throttle::new(2);
        let admitted: Vec<Written> = (0..4).map(|at| throttle.admit(A, second(at))).collect();
        assert_eq!(
            admitted,
            [
                Written::Alone,
                Written::Alone,
                Written::FirstTogether,
                Written::Together
            ]
        );
        assert_eq!(throttle.admit("b", second(4)), Written::Alone, "another rule");
        // The next minute has a share of its own; that it goes on is known.
        let admitted: Vec<Written> = (60..63).map(|at| throttle.admit(A, second(at))).collect();
        assert_eq!(admitted, [Written::Alone, Written::Alone, Written::Together]);
        // After a minute of rest it is told again.
        assert_eq!(throttle.admit(A, second(130)), Written::Alone);
        let admitted: Vec<Written> = (190..193).map(|at| throttle.admit(A, second(at))).collect();
        assert_eq!(admitted, [Written::Alone, Written::Alone, Written::FirstTogether]);
    }

    #[test]
    fn without_a_bound_everything_stands_for_itself() {
        let mut throttle = Throttle::new(0);
        assert!((0..5_000).all(|_| throttle.admit(A, second(0)) == Written::Alone));
    }
}
