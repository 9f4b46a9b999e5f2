//! Messages that tempt an order by template to be wrong, in every shape that logs have and that attackers make: the store
//! finds and counts what matching one by one does.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::{DAY, Feed, at, find, known_of, maintain_all, open, shown};
use proptest::prelude::*;
use watchpost_event::words::words;
use watchpost_event::{Event, Fields, Origin, Timestamp, View};
use watchpost_kit::Rng;
use watchpost_run::MemDisk;
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

type Known = Vec<(Event, Arc<Origin>)>;

const NAMES: [&str; 8] = ["root", "admin", "ann", "deadbeef", "bob7", "анна", "x_y", "failed"];
const VERBS: [&str; 6] = ["accepted", "Failed", "FAILED", "failing", "refused", "failed password"];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.below(from.len() as u64) as usize]
}

fn address(rng: &mut Rng) -> String {
    let small = |rng: &mut Rng| rng.below(3);
    match rng.below(4) {
        0 => format!("fe80::{:x}:{:x}", small(rng), small(rng)),
        1 => format!("aa:bb:cc:dd:ee:f{}", small(rng)),
        _ => format!("10.0.{}.{}", small(rng), small(rng)),
    }
}

/// One line of a kind of its own.
fn message(rng: &mut Rng) -> String {
    let (name, verb, number) = (pick(rng, &NAMES), pick(rng, &VERBS), rng.below(40));
    match rng.below(11) {
        0..3 => format!(
            "sshd[{number}]: {verb} password for {name} from {} port {number}",
            address(rng)
        ),
        3 => format!(
            "{} - {name} \"GET /{verb}/{number}.png HTTP/1.1\" {} {number}",
            address(rng),
            200 + number
        ),
        4 => format!(r#"{{"user":"{name}","code":{number},"text":"{verb} for {name}","id":"ab{number}cd-{name}"}}"#),
        // Free text: hardly a line like another.
        5 => (0..3 + rng.below(9))
            .map(|_| pick(rng, &NAMES))
            .collect::<Vec<_>>()
            .join(" "),
        // Words across what is cut, and what looks like a template's text.
        6 => format!("{name}{number}{verb} {verb}_{name} {number}{name} {name}-{number} {verb}"),
        7 => format!("{verb} password for from port"),
        // Longer than a template's text may be, with words behind its end.
        8 => format!("{} {verb} {name} {number}", "wide words of a long line ".repeat(45)),
        // Marks, ideographs, controls, doubled spaces, a word over the limit of words.
        9 => format!(
            "一二三 {name}\u{0} \u{202e}{verb}  {}é {number}",
            "w".repeat(250 + number as usize)
        ),
        _ => String::new(),
    }
}

/// Late, future, backfilled, at the edges of what a time can be; most of them close together.
fn time(rng: &mut Rng) -> Timestamp {
    match rng.below(40) {
        0 => Timestamp(i64::MIN),
        1 => Timestamp(i64::MAX),
        2 => Timestamp(DAY - 400 * 86_400_000_000_000),
        3 => Timestamp(DAY + 400 * 86_400_000_000_000 + 1),
        _ => Timestamp(DAY + rng.below(600_000_000_000) as i64),
    }
}

fn event(rng: &mut Rng) -> Event {
    let mut event = Event::new(time(rng), 0, message(rng));
    if rng.one_in(3) {
        event.fields.set("user.name", pick(rng, &NAMES));
    }
    if rng.one_in(40) {
        for field in 0..200 {
            event.fields.set(format!("wide.f{field}"), rng.below(5));
        }
    }
    event
}

fn store(rng: &mut Rng) -> (EmbeddedStore, Known) {
    let options = StoreOptions {
        merge_files: 2,
        packed_raw_bytes: 0,
        ..StoreOptions::default()
    };
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let mut feeds = ["a", "b"].map(|agent| Feed::new(agent, "file:/var/log/auth.log", Fields::new()));
    let mut known = Known::new();
    for next in 1..=2 + rng.below(5) {
        let feed = &mut feeds[rng.below(2) as usize];
        let events = (0..rng.below(250)).map(|_| event(rng)).collect();
        let batch = feed.batch(events, at(0));
        known.extend(known_of(&batch));
        store.append(next, batch).unwrap();
        match rng.below(5) {
            0 | 1 => store.flush(at(0)).unwrap(),
            2 => maintain_all(&store, at(0)),
            // The day is over: packed.
            3 => maintain_all(&store, at(10 * 86_400)),
            _ => {}
        }
    }
    known.sort_by_key(|(event, origin)| {
        let view = View { event, origin };
        (std::cmp::Reverse(event.time), view.id())
    });
    (store, known)
}

/// A condition made of words that are there, whole, cut, joined, turned round.
fn condition(rng: &mut Rng, known: &Known) -> String {
    let some = known.get(rng.below(known.len().max(1) as u64) as usize);
    let found = some.map(|(event, _)| words(&event.message)).unwrap_or_default();
    let at = rng.below(found.len().max(1) as u64) as usize;
    let Some(word) = found.get(at) else {
        return "password".to_owned();
    };
    let begin: String = word.chars().take(1 + rng.below(4) as usize).collect();
    match rng.below(9) {
        0..3 => format!("\"{word}\""),
        3 => format!("\"{begin}\"*"),
        4 => format!("\"{}\"", found[at..found.len().min(at + 3)].join(" ")),
        5 => format!("-\"{word}\""),
        6 => format!("user.name:\"{}\"", pick(rng, &NAMES)),
        7 => format!("\"{}\"", address(rng)),
        _ => "@timestamp:[2026-11-20T00:01:00Z TO 2026-11-20T00:05:00.5Z]".to_owned(),
    }
}

fn query(rng: &mut Rng, known: &Known) -> String {
    let mut text = condition(rng, known);
    for _ in 0..rng.below(3) {
        let joint = pick(rng, &[" AND ", " OR ", " "]);
        text = format!("({text}){joint}{}", condition(rng, known));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_shape_of_message_is_lost_or_invented(seed: u64) {
        let mut rng = Rng::new(seed);
        let (store, known) = store(&mut rng);
        for _ in 0..30 {
            let text = query(&mut rng, &known);
            let query = watchpost_query::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let from = rng.one_in(2).then(|| Timestamp(DAY + rng.below(300_000_000_000) as i64));
            let to = rng.one_in(2).then(|| Timestamp(DAY + 300_000_000_000 + rng.below(300_000_000_000) as i64));
            let expected: Vec<_> = known
                .iter()
                .filter(|(event, origin)| query.matches(&View { event, origin }))
                .filter(|(event, _)| from.is_none_or(|from| event.time >= from) && to.is_none_or(|to| event.time < to))
                .map(|(event, origin)| shown(event, origin))
                .collect();
            let request = SearchRequest::new(query, 10_000).between(from, to);
            prop_assert_eq!(store.count(&request, &[]).unwrap().total, expected.len() as u64, "count of {}", text);
            let (rows, summary) = find(&store, &request);
            prop_assert_eq!(summary.damage, Vec::<String>::new());
            let mut found: Vec<_> = rows.iter().map(|row| shown(&row.event, &row.origin)).collect();
            let mut expected = expected;
            let key = |value: &serde_json::Value| value.to_string();
            found.sort_by_key(key);
            expected.sort_by_key(key);
            prop_assert_eq!(found, expected, "{}", text);
        }
    }
}
