use std::net::IpAddr;
use std::ops::Bound;

use watchpost_event::{Severity, Timestamp};

use crate::{Cidr, Glob, Literal, Number, Pattern, Word};

/// What a query asks for, as a tree.
///
/// Two promises to whoever plans from it: [`Expr::Field`] never names `message` (those become
/// [`Expr::Text`]), and its test on `@timestamp` is always [`Range::Time`].
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Every event.
    All,
    /// All of them; at least two.
    And(Vec<Expr>),
    /// Any of them; at least two.
    Or(Vec<Expr>),
    /// Events that do not match, those without the field included.
    Not(Box<Expr>),
    /// A test on the words or the text of `message`.
    Text(TextTest),
    /// A test on a field; an array matches when any element does.
    Field {
        /// The dotted name, case-sensitive.
        name: String,
        /// What its value must be.
        test: FieldTest,
    },
}

/// A test on `message`. All words are folded and split as [`watchpost_event::words`] does.
#[derive(Clone, Debug, PartialEq)]
pub enum TextTest {
    /// This word, whole. An IP or MAC address in its canonical form is one word too.
    Word(Word),
    /// These words side by side in this order, whatever stands between them. At least two, none an address:
    /// addresses inside a phrase stand by the words they are made of.
    Phrase(Vec<Word>),
    /// A word that begins so, directly behind the words `before` (mostly none). Addresses have no prefixes;
    /// the words they are made of have.
    Prefix {
        /// The words that stand directly before.
        before: Vec<Word>,
        /// How the word begins.
        prefix: Word,
    },
    /// The regular expression is found somewhere in the text.
    Regex(Pattern),
}

/// A test on one value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldTest {
    /// There is a value: not `null`, not an empty array, not an object.
    Exists,
    /// The whole value, without case; numbers as numbers, addresses as addresses.
    Equals(Literal),
    /// The whole value as text, without case, with `*` and `**`.
    Wildcard(Glob),
    /// Between two ends.
    Range(Range),
    /// Text that is an IP address within this network.
    Cidr(Cidr),
    /// The regular expression is found somewhere in the value's text.
    Regex(Pattern),
}

/// Two ends of one kind; a value of another kind never lies between them.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// JSON numbers (never text that looks like one).
    Number(Bound<Number>, Bound<Number>),
    /// Moments, both ends included; `None` is open. On other fields than `@timestamp`: text that is a date.
    Time(Option<Timestamp>, Option<Timestamp>),
    /// Text that is an IP address of the ends' family.
    Ip(Bound<IpAddr>, Bound<IpAddr>),
    /// Words of a severity scale (see [`crate::Scale`]); also what equality on such a field becomes.
    Severity(Bound<Severity>, Bound<Severity>),
}
