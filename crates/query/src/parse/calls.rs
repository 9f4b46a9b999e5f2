//! `stats`: what is computed, and by what.

use super::pipe::{is_time, nearest};
use super::{Parsed, Parser, short};
use crate::{Call, Function, GroupKey, ParseError, Stats};

/// Most values computed at once.
const CALL_LIMIT: usize = 32;
/// Most fields to group by.
const GROUP_LIMIT: usize = 16;
const FUNCTIONS: [&str; 12] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "uniq",
    "count_distinct",
    "percentile",
    "p50",
    "p90",
    "p95",
    "p99",
];
/// What other languages call a function.
const OTHERS: [(&str, &str); 8] = [
    ("mean", "avg"),
    ("average", "avg"),
    ("dc", "uniq"),
    ("distinct", "uniq"),
    ("cardinality", "uniq"),
    ("median", "p50"),
    ("quantile", "percentile"),
    ("total", "sum"),
];

/// The name of the column of a call without `as`.
pub(super) fn column_name(function: &str, inside: &str) -> String {
    let function = function.to_lowercase();
    if function == "count" && inside.is_empty() {
        return function;
    }
    format!("{function}({inside})")
}

impl Parser<'_> {
    pub(super) fn stats(&mut self) -> Parsed<Stats> {
        let mut calls: Vec<Call> = Vec::new();
        loop {
            self.skip_space();
            let at = self.at;
            let call = self.call(at)?;
            self.check_column(&call.name, at, &calls)?;
            calls.push(call);
            if !self.comma() {
                break;
            }
        }
        let mut by: Vec<GroupKey> = Vec::new();
        if self.takes("by") {
            loop {
                self.skip_space();
                let at = self.at;
                let key = self.group_key(at)?;
                let taken = by.iter().any(|have| have.name() == key.name());
                if taken || by.len() >= GROUP_LIMIT {
                    let message = format!("group by each field once, and by at most {GROUP_LIMIT}");
                    return Err(self.error(at, self.at - at, message));
                }
                self.check_column(key.name(), at, &calls)?;
                by.push(key);
                if !self.comma() {
                    break;
                }
            }
        }
        Ok(Stats { calls, by })
    }

    fn check_column(&self, name: &str, at: usize, calls: &[Call]) -> Parsed<()> {
        let len = self.at - at;
        if calls.iter().any(|call| call.name == name) {
            let message = format!(
                "a column {} is there already: give this one a name with `as`",
                short(name)
            );
            return Err(self.error(at, len, message));
        }
        if calls.len() >= CALL_LIMIT {
            let message = format!("more than {CALL_LIMIT} values: leave some out");
            return Err(self.error(at, len, message));
        }
        Ok(())
    }

    fn call(&mut self, at: usize) -> Parsed<Call> {
        // `p99.9` holds a point.
        let written = self.name()?.unwrap_or_default();
        let name = written.to_lowercase();
        if name.is_empty() || (self.peek() != Some('(') && !is_function(&name)) {
            let message =
                "stats needs something to compute: count(), sum(bytes), avg(bytes), min, max, uniq, p95(bytes)";
            return Err(self.error(at, self.at - at, message));
        }
        if !is_function(&name) {
            return Err(self.unknown_function(&name, at));
        }
        if self.peek() != Some('(') {
            let message = format!(
                "{name} needs parentheses: write {name}({})",
                if name == "count" { "" } else { "field" }
            );
            return Err(self.error(at, self.at - at, message));
        }
        self.at += 1;
        let field = self.name()?;
        let share = if name == "percentile" && self.comma() {
            Some(self.decimal()?)
        } else {
            None
        };
        self.skip_space();
        if self.peek() != Some(')') {
            let message =
                format!("{name} takes one field: write {name}(field), a name with other characters in quotes");
            return Err(self.error(at, self.at - at, message));
        }
        self.at += 1;
        let inside = self.text[at..self.at].split_once('(').map_or("", |(_, inside)| inside);
        let inside: Vec<&str> = inside
            .trim_end_matches(')')
            .split(',')
            .map(|part| part.trim().trim_matches('"'))
            .collect();
        let column = column_name(&name, &inside.join(", "));
        let function = self.function(&name, field, share, at)?;
        let name = if self.takes("as") {
            let at = self.at;
            self.name()?
                .ok_or_else(|| self.error(at, 1, "a name is missing behind as: count() as events"))?
        } else {
            column
        };
        Ok(Call { name, function })
    }

    fn function(&self, name: &str, field: Option<String>, share: Option<f64>, at: usize) -> Parsed<Function> {
        let len = self.at - at;
        let Some(field) = field else {
            return if name == "count" {
                Ok(Function::Count)
            } else {
                Err(self.error(at, len, format!("{name} needs a field: write {name}(field)")))
            };
        };
        Ok(match name {
            "count" => Function::Present(field),
            "sum" => Function::Sum(field),
            "avg" => Function::Avg(field),
            "min" => Function::Min(field),
            "max" => Function::Max(field),
            "uniq" | "count_distinct" => Function::Uniq(field),
            _ => match share.or_else(|| share_of(name)) {
                Some(share) if (0.0..=100.0).contains(&share) => Function::Percentile(field, share),
                _ => {
                    let message = "a percentile goes from 0 to 100: write p95(field) or percentile(field, 99.9)";
                    return Err(self.error(at, len, message));
                }
            },
        })
    }

    fn unknown_function(&self, name: &str, at: usize) -> ParseError {
        let meant = OTHERS.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
        let message = match meant.or_else(|| nearest(name, FUNCTIONS)) {
            Some(near) => format!("there is no function {}: did you mean {near}?", short(name)),
            None => format!(
                "there is no function {}: there are {}",
                short(name),
                FUNCTIONS.join(", ")
            ),
        };
        self.error(at, self.at - at, message)
    }

    fn decimal(&mut self) -> Parsed<f64> {
        self.skip_space();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') {
            self.take();
        }
        self.text[start..self.at].parse().map_err(|_| {
            self.error(
                start,
                self.at - start,
                "write a number from 0 to 100: percentile(bytes, 99.9)",
            )
        })
    }

    fn group_key(&mut self, at: usize) -> Parsed<GroupKey> {
        let Some(name) = self.name()? else {
            let message = "by needs the names of fields, with commas between them: by host.name, @timestamp:1h";
            return Err(self.error(at, 1, message));
        };
        if self.peek() != Some(':') {
            return Ok(GroupKey::Field(name));
        }
        if !is_time(&name) {
            let message = format!(
                "only the time is cut to intervals: write by {}, or by @timestamp:1h",
                short(&name)
            );
            return Err(self.error(at, self.at - at + 1, message));
        }
        self.at += 1;
        let start = self.at;
        let text = self.word().to_owned();
        interval(&text).map(GroupKey::Time).ok_or_else(|| {
            let message = format!("{:?} is no interval: write 30s, 5m, 1h, 1d or 1w", short(&text));
            self.error(start, self.at - start, message)
        })
    }
}

fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name) || share_of(name).is_some()
}

/// `p95`, `p99.9`.
fn share_of(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    let is_number =
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number.then(|| digits.parse().ok())?
}

/// Nanoseconds of `500ms`, `30s`, `5m`, `1h30m`, `1d`, `1w`.
fn interval(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 6] = [
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
        ("w", 604_800_000_000_000),
    ];
    let (mut rest, mut sum) = (text, 0_i64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*nanos)?)?;
        rest = behind;
    }
    (sum > 0).then_some(sum)
}
