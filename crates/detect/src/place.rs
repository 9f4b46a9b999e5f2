//! Where in a text a problem stands, as far as that can be told: an editor marks the line.

use crate::Problem;

/// What messages speak of, and where that stands.
const PARTS: [(&str, &str); 7] = [
    ("identifier", "condition"),
    ("condition", "condition"),
    ("logsource", "logsource"),
    ("timespan", "timespan"),
    ("watchpost_", "watchpost_"),
    ("correlation", "correlation"),
    ("detection", "detection"),
];

/// The line of a text (from 1) that a problem is about, and the column (from 1) where the parser names it. The parser
/// knows it of mistakes in YAML; of others the line is that of what the message names, else that of the rule's title.
pub fn place_of(problem: &Problem, text: &str) -> Option<(usize, Option<usize>)> {
    if let Some(place) = named(&problem.message, text) {
        return Some(place);
    }
    let lines: Vec<&str> = text.lines().collect();
    let title = problem.rule.as_ref().and_then(|title| {
        let is_title = |line: &&str| line.starts_with("title:") && line.contains(title.as_str());
        lines.iter().position(is_title)
    });
    let start = title.unwrap_or(0);
    let rest = &lines[start.min(lines.len())..];
    // The document ends where the next begins.
    let end = rest.iter().position(|line| line.starts_with("---") && start > 0);
    let rest = &rest[..end.unwrap_or(rest.len())];
    let has = |what: &str| rest.iter().position(|line| line.contains(what));
    let meant =
        quoted(&problem.message).filter_map(|name| Some(name).filter(|name| Some(*name) != problem.rule.as_deref()));
    let mut meant = meant.filter(|name| name.len() > 1);
    let at = meant.find_map(has).or_else(|| {
        let message = problem.message.to_lowercase();
        let (_, key) = PARTS.into_iter().find(|(word, _)| message.contains(word))?;
        rest.iter().position(|line| line.trim_start().starts_with(key))
    });
    at.map(|at| start + at + 1)
        .or(title.map(|at| at + 1))
        .map(|line| (line, None))
}

/// `… at line 4 column 7` of the YAML parser.
fn named(message: &str, text: &str) -> Option<(usize, Option<usize>)> {
    let at = message.rfind("line ")?;
    let mut words = message[at..]
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.next()?;
    let line: usize = words.next()?.parse().ok()?;
    let column = match words.next() {
        Some("column") => words.next().and_then(|number| number.parse().ok()),
        _ => None,
    };
    let last = text.lines().count().max(1);
    Some((line.clamp(1, last), column))
}

/// What stands between quotation marks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    let double = message.split('"').skip(1).step_by(2);
    double.chain(message.split('\'').skip(1).step_by(2))
}
