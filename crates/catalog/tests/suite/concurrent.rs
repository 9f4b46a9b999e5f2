//! Many at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use watchpost_catalog::{AlertFilter, AlertState, Catalog, NewEvents};

use crate::place::TestPlace;
use crate::samples::{NOW, by, detection, event, of_detections, telling};

const BATCHES: u64 = 20;

/// Batch `n` of a reader: ten events and five detections, some of a fingerprint that all readers share.
fn batch(reader: u64, n: u64) -> NewEvents {
    let first = (reader * BATCHES + n) * 10;
    let detections = (first..first + 5).map(|n| {
        let fingerprint = if n % 2 == 0 {
            "shared".to_owned()
        } else {
            format!("own-{reader}")
        };
        telling(detection(n, &fingerprint, 0), "mail", true)
    });
    NewEvents {
        reader: format!("reader-{reader}"),
        events: (first..first + 10).map(event).collect(),
        ..of_detections(n, detections.collect())
    }
}

async fn send_all(catalog: &Catalog, stop: &AtomicBool) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let last = stop.load(Ordering::SeqCst);
        let due = catalog.messages().first(Some("mail"), 20).await.unwrap();
        if due.is_empty() && last {
            return sent;
        }
        for message in due {
            assert!(catalog.messages().sent(message.id, NOW).await.unwrap());
            sent.push(message.event_id);
        }
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn applying_acknowledging_and_sending_at_once_lose_nothing(place: TestPlace) {
    let catalog = place.open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let readers = (0..4).map(|reader| {
        let catalog = catalog.clone();
        tokio::spawn(async move {
            for n in 0..BATCHES {
                let batch = batch(reader, n);
                assert_eq!(catalog.events().apply(&batch).await.unwrap().events, 10);
                // Now and then one comes again.
                if n % 5 == 0 {
                    assert_eq!(catalog.events().apply(&batch).await.unwrap().events, 0);
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let people = tokio::spawn({
        let (catalog, stop) = (catalog.clone(), stop.clone());
        async move {
            let mut acknowledged = 0;
            loop {
                let last = stop.load(Ordering::SeqCst);
                let who = AlertFilter::default();
                let changed = catalog
                    .alerts()
                    .acknowledge_all(&who, by("anna", NOW), "")
                    .await
                    .unwrap()
                    .len();
                acknowledged += changed;
                if last && changed == 0 {
                    return acknowledged;
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let sender = tokio::spawn({
        let (catalog, stop) = (catalog.clone(), stop.clone());
        async move { send_all(&catalog, &stop).await }
    });
    for reader in readers {
        reader.await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    assert_eq!(people.await.unwrap(), 5, "one alert all share, and one of each reader");
    let sent = sender.await.unwrap();
    assert_eq!(sent.len(), 4 * BATCHES as usize * 5);
    assert_eq!(sent.iter().collect::<HashSet<_>>().len(), sent.len());
    assert_eq!(catalog.events().count().await.unwrap(), 4 * BATCHES * 10);
    let alerts = catalog.alerts().list(&AlertFilter::default()).await.unwrap();
    assert_eq!(alerts.iter().map(|alert| alert.count).sum::<u64>(), 4 * BATCHES * 5);
    assert!(alerts.iter().all(|alert| alert.state == AlertState::Acknowledged));
    for reader in 0..4 {
        let position = catalog.events().position(&format!("reader-{reader}")).await.unwrap();
        assert_eq!(position, Some(BATCHES - 1));
    }
}

/// Two programs on one database, each with connections of its own.
pub(crate) async fn two_programs_open_one_alert_together(place: TestPlace) {
    let programs = [place.open().await, place.open().await];
    for round in 0..20 {
        let work = (0..4_u64).map(|n| {
            let catalog = programs[n as usize % 2].clone();
            let found = telling(detection(round * 10 + n, &format!("f-{round}"), 0), "mail", false);
            let batch = NewEvents {
                reader: format!("reader-{n}"),
                ..of_detections(round, vec![found])
            };
            tokio::spawn(async move { catalog.events().apply(&batch).await.unwrap() })
        });
        let work: Vec<_> = work.collect();
        let mut made = 0;
        for work in work {
            made += work.await.unwrap().alerts_made.len();
        }
        assert_eq!(made, 1, "round {round}");
    }
    let alerts = programs[0].alerts().list(&AlertFilter::default()).await.unwrap();
    assert_eq!(alerts.len(), 20);
    assert!(alerts.iter().all(|alert| alert.count == 4));
    assert_eq!(programs[1].messages().first(None, 100).await.unwrap().len(), 20);
}

/// While one writes without a pause, others get their turn: for each of theirs, at most a few of its batches.
pub(crate) async fn a_busy_reader_does_not_starve_others(place: TestPlace) {
    let catalog = place.open().await;
    let batches = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let busy = tokio::spawn({
        let (catalog, batches, stop) = (catalog.clone(), batches.clone(), stop.clone());
        async move {
            for n in 0.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let batch = NewEvents {
                    events: (n * 100..n * 100 + 100).map(event).collect(),
                    ..of_detections(n, vec![telling(detection(n, "a", 0), "mail", true)])
                };
                catalog.events().apply(&batch).await.unwrap();
                batches.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    while batches.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    for _ in 0..30 {
        let before = batches.load(Ordering::SeqCst);
        let due = catalog.messages().first(None, 1).await.unwrap();
        assert!(catalog.messages().sent(due[0].id, NOW).await.unwrap());
        let meanwhile = batches.load(Ordering::SeqCst) - before;
        assert!(meanwhile <= 20, "{meanwhile} batches went first");
        while batches.load(Ordering::SeqCst) < before + 1 {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    busy.await.unwrap();
}
