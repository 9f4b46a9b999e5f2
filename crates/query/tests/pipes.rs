//! Pipes: the suite, and that parts of the events merge to what all of them give.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use watchpost_event::{Event, Origin, View};
use watchpost_query::{Known, Number, Rows, Search, parse, parse_search, suite};

fn rng(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn every_case_gives_what_it_must() {
    let (events, origin) = (suite::events().unwrap(), suite::origin().unwrap());
    let different =
        suite::check_pipes(|search| suite::answer_at_once(search, events.iter().map(|event| (event, &origin))));
    let shown: Vec<String> = different
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect();
    assert!(shown.is_empty(), "{} cases differ:\n{}", shown.len(), shown.join("\n"));
    assert!(suite::pipe_cases().unwrap().len() >= 50);
}

/// Random events with positions of their own, so that no two have one id.
fn events(rng: &mut impl FnMut() -> u64) -> Vec<Event> {
    let count = rng() % 60;
    (0..count)
        .map(|position| Event {
            position,
            ..suite::random_event(rng)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn parts_merge_to_the_whole(seed in any::<u64>()) {
        let mut rng = rng(seed);
        let text = suite::random_pipes(&mut rng);
        let search = parse_search(&text).unwrap_or_else(|error| panic!("{error}"));
        let (events, origin) = (events(&mut rng), suite::origin().unwrap());
        let whole = suite::answer_at_once(&search, events.iter().map(|event| (event, &origin)));
        if search.pipeline().is_ordered() {
            return Ok(());
        }
        let count = 1 + rng() % 5;
        let mut parts: Vec<_> = (0..count).map(|_| search.pipeline().start()).collect();
        for event in &events {
            let view = View { event, origin: &origin };
            if search.filter().matches(&view) {
                let part = (rng() % count) as usize;
                parts[part].push(&view);
            }
        }
        while parts.len() > 1 {
            let from = (rng() % parts.len() as u64) as usize;
            let part = parts.swap_remove(from);
            let to = (rng() % parts.len() as u64) as usize;
            parts[to].merge(part);
        }
        prop_assert_eq!(parts.remove(0).finish(), whole, "{}", text);
    }

    #[test]
    fn counts_are_those_of_a_plain_loop(seed in any::<u64>()) {
        let mut rng = rng(seed);
        let (events, origin) = (events(&mut rng), suite::origin().unwrap());
        let search = parse_search("| stats count(), sum(bytes) as bytes by http.status").unwrap();
        let output = suite::answer_at_once(&search, events.iter().map(|event| (event, &origin)));
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for event in &events {
            let mut keys: Vec<String> = match event.fields.get("http.status") {
                Some(serde_json::Value::Array(items)) => items.iter().filter(|item| !item.is_null()).map(key).collect(),
                Some(value) => vec![key(value)],
                None => Vec::new(),
            };
            keys.sort();
            keys.dedup();
            if keys.is_empty() {
                keys.push("null".to_owned());
            }
            for key in keys {
                *expected.entry(key).or_default() += 1;
            }
        }
        let Rows::Table(rows) = output.rows else { panic!("no table") };
        let found: BTreeMap<String, u64> =
            rows.iter().map(|row| (key(&row[0].to_json()), row[1].to_json().as_u64().unwrap())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place(text in interesting_text()) {
        match parse_search(&text) {
            Ok(search) => {
                prop_assert_eq!(search.text(), &text);
                let (events, origin) = (suite::events().unwrap(), suite::origin().unwrap());
                suite::answer_at_once(&search, events.iter().take(5).map(|event| (event, &origin)));
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.at) && text.is_char_boundary(error.at + error.len));
                prop_assert_eq!(error.to_string().lines().count(), 3);
            }
        }
        // What is no pipe is the same with and without them.
        if let Ok(query) = parse(&text) {
            let search = parse_search(&text).unwrap();
            prop_assert_eq!(search.filter().expr(), query.expr());
        }
    }
}

/// Numbers by their worth.
fn key(value: &serde_json::Value) -> String {
    Number::from_value(value).map_or_else(|| value.to_string(), |number| number.to_json().to_string())
}

fn interesting_text() -> impl Strategy<Value = String> {
    let atoms = prop::sample::select(vec![
        "a",
        "é",
        " ",
        " | ",
        "|",
        "||",
        "(",
        ")",
        "\"",
        "\\",
        "stats ",
        "count()",
        "sum(bytes)",
        "p95(",
        "by ",
        "@timestamp:1h",
        ", ",
        "as ",
        "top 3 ",
        "user.name",
        "sort ",
        "-",
        "bytes",
        "fields ",
        "head ",
        "5",
        "where ",
        "bytes:>1",
        "~/a|b/",
        "x:",
        "🔥",
        "percentile(bytes, 99.9)",
        "OR ",
    ]);
    prop::collection::vec(atoms, 0..14).prop_map(|atoms| atoms.concat())
}

fn search(text: &str) -> Search {
    parse_search(text).unwrap()
}

#[test]
fn a_pipeline_says_what_it_needs() {
    let fields = |text: &str| -> Option<Vec<String>> {
        let search = search(text);
        let fields = search.pipeline().fields()?;
        Some(fields.into_iter().map(str::to_owned).collect())
    };
    assert_eq!(
        fields("error | stats count() by @timestamp:1h"),
        Some(vec!["@timestamp".to_owned()])
    );
    assert_eq!(
        fields("error | head 5 | where x:1 b | stats sum(y) by z"),
        Some(["message", "x", "y", "z"].map(str::to_owned).to_vec())
    );
    assert_eq!(fields("error | sort -bytes | head 3"), None);
    assert_eq!(fields("error"), None);
    let known = |text: &str| search(text).pipeline().known();
    assert_eq!(known("* | stats count() as n"), Some(Known::Total));
    assert_eq!(
        known("* | stats count() by @timestamp:1m"),
        Some(Known::PerInterval(60_000_000_000))
    );
    for text in [
        "* | stats count() by @timestamp:1w",
        "* | stats count(x)",
        "* | head 3 | stats count()",
        "*",
    ] {
        assert_eq!(known(text), None, "{text}");
    }
    for (text, ordered, streaming, table) in [
        ("a | head 3", true, true, false),
        ("a | fields b", true, true, true),
        ("a | head 3 | stats count()", true, false, true),
        ("a | sort b", false, false, false),
        ("a | where b | top c | head 3", false, false, true),
    ] {
        let search = search(text);
        let pipeline = search.pipeline();
        let found = (pipeline.is_ordered(), pipeline.is_streaming(), pipeline.is_table());
        assert_eq!(found, (ordered, streaming, table), "{text}");
    }
    assert_eq!(
        search("a | where b | where c").filter().expr(),
        parse("a b c").unwrap().expr()
    );
    assert_eq!(search("a b | where c").filter().text(), "a b");
}

#[test]
fn estimates_and_cut_rows_are_said() {
    let origin: Origin = suite::origin().unwrap();
    let searches = [
        "| stats uniq(watchpost.position) as a, p50(watchpost.position) as b, count() as c",
        "| sort watchpost.position",
    ];
    let searches = searches.map(search);
    let mut parts = searches.each_ref().map(|search| search.pipeline().start());
    for position in 0..20_000 {
        let event = Event::new(watchpost_event::Timestamp(0), position, "m");
        for part in &mut parts {
            part.push(&View {
                event: &event,
                origin: &origin,
            });
        }
    }
    let [stats, sort] = parts;
    assert!((1..200_000).contains(&stats.bytes()), "{}", stats.bytes());
    let (stats, sort) = (stats.finish(), sort.finish());
    let estimated: Vec<bool> = stats.columns.iter().map(|column| column.estimated).collect();
    assert_eq!(estimated, [true, true, false]);
    assert_eq!(sort.rows.len(), 10_000);
    assert!(sort.notes[0].contains("first 10000 rows"), "{:?}", sort.notes);
}
