use std::ops::RangeBounds;

use watchpost_event::{Severity, Timestamp, names};

use crate::{Expr, FieldTest, Literal, Range, TextTest, Word};

/// What every matching event is known to hold: the plan of a store with filters.
///
/// An event without it does not match; one with it may or may not, and is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Necessary {
    /// Nothing is known: any event may match.
    Anything,
    /// This key is there.
    Key(Key),
    /// All of these; at least two.
    All(Vec<Necessary>),
    /// At least one of these; at least two.
    Any(Vec<Necessary>),
}

/// One thing a filter can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// [`watchpost_event::words::for_each_word`] finds this word in the message.
    Word(String),
    /// Some word of the message that is no address begins so.
    Prefix(String),
    /// [`crate::for_each_field_key`] finds this key among the values [`watchpost_event::View::get`] gives for the
    /// name. That includes names the view itself answers (`agent.id`, `watchpost.stream`, `log.offset`…):
    /// a store that does not keep those in its filter reads their keys as [`Necessary::Anything`].
    FieldValue {
        /// The field.
        name: String,
        /// The key of one of its values.
        value: String,
    },
}

impl Necessary {
    /// Whether an event that `has` some keys may match.
    pub fn may_match(&self, has: &mut impl FnMut(&Key) -> bool) -> bool {
        match self {
            Self::Anything => true,
            Self::Key(key) => has(key),
            Self::All(all) => all.iter().all(|each| each.may_match(has)),
            Self::Any(any) => any.iter().any(|each| each.may_match(has)),
        }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Anything => {}
                Self::All(inner) => kept.extend(inner),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::Anything,
            1 => kept.remove(0),
            _ => Self::All(kept),
        }
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Anything => return Self::Anything,
                Self::Any(inner) => kept.extend(inner),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::Anything,
            1 => kept.remove(0),
            _ => Self::Any(kept),
        }
    }
}

/// What every event that matches an expression is known to hold.
pub fn necessary(expr: &Expr) -> Necessary {
    match expr {
        Expr::All | Expr::Not(_) => Necessary::Anything,
        Expr::And(all) => Necessary::all(all.iter().map(necessary)),
        Expr::Or(any) => Necessary::any(any.iter().map(necessary)),
        Expr::Text(test) => of_text(test),
        Expr::Field { name, test } => of_field(name, test),
    }
}

fn of_text(test: &TextTest) -> Necessary {
    let word = |word: &Word| Necessary::Key(Key::Word(word.as_str().to_owned()));
    match test {
        TextTest::Word(one) => word(one),
        TextTest::Phrase(words) => Necessary::all(words.iter().map(word)),
        TextTest::Prefix { before, prefix } => {
            let prefix = Necessary::Key(Key::Prefix(prefix.as_str().to_owned()));
            Necessary::all(before.iter().map(word).chain([prefix]))
        }
        TextTest::Regex(_) => Necessary::Anything,
    }
}

fn of_field(name: &str, test: &FieldTest) -> Necessary {
    let key = |value: String| {
        Necessary::Key(Key::FieldValue {
            name: name.to_owned(),
            value,
        })
    };
    match test {
        FieldTest::Equals(literal) => Necessary::any(literal_keys(literal).map(key)),
        FieldTest::Cidr(cidr) if cidr.first() == cidr.last() => key(cidr.first().to_canonical().to_string()),
        // `event.severity` holds numbers between the steps.
        FieldTest::Range(Range::Severity(low, high)) if name != names::EVENT_SEVERITY => Necessary::any(
            Severity::ALL
                .into_iter()
                .filter(|severity| (*low, *high).contains(severity))
                .map(|severity| key(severity.name().to_owned())),
        ),
        FieldTest::Exists | FieldTest::Wildcard(_) | FieldTest::Range(_) | FieldTest::Cidr(_) | FieldTest::Regex(_) => {
            Necessary::Anything
        }
    }
}

/// The keys of values that equal a literal: as text, and as a number where it is written otherwise.
fn literal_keys(literal: &Literal) -> impl Iterator<Item = String> {
    let text = literal.text().to_owned();
    let number = literal.number().map(|number| number.to_string());
    let number = number.filter(|number| *number != text);
    [text].into_iter().chain(number)
}

/// The earliest and the latest `@timestamp` a matching event can have, both included; `None` is open.
/// The earliest is behind the latest when no event can match.
pub fn time_bounds(expr: &Expr) -> (Option<Timestamp>, Option<Timestamp>) {
    match expr {
        Expr::Field {
            name,
            test: FieldTest::Range(Range::Time(from, to)),
        } if name == names::TIMESTAMP => (*from, *to),
        Expr::And(all) => {
            let bounds: Vec<_> = all.iter().map(time_bounds).collect();
            (
                bounds.iter().filter_map(|bound| bound.0).max(),
                bounds.iter().filter_map(|bound| bound.1).min(),
            )
        }
        Expr::Or(any) => {
            let bounds: Vec<_> = any.iter().map(time_bounds).collect();
            let from: Option<Vec<_>> = bounds.iter().map(|bound| bound.0).collect();
            let to: Option<Vec<_>> = bounds.iter().map(|bound| bound.1).collect();
            (
                from.and_then(|all| all.into_iter().min()),
                to.and_then(|all| all.into_iter().max()),
            )
        }
        _ => (None, None),
    }
}
