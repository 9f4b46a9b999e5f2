//! Random events and queries: the store finds what matching one by one finds, in the order it promises.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Feed, at, find, known_of, maintain_all, open, shown};
use proptest::prelude::*;
use watchpost_event::{Event, Fields, Origin, View};
use watchpost_kit::Rng;
use watchpost_query::parse_search;
use watchpost_query::suite::{answer_at_once, random_event, random_pipes, random_query};
use watchpost_run::MemDisk;
use watchpost_store::{EmbeddedStore, LogStore, Place, SearchRequest, StoreOptions};

type Known = Vec<(Event, Arc<Origin>)>;

/// A store of random events in random streams, flushed and merged at random, and what is in it.
fn random_store(rng: &mut Rng) -> (EmbeddedStore, Known) {
    let options = StoreOptions {
        merge_files: 2,
        packed_raw_bytes: 0,
        cache_bytes: if rng.one_in(2) { 0 } else { 1 << 20 },
        ..StoreOptions::default()
    };
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let mut feeds: Vec<Feed> = (0..3)
        .map(|number| {
            let fields: Fields = [("host.name", format!("web-{number}").into())].into_iter().collect();
            Feed::new(
                &format!("agent-{}", number % 2),
                &format!("file:/var/log/{number}"),
                fields,
            )
        })
        .collect();
    let mut known = Known::new();
    for next in 1..=1 + rng.below(12) {
        let feed = &mut feeds[rng.below(3) as usize];
        let events: Vec<Event> = (0..rng.below(20))
            .map(|_| random_event(&mut || rng.next_u64()))
            .collect();
        // Receive times over two days, so that folders differ.
        let batch = feed.batch(events, at(rng.below(2) as i64 * 86_400));
        known.extend(known_of(&batch));
        store.append(next, batch).unwrap();
        match rng.below(4) {
            0 => store.flush(at(0)).unwrap(),
            1 => maintain_all(&store, at(0)),
            // Its days are over: files are packed.
            2 => maintain_all(&store, at(10 * 86_400)),
            _ => {}
        }
    }
    (store, known)
}

fn place(event: &Event, origin: &Origin) -> Place {
    Place {
        time: event.time,
        id: View { event, origin }.id(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn finds_what_matching_one_by_one_finds(seed: u64) {
        let mut rng = Rng::new(seed);
        let (store, mut known) = random_store(&mut rng);
        known.sort_by_key(|(event, origin)| place(event, origin));
        for _ in 0..20 {
            let text = random_query(&mut || rng.next_u64());
            let Ok(query) = watchpost_query::parse(&text) else { continue };
            let from = rng.one_in(2).then(|| at(rng.below(96) as i64 * 1800 - 86_400));
            let to = rng.one_in(2).then(|| at(rng.below(96) as i64 * 1800 - 86_400));
            let expected: Vec<_> = known
                .iter()
                .filter(|(event, origin)| query.matches(&View { event, origin }))
                .filter(|(event, _)| from.is_none_or(|from| event.time >= from))
                .filter(|(event, _)| to.is_none_or(|to| event.time < to))
                .map(|(event, origin)| shown(event, origin))
                .collect();
            let request = SearchRequest::new(query.clone(), 10_000).between(from, to);
            let (rows, summary) = find(&store, &request);
            prop_assert_eq!(summary.damage, Vec::<String>::new());
            let found: Vec<_> = rows.iter().map(|row| shown(&row.event, &row.origin)).collect();
            prop_assert_eq!(&found, &expected, "query {}", text);
            prop_assert_eq!(store.count(&request, &[]).unwrap().total, expected.len() as u64, "query {}", text);
            check_pages(&store, &request, &found)?;
            check_histogram(&store, &request, &known)?;
            check_facets(&store, &request)?;
            check_pipes(&store, &request, &text, &random_pipes(&mut || rng.next_u64()), &known)?;
        }
    }
}

/// Pages of three rows give the same rows as the whole.
fn check_pages(store: &EmbeddedStore, request: &SearchRequest, all: &[serde_json::Value]) -> Result<(), TestCaseError> {
    let mut request = SearchRequest {
        limit: 3,
        ..request.clone()
    };
    let mut paged = Vec::new();
    loop {
        let (rows, _) = find(store, &request);
        let Some(last) = rows.last() else { break };
        request.after = Some(last.place());
        paged.extend(rows.iter().map(|row| shown(&row.event, &row.origin)));
        prop_assert!(paged.len() <= all.len());
    }
    prop_assert_eq!(paged, all);
    Ok(())
}

/// A pipeline over the store gives what it gives over everything at once; rows without a limit are all there are.
fn check_pipes(
    store: &EmbeddedStore,
    request: &SearchRequest,
    query: &str,
    pipes: &str,
    known: &Known,
) -> Result<(), TestCaseError> {
    let text = format!("{query} {pipes}");
    let search = parse_search(&text).unwrap_or_else(|error| panic!("{error}"));
    let request = SearchRequest {
        query: search.filter().clone(),
        ..request.clone()
    };
    let inside = known.iter().filter(|(event, _)| {
        request.from.is_none_or(|from| event.time >= from) && request.to.is_none_or(|to| event.time < to)
    });
    let expected = answer_at_once(&search, inside.map(|(event, origin)| (event, &**origin)));
    let gathered = store.gather(&request, search.pipeline(), usize::MAX).unwrap();
    prop_assert_eq!((&gathered.cut, &gathered.summary.damage), (&None, &Vec::new()));
    prop_assert_eq!(gathered.partial.finish(), expected, "{}", text);
    let (found, _) = find(store, &request);
    let mut rows = Vec::new();
    let mut all = |row| {
        rows.push(row);
        std::ops::ControlFlow::Continue(())
    };
    store.rows(&request, &mut all).unwrap();
    prop_assert_eq!(rows, found);
    Ok(())
}

/// Several facets in one walk give what a count by each of their fields gives.
fn check_facets(store: &EmbeddedStore, request: &SearchRequest) -> Result<(), TestCaseError> {
    let fields = ["host.name", "user.name", "message"].map(str::to_owned);
    let facets = store.facets(request, &fields).unwrap();
    prop_assert!(facets.complete);
    for (field, facet) in fields.iter().zip(&facets.facets) {
        let counts = store.count(request, std::slice::from_ref(field)).unwrap();
        let (missing, values): (Vec<_>, Vec<_>) = counts.groups.into_iter().partition(|(key, _)| key[0].is_null());
        let values: Vec<_> = values
            .into_iter()
            .map(|(mut key, count)| (key.remove(0), count))
            .collect();
        prop_assert_eq!(&facet.values, &values);
        prop_assert_eq!(facet.missing, missing.first().map_or(0, |(_, count)| *count));
        prop_assert_eq!(facets.total, counts.total);
    }
    Ok(())
}

fn check_histogram(store: &EmbeddedStore, request: &SearchRequest, known: &Known) -> Result<(), TestCaseError> {
    for interval in [60_000_000_000, 3_600_000_000_000, 7_000_000_000] {
        let mut expected: BTreeMap<i64, u64> = BTreeMap::new();
        let mut severities: BTreeMap<usize, u64> = BTreeMap::new();
        for (event, origin) in known {
            let view = View { event, origin };
            let inside =
                request.from.is_none_or(|from| event.time >= from) && request.to.is_none_or(|to| event.time < to);
            if inside && request.query.matches(&view) {
                *expected
                    .entry(event.time.0.div_euclid(interval) * interval)
                    .or_default() += 1;
                *severities
                    .entry(view.severity().map_or(6, |severity| severity as usize))
                    .or_default() += 1;
            }
        }
        let histogram = store.histogram(request, interval).unwrap();
        let found: BTreeMap<i64, u64> = histogram.buckets.iter().map(|bar| (bar.start.0, bar.total())).collect();
        prop_assert_eq!(found, expected);
        let mut by_severity: BTreeMap<usize, u64> = BTreeMap::new();
        for bar in &histogram.buckets {
            for (slot, count) in bar.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                *by_severity.entry(slot).or_default() += count;
            }
        }
        prop_assert_eq!(by_severity, severities);
    }
    Ok(())
}

#[test]
fn groups_are_counted_as_they_are_seen() {
    let mut rng = Rng::new(3);
    let (store, known) = random_store(&mut rng);
    let by = ["host.name".to_owned(), "user.name".to_owned()];
    let counts = store
        .count(&SearchRequest::new(watchpost_query::Query::all(), 0), &by[..1])
        .unwrap();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (event, origin) in &known {
        let view = View { event, origin };
        let mut values = match view.get("host.name") {
            Some(watchpost_event::FieldRef::Json(serde_json::Value::Array(items))) if !items.is_empty() => {
                items.clone()
            }
            Some(watchpost_event::FieldRef::Json(serde_json::Value::Array(_))) | None => vec![serde_json::Value::Null],
            Some(watchpost_event::FieldRef::Json(value)) => vec![value.clone()],
            Some(other) => panic!("{other:?}"),
        };
        let mut seen = Vec::new();
        values.retain(|value| {
            !seen.contains(value) && {
                seen.push(value.clone());
                true
            }
        });
        for value in values {
            *expected.entry(value.to_string()).or_default() += 1;
        }
    }
    let found: BTreeMap<String, u64> = counts
        .groups
        .iter()
        .map(|(values, count)| (values[0].to_string(), *count))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(counts.total, known.len() as u64);
    // Two fields: a pair for every event at least.
    let pairs = store
        .count(&SearchRequest::new(watchpost_query::Query::all(), 0), &by)
        .unwrap();
    assert!(pairs.groups.iter().all(|(values, _)| values.len() == 2));
    assert!(pairs.groups.iter().map(|(_, count)| count).sum::<u64>() >= known.len() as u64);
}
