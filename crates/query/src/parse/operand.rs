//! Comparisons and ranges.

use std::net::IpAddr;
use std::ops::Bound;

use watchpost_event::{Severity, Timestamp, names};

use super::value::field;
use super::{Parsed, Parser, ends_run, is_message, short, text_of};
use crate::time::{self, NoTime, Span};
use crate::value::ip;
use crate::{Expr, FieldTest, Number, ParseError, Range, Scale};

/// One end of a range.
#[derive(Clone, Copy)]
enum Operand {
    Number(Number),
    Time(Span),
    Ip(IpAddr),
    Severity(Severity),
}

/// An end and whether it belongs to the range; `None` is open.
type End = Option<(Operand, bool)>;

impl Parser<'_> {
    /// `>=500` and its kin.
    pub(super) fn compare(&mut self, name: &str) -> Parsed<Expr> {
        let start = self.at;
        let lower = self.take() == Some('>');
        let inclusive = self.peek() == Some('=');
        if inclusive {
            self.at += 1;
        }
        if matches!(self.peek(), Some('=' | '<' | '>' | '!' | '~')) {
            self.at = start;
            return Err(self.unknown_comparison(name));
        }
        self.not_message(name, start)?;
        let at = self.at;
        let text = if self.peek() == Some('"') {
            self.quoted()?
        } else {
            text_of(&self.run()?)
        };
        if text.is_empty() {
            let (name, sign) = (short(name), &self.text[start..at]);
            let message =
                format!("{name}:{sign} has no value: write it directly behind the sign, as in {name}:{sign}5");
            return Err(self.error(start, at - start, message));
        }
        let operand = self.operand(name, &text, at)?;
        let end = Some((operand, inclusive));
        let (low, high) = if lower { (end, None) } else { (None, end) };
        self.between(name, low, high, start)
    }

    pub(super) fn unknown_comparison(&self, name: &str) -> ParseError {
        let rest = self.rest();
        let len = rest.find(|c| !"=<>!~".contains(c)).unwrap_or(rest.len());
        let (name, sign) = (short(name), &rest[..len]);
        let message = match sign {
            "=" | "==" => format!("{sign} is not needed: write {name}:value for equality"),
            "!" | "!=" => format!("{sign} is no comparison: write NOT {name}:value"),
            _ => format!("{sign} is no comparison: use >, >=, < or <="),
        };
        self.error(self.at, len, message)
    }

    /// `[100 TO 200}` and its kin.
    pub(super) fn range(&mut self, name: &str) -> Parsed<Expr> {
        let start = self.at;
        self.not_message(name, start)?;
        let low_inclusive = self.take() == Some('[');
        let low = self.end_of_range(name, start, low_inclusive)?;
        self.skip_space();
        let joined = self.rest().starts_with("TO") && self.rest()[2..].starts_with(char::is_whitespace);
        if !joined {
            return Err(self.bad_range(name, start));
        }
        self.at += 2;
        let high = self.end_of_range(name, start, true)?;
        self.skip_space();
        let high_inclusive = match self.take() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.bad_range(name, start)),
        };
        let high = high.map(|(operand, _)| (operand, high_inclusive));
        self.between(name, low, high, start)
    }

    fn end_of_range(&mut self, name: &str, start: usize, inclusive: bool) -> Parsed<End> {
        self.skip_space();
        let at = self.at;
        if self.peek() == Some('"') {
            let text = self.quoted()?;
            return Ok(Some((self.operand(name, &text, at)?, inclusive)));
        }
        while self
            .peek()
            .is_some_and(|c| !ends_run(c) && !matches!(c, ']' | '}' | '|'))
        {
            self.take();
        }
        match &self.text[at..self.at] {
            "" | "TO" => Err(self.bad_range(name, start)),
            "*" => Ok(None),
            text => Ok(Some((self.operand(name, text, at)?, inclusive))),
        }
    }

    fn bad_range(&self, name: &str, start: usize) -> ParseError {
        let (name, rest) = (short(name), &self.text[start..]);
        let message = match rest.find([']', '}']) {
            None => format!("this range is never closed: write {name}:[100 TO 200]"),
            Some(_) => format!("a range has two ends and TO between them: {name}:[100 TO 200], or * for an open end"),
        };
        let len = rest.find([']', '}']).map_or(1, |end| end + 1);
        self.error(start, len, message)
    }

    fn not_message(&self, name: &str, at: usize) -> Parsed<()> {
        if is_message(name) {
            return Err(self.error(
                at,
                1,
                "message is text and has no order: search for its words or message:~/…/",
            ));
        }
        Ok(())
    }

    /// Reads one end by its form, and by what the field holds.
    fn operand(&self, name: &str, text: &str, at: usize) -> Parsed<Operand> {
        if name == names::TIMESTAMP {
            return self.time(text, at).map(Operand::Time);
        }
        if let Some(number) = Number::parse(text) {
            return Ok(Operand::Number(number));
        }
        if let Some(address) = ip(text) {
            return Ok(Operand::Ip(address));
        }
        let scale = Scale::of(name);
        if let Some(severity) = scale.and_then(|scale| scale.severity(text)) {
            return Ok(Operand::Severity(severity));
        }
        match time::parse(text) {
            Ok(span) => return Ok(Operand::Time(span)),
            Err(NoTime::Range) => return self.time(text, at).map(Operand::Time),
            Err(NoTime::Shape) => {}
        }
        let text = short(text);
        let message = match scale {
            Some(scale) => format!("{text:?} is no level: write one of {}, or a number", scale.words()),
            None => format!("{text:?} has no order: compare with a number, a date (2026-11-20) or an IP address"),
        };
        Err(self.error(at, self.at - at, message))
    }

    fn time(&self, text: &str, at: usize) -> Parsed<Span> {
        let shown = short(text);
        let message = match time::parse(text) {
            Ok(span) => return Ok(span),
            Err(NoTime::Shape) => {
                format!("{shown:?} is not a time: write 2026-11-20, 2026-11-20T22:41 or 2026-11-20T22:41:07.123Z")
            }
            Err(NoTime::Range) => {
                format!("there is no time {shown:?}: look at its parts; years go from 1678 to 2261")
            }
        };
        Err(self.error(at, self.at - at, message))
    }

    /// Equality that is a range of one step: a written time, or a level's word.
    pub(super) fn exact_range(&self, name: &str, text: &str, at: usize) -> Parsed<Option<Range>> {
        if name == names::TIMESTAMP {
            let span = self.time(text, at)?;
            return Ok(Some(Range::Time(Some(span.first), Some(span.last))));
        }
        let severity = Scale::of(name).and_then(|scale| scale.severity(text));
        Ok(severity.map(|severity| Range::Severity(Bound::Included(severity), Bound::Included(severity))))
    }

    fn between(&self, name: &str, low: End, high: End, start: usize) -> Parsed<Expr> {
        use Operand as O;
        let fail = |message: &str| Err(self.error(start, self.at - start, message));
        let range = match (low, high) {
            (None, None) if name == names::TIMESTAMP => return Ok(Expr::All),
            (None, None) => return Ok(field(name, FieldTest::Exists)),
            (Some((O::Number(_), _)) | None, Some((O::Number(_), _)) | None) => {
                Range::Number(bound(low, as_number), bound(high, as_number))
            }
            (Some((O::Time(_), _)) | None, Some((O::Time(_), _)) | None) => Range::Time(
                low.and_then(|(end, inclusive)| first_moment(end, inclusive)),
                high.and_then(|(end, inclusive)| last_moment(end, inclusive)),
            ),
            (Some((O::Ip(_), _)) | None, Some((O::Ip(_), _)) | None) => {
                Range::Ip(bound(low, as_ip), bound(high, as_ip))
            }
            (Some((O::Severity(_), _)) | None, Some((O::Severity(_), _)) | None) => {
                Range::Severity(bound(low, as_severity), bound(high, as_severity))
            }
            _ => return fail("the two ends of a range must be of one kind: numbers, times, addresses or levels"),
        };
        match range {
            Range::Ip(Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b))
                if a.is_ipv4() != b.is_ipv4() =>
            {
                fail("the two ends of a range must be of one kind: both IPv4 or both IPv6 addresses")
            }
            range if is_backwards(&range) => fail("this range ends before it begins: exchange its two ends"),
            range => Ok(field(name, FieldTest::Range(range))),
        }
    }
}

fn bound<T>(end: End, read: impl Fn(Operand) -> Option<T>) -> Bound<T> {
    match end.and_then(|(operand, inclusive)| read(operand).map(|value| (value, inclusive))) {
        None => Bound::Unbounded,
        Some((value, true)) => Bound::Included(value),
        Some((value, false)) => Bound::Excluded(value),
    }
}

fn as_number(operand: Operand) -> Option<Number> {
    match operand {
        Operand::Number(number) => Some(number),
        _ => None,
    }
}

fn as_ip(operand: Operand) -> Option<IpAddr> {
    match operand {
        Operand::Ip(address) => Some(address),
        _ => None,
    }
}

fn as_severity(operand: Operand) -> Option<Severity> {
    match operand {
        Operand::Severity(severity) => Some(severity),
        _ => None,
    }
}

/// `>=2026-11-20` begins with the day, `>2026-11-20` behind it.
fn first_moment(operand: Operand, inclusive: bool) -> Option<Timestamp> {
    match operand {
        Operand::Time(span) if inclusive => Some(span.first),
        Operand::Time(span) => Some(span.last.plus(1)),
        _ => None,
    }
}

/// `<=2026-11-20` ends with the day, `<2026-11-20` before it.
fn last_moment(operand: Operand, inclusive: bool) -> Option<Timestamp> {
    match operand {
        Operand::Time(span) if inclusive => Some(span.last),
        Operand::Time(span) => Some(span.first.plus(-1)),
        _ => None,
    }
}

fn is_backwards(range: &Range) -> bool {
    fn over<T: PartialOrd>(low: &Bound<T>, high: &Bound<T>) -> bool {
        match (low, high) {
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a > b,
            _ => false,
        }
    }
    match range {
        Range::Number(low, high) => over(low, high),
        Range::Ip(low, high) => over(low, high),
        Range::Severity(low, high) => over(low, high),
        // One step over is an empty range such as {a TO b} of two neighbours.
        Range::Time(Some(from), Some(to)) => from.0 > to.0.saturating_add(1),
        Range::Time(..) => false,
    }
}
