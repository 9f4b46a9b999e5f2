//! What is known of an event by its number, and how its values become fields.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::draft::Piece;
use crate::facts::Facts;

/// What events of one kind say.
pub(super) struct Known {
    pub(super) ids: &'static [u64],
    pub(super) action: &'static str,
    pub(super) category: &'static [&'static str],
    pub(super) kind: &'static [&'static str],
    /// Set where the number alone says it; else the keywords may.
    pub(super) outcome: Option<bool>,
    /// The line a person reads where the host gave none: `{field}` is its value, and what stands in brackets is left out
    /// unless all of its fields are there.
    pub(super) line: &'static str,
    /// Of several that give the same field the first counts.
    pub(super) rows: &'static [&'static [Row]],
}

/// A value's name, and what it becomes.
pub(super) struct Row(pub(super) &'static str, pub(super) To);

pub(super) enum To {
    Text(&'static str),
    /// Decimal or hexadecimal.
    Number(&'static str),
    /// A yes or no.
    Flag(&'static str),
    /// In small letters.
    Lower(&'static str),
    /// An address; none of a name, and none of "-".
    Ip(&'static str),
    /// A port; 0 is none.
    Port(&'static str),
    /// A program: its path, and its name.
    Program(&'static str, &'static str),
    /// A file: its path; its name and extension follow.
    File,
    /// A file as Defender writes it: `file:_C:\…`, the first of several.
    Scanned,
    /// A library or driver: `dll.path` and `dll.name`.
    Library,
    /// A key of the registry with the value's name behind it.
    Registry,
    /// `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`, below this prefix.
    Hashes(Hashes),
    /// `DOMAIN\name`.
    Account(Account),
    /// The value is the account's name; its SID and its domain are the values of these names. The first that has a name
    /// counts as a whole, so that an account is never put together of two.
    Person(&'static str, &'static str, Account),
    /// One of several words.
    Word(&'static str, &'static [(&'static str, &'static str)]),
    /// Words between spaces.
    List(&'static str),
    /// Answers of a name server: `::ffff:203.0.113.9;type: 5 www.example.org;`.
    Answers,
    /// Lines of `Name = value`.
    Lines(&'static [Row]),
}

/// The fields of an account.
pub(super) struct Account {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
}

/// The fields of hashes.
pub(super) struct Hashes(pub(super) [(&'static str, &'static str); 4]);

/// Looks up a value by its name.
pub(super) type Values<'v, 'a> = &'v dyn Fn(&str) -> Option<Cow<'a, str>>;

/// Bytes of a text that is taken apart at most.
const LINES_LIMIT: usize = 64 << 10;
/// Words or addresses of one value at most.
const LIST_LIMIT: usize = 256;

/// Adds what rows say.
pub(super) fn fill<'a>(rows: &[Row], values: Values<'_, 'a>, facts: &mut Facts<'a>) {
    for Row(name, to) in rows {
        if let Some(value) = values(name).filter(|value| says(value)) {
            add(to, value, values, facts);
        }
    }
}

/// Whether a value is one: Windows writes a dash, the SID of nobody or an empty GUID where it has none.
fn says(value: &str) -> bool {
    let nothing = ["", "-", "S-1-0-0", "{00000000-0000-0000-0000-000000000000}"];
    !nothing.contains(&value.trim())
}

fn text<'a>(facts: &mut Facts<'a>, name: &'static str, value: impl Into<Cow<'a, str>>) {
    let value = value.into();
    if !name.is_empty() && !value.is_empty() {
        facts.add(name, Piece::Text(value));
    }
}

fn add<'a>(to: &To, value: Cow<'a, str>, values: Values<'_, 'a>, facts: &mut Facts<'a>) {
    match to {
        To::Text(name) => text(facts, name, value),
        To::Lower(name) => text(facts, name, value.to_lowercase()),
        To::Number(name) => {
            if let Some(number) = number(&value) {
                facts.add(*name, Piece::Number(number));
            }
        }
        To::Flag(name) => {
            if let Some(yes) = flag(&value) {
                facts.add(*name, Piece::Flag(yes));
            }
        }
        To::Ip(name) => {
            if let Some(ip) = address(&value) {
                text(facts, name, ip.to_string());
            }
        }
        To::Port(name) => {
            if let Some(port @ 1..=0xffff) = number(&value) {
                facts.add(*name, Piece::Number(port));
            }
        }
        To::Word(name, words) => {
            let known = words.iter().find(|(said, _)| said.eq_ignore_ascii_case(value.trim()));
            match known {
                Some((_, word)) => text(facts, name, *word),
                None => text(facts, name, value),
            }
        }
        To::Program(path, name) => paths(facts, value, path, name),
        To::File => file(facts, value),
        To::Scanned => file(facts, scanned(&value).to_owned().into()),
        To::Library => paths(facts, value, "dll.path", "dll.name"),
        To::Registry => registry(facts, value),
        To::Hashes(names) => hashes(facts, &value, names),
        To::Account(names) => account(facts, &value, names),
        To::Person(sid, domain, names) => person(facts, (value, sid, domain), values, names),
        To::List(name) => list(facts, name, value.split_whitespace()),
        To::Answers => answers(facts, &value),
        To::Lines(rows) => lines(rows, &value, facts),
    }
}

pub(super) fn number(value: &str) -> Option<u64> {
    let value = value.trim();
    match value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => value.parse().ok(),
    }
}

fn flag(value: &str) -> Option<bool> {
    match value.trim() {
        "true" | "True" | "1" | "%%1842" => Some(true),
        "false" | "False" | "0" | "%%1843" => Some(false),
        _ => None,
    }
}

fn address(value: &str) -> Option<IpAddr> {
    let ip: IpAddr = value.trim().parse().ok()?;
    Some(ip.to_canonical())
}

/// What stands behind the last `\` or `/`.
fn last_part(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

fn paths<'a>(facts: &mut Facts<'a>, path: Cow<'a, str>, whole: &'static str, last: &'static str) {
    text(facts, last, last_part(&path).to_owned());
    text(facts, whole, path);
}

fn file<'a>(facts: &mut Facts<'a>, path: Cow<'a, str>) {
    let name = last_part(&path);
    if let Some((stem, extension)) = name.rsplit_once('.')
        && !stem.is_empty()
        && extension.len() <= 16
    {
        text(facts, "file.extension", extension.to_lowercase());
    }
    paths(facts, path, "file.path", "file.name");
}

fn scanned(value: &str) -> &str {
    let first = value.split(';').next().unwrap_or(value);
    first.split_once(":_").map_or(first, |(_, path)| path).trim()
}

/// `HKLM\SOFTWARE\…\Run\OneDrive`: Sysmon does not say where the key ends, so the whole is the path.
fn registry<'a>(facts: &mut Facts<'a>, path: Cow<'a, str>) {
    if let Some((hive, key)) = path.split_once('\\').filter(|(hive, _)| hive.starts_with("HK")) {
        text(facts, "registry.hive", hive.to_owned());
        text(facts, "registry.key", key.to_owned());
    }
    text(facts, "registry.path", path);
}

fn hashes(facts: &mut Facts<'_>, value: &str, names: &Hashes) {
    for part in value.split(',').take(LIST_LIMIT) {
        let Some((kind, hash)) = part.split_once('=') else {
            continue;
        };
        let known = names
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(kind.trim()));
        if let Some((_, name)) = known.filter(|_| hash.bytes().any(|byte| byte != b'0')) {
            text(facts, name, hash.trim().to_lowercase());
        }
    }
}

fn account(facts: &mut Facts<'_>, value: &str, names: &Account) {
    let (domain, name) = value.rsplit_once('\\').unwrap_or(("", value));
    text(facts, names.name, name.trim().to_owned());
    text(facts, names.domain, domain.trim().to_owned());
}

fn person<'a>(
    facts: &mut Facts<'a>,
    (name, sid, domain): (Cow<'a, str>, &str, &str),
    values: Values<'_, 'a>,
    names: &Account,
) {
    let given = |name: &str| values(name).filter(|value| says(value));
    if facts.has(names.name) {
        return;
    }
    text(facts, names.name, name);
    if let Some(sid) = given(sid).filter(|sid| sid.starts_with("S-1-")) {
        text(facts, names.id, sid);
    }
    if let Some(domain) = given(domain) {
        text(facts, names.domain, domain);
    }
}

fn list<'v>(facts: &mut Facts<'_>, name: &'static str, words: impl Iterator<Item = &'v str>) {
    let words: Vec<&str> = words.take(LIST_LIMIT).collect();
    if let Ok(items) = serde_json::to_string(&words)
        && !words.is_empty()
    {
        let items = items.trim_start_matches('[').trim_end_matches(']').to_owned();
        facts.add(name, Piece::Items(items.into()));
    }
}

fn answers(facts: &mut Facts<'_>, value: &str) {
    let parts = || {
        value
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty() && *part != "-")
    };
    let addresses: Vec<String> = parts().filter_map(|part| Some(address(part)?.to_string())).collect();
    list(facts, "dns.resolved_ip", addresses.iter().map(String::as_str));
    let data = parts().map(|part| match part.strip_prefix("type:") {
        // The kind of answer stands before a name.
        Some(named) => named
            .trim_start()
            .split_once(' ')
            .map_or(named, |(_, name)| name.trim()),
        None => part.strip_prefix("::ffff:").unwrap_or(part),
    });
    list(facts, "dns.answers.data", data);
}

fn lines<'a>(rows: &'static [Row], value: &str, facts: &mut Facts<'a>) {
    let mut cut = value.len().min(LINES_LIMIT);
    while !value.is_char_boundary(cut) {
        cut -= 1;
    }
    let value = &value[..cut];
    let find = |wanted: &str| -> Option<Cow<'a, str>> {
        value.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == wanted).then(|| Cow::Owned(value.trim().to_owned()))
        })
    };
    fill(rows, &find, facts);
}

/// The line of a template; `field` gives the text of a field that the event has.
pub(super) fn line(template: &str, field: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('[') {
        let (inside, after) = behind.split_once(']').unwrap_or((behind, ""));
        let (text, _) = sentence(before, field);
        out.push_str(&text);
        let (text, complete) = sentence(inside, field);
        if complete {
            out.push_str(&text);
        }
        rest = after;
    }
    out.push_str(&sentence(rest, field).0);
    out
}

/// The text with its fields, and whether it has all of them.
fn sentence(template: &str, field: &dyn Fn(&str) -> Option<String>) -> (String, bool) {
    let (mut out, mut complete) = (String::new(), true);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        out.push_str(before);
        if let Some(value) = field(name) {
            out.push_str(&value);
        } else {
            complete = false;
            out.push('?');
        }
        rest = after;
    }
    out.push_str(rest);
    (out, complete)
}
