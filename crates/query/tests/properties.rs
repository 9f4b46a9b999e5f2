//! What must hold for any query and any event.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::Value;
use watchpost_event::{Event, FieldRef, Origin, Timestamp, View, names, words};
use watchpost_query::{Key, field_value_key, for_each_field_key, necessary, parse, suite, time_bounds};

/// A small, fast generator (splitmix64) over a seed that proptest picks.
fn rng(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The word test by its definition: the words the splitter gives, addresses apart.
fn split(text: &str) -> (Vec<String>, Vec<String>) {
    words::words(text)
        .into_iter()
        .partition(|word| !word.contains(['.', ':']))
}

fn view_of(message: &str, test: impl FnOnce(&View<'_>) -> bool) -> bool {
    let (event, origin) = (Event::new(Timestamp(0), 1, message), suite::origin().unwrap());
    test(&View {
        event: &event,
        origin: &origin,
    })
}

fn has(view: &View<'_>, key: &Key) -> bool {
    let mut found = false;
    match key {
        Key::Word(word) => words::for_each_word(&view.event.message, |have| found |= have == word),
        Key::Prefix(prefix) => words::for_each_word(&view.event.message, |have| {
            found |= !have.contains(['.', ':']) && have.starts_with(prefix.as_str());
        }),
        Key::FieldValue { name, value } => match view.get(name) {
            Some(FieldRef::Json(json)) => for_each_field_key(name, json, |have| found |= have == value),
            Some(FieldRef::Text(text)) => {
                found = field_value_key(name, &Value::from(text.as_ref())).as_ref() == Some(value);
            }
            Some(FieldRef::Unsigned(number)) => found = number.to_string() == *value,
            Some(FieldRef::Time(_)) | None => {}
        },
    }
    found
}

fn interesting_text() -> impl Strategy<Value = String> {
    let atoms = prop::sample::select(vec![
        "error",
        "ERROR",
        "errors",
        "k",
        "K",
        "\u{212a}",
        "i",
        "İ",
        "é",
        "e\u{301}",
        "日",
        "志",
        "ナ",
        "・",
        "ー",
        "_",
        "7",
        "²",
        "10.0.0.7",
        "fe80::1",
        "::1",
        "00:1a:2b:3c:4d:5e",
        ".",
        ":",
        "-",
        " ",
        "  ",
        "\n",
        "🔥",
        "ſ",
        "ß",
        "σ",
        "ς",
        "ǅ",
        "x",
    ]);
    prop_oneof![
        8 => prop::collection::vec(atoms, 0..12).prop_map(|atoms| atoms.concat()),
        1 => any::<String>(),
        1 => (250..260_usize, 0..4_usize).prop_map(|(n, m)| "a".repeat(n) + &"é".repeat(m)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn words_and_phrases_agree_with_the_splitter(text in interesting_text(), wanted in interesting_text()) {
        let (have, have_addresses) = split(&text);
        for word in words::words(&wanted) {
            let query = parse(&format!("\"{word}\"")).unwrap();
            let expected = if word.contains(['.', ':']) { have_addresses.contains(&word) } else { have.contains(&word) };
            prop_assert_eq!(view_of(&text, |view| query.matches(view)), expected, "{} in {:?}", word, text);
        }
        let (sequence, addresses) = split(&wanted);
        // A phrase that is one address is that word, not the words it is made of.
        let bare = wanted.trim_matches(|c: char| !words::is_word_char(c) && c != ':');
        let address = !addresses.is_empty() || words::address(bare).is_some();
        if sequence.is_empty() || address || wanted.contains(['"', '\\']) {
            return Ok(());
        }
        let query = parse(&format!("\"{wanted}\"")).unwrap();
        let expected = have.windows(sequence.len()).any(|window| window == sequence.as_slice());
        prop_assert_eq!(view_of(&text, |view| query.matches(view)), expected, "{:?} in {:?}", wanted, text);
    }

    #[test]
    fn prefixes_agree_with_the_splitter(text in interesting_text(), wanted in interesting_text()) {
        let (have, _) = split(&text);
        for word in split(&wanted).0 {
            let query = parse(&format!("{word}*")).unwrap();
            let expected = have.iter().any(|one| one.starts_with(&word));
            prop_assert_eq!(view_of(&text, |view| query.matches(view)), expected, "{}* in {:?}", word, text);
        }
    }

    #[test]
    fn what_is_skipped_never_matches(seed in any::<u64>()) {
        let mut rng = rng(seed);
        let text = suite::random_query(&mut rng);
        let query = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let (keys, (from, to)) = (necessary(query.expr()), time_bounds(query.expr()));
        let origin = suite::origin().unwrap();
        for _ in 0..20 {
            let event = suite::random_event(&mut rng);
            let view = View { event: &event, origin: &origin };
            if !query.matches(&view) {
                continue;
            }
            prop_assert!(keys.may_match(&mut |key| has(&view, key)), "{} matches {:?}, not {:?}", text, event, keys);
            prop_assert!(from.is_none_or(|from| from <= event.time) && to.is_none_or(|to| event.time <= to));
        }
    }

    #[test]
    fn not_is_the_other_half(seed in any::<u64>()) {
        let mut rng = rng(seed);
        let text = suite::random_query(&mut rng);
        let (query, inverse) = (parse(&text).unwrap(), parse(&format!("NOT ({text})")).unwrap());
        let (event, origin) = (suite::random_event(&mut rng), suite::origin().unwrap());
        let view = View { event: &event, origin: &origin };
        prop_assert_ne!(query.matches(&view), inverse.matches(&view), "{}", text);
    }

    #[test]
    fn values_are_equal_exactly_when_their_keys_meet(seed in any::<u64>()) {
        let mut rng = rng(seed);
        let (one, other) = (suite::random_event(&mut rng), suite::random_event(&mut rng));
        let origin = Origin { fields: watchpost_event::Fields::new(), ..suite::origin().unwrap() };
        for (name, value) in one.fields.iter() {
            let Some(text) = value.as_str().map(str::to_owned).or_else(|| value.is_number().then(|| value.to_string())) else {
                continue;
            };
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let query = parse(&format!("{name}:\"{quoted}\"")).unwrap();
            // What equals what it was written from; and never anything without a common key.
            prop_assert!(query.matches(&View { event: &one, origin: &origin }), "{}", query);
            let view = View { event: &other, origin: &origin };
            if query.matches(&view) && name != names::EVENT_SEVERITY {
                let keys = necessary(query.expr());
                prop_assert!(keys.may_match(&mut |key| has(&view, key)), "{} {:?}", query, other);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place(text in interesting_query()) {
        match parse(&text) {
            Ok(query) => {
                prop_assert_eq!(query.to_string(), text);
                view_of("error", |view| query.matches(view));
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.at) && text.is_char_boundary(error.at + error.len));
                let shown = error.to_string();
                prop_assert_eq!(shown.lines().count(), 3, "{}", shown);
            }
        }
    }
}

fn interesting_query() -> impl Strategy<Value = String> {
    let atoms = prop::sample::select(vec![
        "a",
        "é",
        " ",
        " AND ",
        " OR ",
        "NOT ",
        "-",
        "(",
        ")",
        "\"",
        "\\",
        "*",
        "**",
        ":",
        "x:",
        "message:",
        "@timestamp:",
        "log.level:",
        "~/",
        "/",
        "/i",
        "[",
        "]",
        "{",
        "}",
        " TO ",
        ">",
        ">=",
        "<",
        "=",
        "!",
        "|",
        "1",
        "2026-11-20",
        "error",
        "10.0.0.7",
        "10.0.0.0/8",
        "::1",
        "🔥",
        "日",
        "\n",
        "&&",
    ]);
    prop_oneof![
        8 => prop::collection::vec(atoms, 0..16).prop_map(|atoms| atoms.concat()),
        1 => any::<String>(),
    ]
}

#[test]
fn random_queries_find_something_now_and_then() {
    let mut rng = rng(7);
    let origin = suite::origin().unwrap();
    let events: Vec<Event> = (0..50).map(|_| suite::random_event(&mut rng)).collect();
    let mut counts = HashSet::new();
    let mut neither_all_nor_none = 0;
    for _ in 0..500 {
        let query = parse(&suite::random_query(&mut rng)).unwrap();
        let found = suite::answer_one_by_one(&query, &events, &origin).len();
        counts.insert(found);
        neither_all_nor_none += usize::from(found > 0 && found < events.len());
    }
    assert!(
        counts.len() > 20 && neither_all_nor_none > 250,
        "{neither_all_nor_none} of 500"
    );
}
