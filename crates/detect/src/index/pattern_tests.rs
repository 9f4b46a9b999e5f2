//! Whatever a pattern matches has what the pattern is said to need.

use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;

use super::lower;
use super::pattern::{OneOf, Part, cheapest, needed};

/// A pattern, and how a text that it matches is made.
#[derive(Clone, Debug)]
enum Node {
    Text(&'static str),
    /// A pattern of one character or none, with something that it matches.
    Atom(&'static str, &'static str),
    Any(Vec<Self>),
    All(Vec<Self>),
    Repeated(Box<Self>, &'static str, u8),
}

const TEXTS: [&str; 8] = ["sh", "Kernel", "curl ", "/tmp/", "a", "S", "ж", ""];
const ATOMS: [(&str, &str); 10] = [
    (".", "é"),
    ("[a-c]", "B"),
    ("[skx]", "ſ"),
    ("\\d", "7"),
    ("\\s", "\t"),
    ("[^a]", "\u{212a}"),
    ("\\b", ""),
    ("^", ""),
    ("$", ""),
    ("\\.", "."),
];
const REPEATED: [(&str, u8); 6] = [("?", 0), ("?", 1), ("*", 0), ("+", 2), ("{2}", 2), ("{1,3}", 3)];

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        3 => select(&TEXTS[..]).prop_map(Node::Text),
        2 => select(&ATOMS[..]).prop_map(|(pattern, text)| Node::Atom(pattern, text)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..5);
        prop_oneof![
            2 => several().prop_map(Node::Any),
            3 => several().prop_map(Node::All),
            1 => (inner.clone(), select(&REPEATED[..])).prop_map(|(node, (mark, times))| Node::Repeated(node.into(), mark, times)),
        ]
    })
}

impl Node {
    fn pattern(&self) -> String {
        let of = |nodes: &[Self], between| nodes.iter().map(Self::pattern).collect::<Vec<_>>().join(between);
        match self {
            Self::Text(text) => regex_syntax::escape(text),
            Self::Atom(pattern, _) => (*pattern).to_owned(),
            Self::Any(nodes) => format!("({})", of(nodes, "|")),
            Self::All(nodes) => of(nodes, ""),
            Self::Repeated(node, mark, _) => format!("(?:{}){mark}", node.pattern()),
        }
    }

    /// `choices` are used up one by one.
    fn text(&self, choices: &mut impl Iterator<Item = u8>) -> String {
        match self {
            Self::Text(text) | Self::Atom(_, text) => (*text).to_owned(),
            Self::Any(nodes) => nodes[usize::from(choices.next().unwrap_or(0)) % nodes.len()].text(choices),
            Self::All(nodes) => nodes.iter().map(|node| node.text(choices)).collect(),
            Self::Repeated(node, _, times) => (0..*times).map(|_| node.text(choices)).collect(),
        }
    }
}

/// The same letter in another case, as a pattern takes it that heeds none.
fn recased(letter: char, choice: u8) -> char {
    match (letter, choice % 4) {
        ('s' | 'S', 0) => 'ſ',
        ('k' | 'K', 0) => '\u{212a}',
        (letter, 1) => letter.to_ascii_uppercase(),
        (letter, 2) => letter.to_ascii_lowercase(),
        (letter, _) => letter,
    }
}

fn stands_in(part: &Part, text: &str) -> bool {
    let text = lower(text).to_ascii_lowercase();
    match (part.first, part.last) {
        (true, true) => text == part.text,
        (true, false) => text.starts_with(&part.text),
        (false, true) => text.ends_with(&part.text),
        (false, false) => text.contains(&part.text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn what_a_pattern_matches_has_what_it_needs(
        node in node(),
        any_case in any::<bool>(),
        choices in prop::collection::vec(any::<u8>(), 0..24),
        around in select(vec!["", " ", "x"]),
    ) {
        let pattern = format!("{}{}", if any_case { "(?i)" } else { "" }, node.pattern());
        let mut left = choices.iter().copied();
        let mut text = format!("{around}{}{around}", node.text(&mut left));
        if any_case {
            let mut cases = choices.iter().copied().cycle();
            text = text.chars().map(|letter| recased(letter, cases.next().unwrap_or(3))).collect();
        }
        // What stands at an edge in the pattern need not in the text.
        prop_assume!(Regex::new(&pattern).expect("a pattern").is_match(&text));
        for one_of in needed(&pattern, &|part| Some(part.text.len() as u64)) {
            let stands = one_of.iter().any(|part| stands_in(part, &text));
            prop_assert!(stands, "{pattern:?} matches {text:?} without {one_of:?}");
        }
    }
}

/// Of what a pattern needs that of the longest texts, for people.
fn chosen(pattern: &str) -> Vec<String> {
    let whole = |part: &Part| if part.first && part.last { 500 } else { 0 };
    let cost = |part: &Part| (part.text.len() > 1).then(|| 1_000 - whole(part) - part.text.len() as u64);
    let parts: OneOf = cheapest(needed(pattern, &cost), &cost).unwrap_or_default();
    let mark = |is, mark| if is { mark } else { "" };
    parts
        .iter()
        .map(|part| format!("{}{}{}", mark(part.first, "^"), part.text, mark(part.last, "$")))
        .collect()
}

#[test]
fn neighbours_and_alternatives_are_texts_together() {
    for (pattern, expected) in [
        ("^(nginx|apache2?)$", vec!["^apache$", "^apache2$", "^nginx$"]),
        (r"\bsystemctl\s+(stop|mask)\b", vec!["systemctl"]),
        ("(?i)lsass(\\.exe)?\"?$", vec!["lsass"]),
        (r"^(\S*/)?(ba|da)?sh -c", vec!["sh -c"]),
        (r"[a-z]+/(tmp|var)/x", vec!["/tmp/x", "/var/x"]),
        (r"\d+(?:mk){2,}", vec!["mk"]),
        ("(a|.*)", vec![]),
        ("(left|right)?hand", vec!["hand"]),
    ] {
        assert_eq!(chosen(pattern), expected, "{pattern}");
    }
}
