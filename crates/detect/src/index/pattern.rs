//! What must stand in every text that a regular expression matches.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

/// More alternatives than that are as good as none.
const ALTERNATIVES_MAX: usize = 64;

/// Texts in lower case, one of which every text in lower case contains whose original the pattern matches. None where
/// there are no such texts.
pub(super) fn literals(pattern: &str) -> Option<Vec<String>> {
    let hir = ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    needed(&hir)
}

fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => best([letters(hir).map(|text| vec![text])]),
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(needed(part)?);
            }
            (all.len() <= ALTERNATIVES_MAX).then_some(all)
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(_) | HirKind::Empty | HirKind::Look(_) => None,
    }
}

/// Neighbours that are letters each are one text; of all that is needed the best is taken.
fn concat(parts: &[Hir]) -> Option<Vec<String>> {
    let (mut choices, mut run) = (Vec::new(), String::new());
    for part in parts {
        if let Some(text) = letters(part) {
            run.push_str(&text);
        } else {
            choices.push(Some(vec![std::mem::take(&mut run)]));
            choices.push(needed(part));
        }
    }
    choices.push(Some(vec![run]));
    best(choices)
}

/// Those whose shortest is the longest.
fn best(choices: impl IntoIterator<Item = Option<Vec<String>>>) -> Option<Vec<String>> {
    let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min().unwrap_or(0);
    let choices = choices.into_iter().flatten().filter(|texts| shortest(texts) > 0);
    choices.max_by_key(shortest)
}

/// The text of ASCII in lower case that this always is, whatever the case.
fn letters(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.is_ascii().then(|| text.to_ascii_lowercase())
        }
        // `(?i)k` is a class of `K`, `k` and the sign for Kelvin, which all are `k` in lower case; `(?i)s` has an old
        // letter that stays what it is.
        HirKind::Class(Class::Unicode(class)) => {
            let mut letters = class.iter().flat_map(|range| range.start()..=range.end());
            let first = letters.next()?.to_lowercase().next().filter(char::is_ascii)?;
            let mut rest = letters.take(4);
            let alike = rest.all(|letter| letter.to_lowercase().eq([first]));
            (alike && class.iter().map(ClassUnicodeRange::len).sum::<usize>() <= 4).then(|| first.to_string())
        }
        _ => None,
    }
}
