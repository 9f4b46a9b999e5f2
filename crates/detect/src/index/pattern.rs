//! What must stand in every text that a regular expression matches.

use std::collections::BTreeSet;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::fold;

/// More alternatives than that are not told apart.
const ALTERNATIVES_MAX: usize = 256;
/// Characters of which one stands at a place: of more, none is told.
const CLASS_MAX: usize = 12;

/// A text in lower case that stands somewhere, at the beginning or at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// One of these is in every text, in lower case, whose original a pattern matches.
pub(super) type OneOf = Vec<Part>;

/// What a pattern needs: one of each. `cost` says what it takes to look for one, of which the alternatives within choose
/// the cheapest, or nothing where it is not to be looked for.
pub(super) fn needed(pattern: &str, cost: &dyn Fn(&Part) -> Option<u64>) -> Vec<OneOf> {
    let parsed = ParserBuilder::new().utf8(false).build().parse(pattern);
    let Ok(hir) = parsed else { return Vec::new() };
    let mut needed = Needed { all: Vec::new(), cost };
    needed.look(&hir);
    needed.all
}

/// The cheapest of them; of several the last, which has most of the pattern together.
pub(super) fn cheapest(all: Vec<OneOf>, cost: &dyn Fn(&Part) -> Option<u64>) -> Option<OneOf> {
    let whole = |parts: &OneOf| {
        parts
            .iter()
            .try_fold(0_u64, |sum, part| Some(sum.saturating_add(cost(part)?)))
    };
    let known = all.into_iter().filter(|parts| !parts.is_empty());
    let priced = known.rev().filter_map(|parts| Some((whole(&parts)?, parts)));
    priced.min_by_key(|(cost, _)| *cost).map(|(_, parts)| parts)
}

struct Needed<'c> {
    all: Vec<OneOf>,
    cost: &'c dyn Fn(&Part) -> Option<u64>,
}

impl Needed<'_> {
    fn look(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Concat(parts) => self.concat(parts),
            HirKind::Capture(capture) => self.look(&capture.sub),
            HirKind::Repetition(Repetition { min: 1.., sub, .. }) => self.look(sub),
            HirKind::Alternation(parts) => match texts(hir) {
                Some(texts) => self.add(&Run::of(texts), false),
                None => self.alternation(parts),
            },
            _ => texts(hir)
                .into_iter()
                .for_each(|texts| self.add(&Run::of(texts), false)),
        }
    }

    fn alternation(&mut self, parts: &[Hir]) {
        let mut any = Vec::new();
        for part in parts {
            let mut of_part = Needed {
                all: Vec::new(),
                cost: self.cost,
            };
            of_part.look(part);
            match cheapest(of_part.all, self.cost) {
                Some(parts) => any.extend(parts),
                None => return,
            }
        }
        if any.len() <= ALTERNATIVES_MAX {
            self.all.push(any);
        }
    }

    /// Neighbours whose texts are known are texts together.
    fn concat(&mut self, parts: &[Hir]) {
        let mut run = Run::default();
        for part in parts {
            match (part.kind(), texts(part)) {
                (HirKind::Look(Look::Start), _) if run.is_nothing() => run.first = true,
                (HirKind::Look(Look::End), _) => self.add(&std::mem::take(&mut run), true),
                (_, Some(texts)) => {
                    if texts.len() > 1 {
                        // Fewer may be cheaper than all combinations.
                        self.add(&run, false);
                        self.add(&Run::of(texts.clone()), false);
                    }
                    if let Some(longer) = run.followed_by(&texts) {
                        run = longer;
                    } else {
                        run = Run::of(texts);
                    }
                }
                (_, None) => {
                    self.add(&std::mem::take(&mut run), false);
                    self.look(part);
                }
            }
        }
        self.add(&run, false);
    }

    fn add(&mut self, run: &Run, last: bool) {
        if run.is_nothing() {
            return;
        }
        let first = run.first;
        // Where `docx` stands, `doc` does.
        let covers = |short: &str, long: &str| match (first, last) {
            (false, false) => long.contains(short),
            (true, false) => long.starts_with(short),
            (false, true) => long.ends_with(short),
            (true, true) => false,
        };
        let covered = |text: &String| run.texts.iter().any(|short| short != text && covers(short, text));
        let texts = run.texts.iter().filter(|text| !covered(text)).cloned();
        self.all.push(texts.map(|text| Part { text, first, last }).collect());
    }
}

/// Texts, one of which stands where a pattern was walked through last.
#[derive(Clone)]
struct Run {
    texts: BTreeSet<String>,
    first: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self::of([String::new()].into())
    }
}

impl Run {
    const fn of(texts: BTreeSet<String>) -> Self {
        Self { texts, first: false }
    }

    fn is_nothing(&self) -> bool {
        !self.first && self.texts.iter().all(String::is_empty)
    }

    fn followed_by(&self, more: &BTreeSet<String>) -> Option<Self> {
        let texts = joined(&self.texts, more)?;
        Some(Self { texts, ..*self })
    }
}

/// All that this matches, in lower case, where that is not too much.
fn texts(hir: &Hir) -> Option<BTreeSet<String>> {
    match hir.kind() {
        // What is demanded of a place between letters is left out: more is let through.
        HirKind::Empty | HirKind::Look(_) => Some([String::new()].into()),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.is_ascii().then(|| [text.to_ascii_lowercase()].into())
        }
        HirKind::Class(Class::Unicode(class)) => {
            let letters = class.iter().flat_map(|range| range.start()..=range.end());
            let some: Vec<char> = letters.take(CLASS_MAX + 1).collect();
            if some.len() > CLASS_MAX {
                return None;
            }
            some.into_iter().map(ascii).collect()
        }
        HirKind::Capture(capture) => texts(&capture.sub),
        HirKind::Concat(parts) => {
            let mut all = BTreeSet::from([String::new()]);
            for part in parts {
                all = joined(&all, &texts(part)?)?;
            }
            Some(all)
        }
        HirKind::Alternation(parts) => {
            let mut all = BTreeSet::new();
            for part in parts {
                all.extend(texts(part)?);
            }
            (all.len() <= ALTERNATIVES_MAX).then_some(all)
        }
        HirKind::Repetition(Repetition {
            min: 0,
            max: Some(1),
            sub,
            ..
        }) => {
            let mut all = texts(sub)?;
            all.insert(String::new());
            Some(all)
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Repetition(_) => None,
    }
}

fn joined(all: &BTreeSet<String>, more: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let pairs = all
        .iter()
        .flat_map(|text| more.iter().map(move |more| format!("{text}{more}")));
    (all.len() * more.len() <= ALTERNATIVES_MAX).then(|| pairs.collect())
}

/// A letter in lower case, when that is ASCII whatever its case: `(?i)k` is a class of `K`, `k` and the sign for Kelvin,
/// `(?i)s` has an old long letter.
fn ascii(letter: char) -> Option<String> {
    let text = fold(letter.to_lowercase().collect());
    text.is_ascii().then_some(text)
}
