//! Look-ups: what waits, what was answered, what is told of it.

use watchpost_catalog::{Catalog, LookupAnswer, LookupState, NewEvents, NewLookup};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND, event, of_events};

const VT: &str = "virustotal";

fn new(value: &str, services: &[&str]) -> NewLookup {
    NewLookup {
        kind: "hash".to_owned(),
        value: value.to_owned(),
        services: services.iter().map(|&service| service.to_owned()).collect(),
        event_id: Some(format!("web-1/01/process@{value}.0")),
        event_ns: Some(NOW),
        host_name: Some("web-1".to_owned()),
        path: Some("/tmp/\0x".to_owned()),
        username: Some("anna".to_owned()),
    }
}

fn of_lookups(position: u64, lookups: Vec<NewLookup>) -> NewEvents {
    NewEvents {
        lookups,
        ..of_events(position, vec![event(position)])
    }
}

fn answer(id: i64, opinion: &str, holds: i64) -> LookupAnswer {
    LookupAnswer {
        id,
        state: LookupState::Known,
        verdict: Some((opinion.to_owned(), format!("{{\"opinion\":\"{opinion}\"}}"))),
        looked_ns: NOW,
        next_ns: NOW + holds * SECOND,
        error: None,
        notice: Some(format!("{{\"told\":\"{opinion}\"}}")),
    }
}

async fn due(catalog: &Catalog, now: i64) -> Option<(i64, String)> {
    let due = catalog.lookups().due(VT, now).await.unwrap();
    due.map(|one| (one.id, one.value))
}

pub(crate) async fn files_wait_for_each_service_once_and_first_come_first_served(place: TestPlace) {
    let catalog = place.open().await;
    let both = vec![new("a", &[VT, "bazaar"]), new("b", &[VT]), new("a", &[VT])];
    let report = catalog.events().apply(&of_lookups(1, both.clone())).await.unwrap();
    assert_eq!((report.lookups, report.lookups_left_out), (3, 0));
    let again = catalog.events().apply(&of_lookups(2, both)).await.unwrap();
    assert_eq!(again.lookups, 0, "what waits is not noted again");
    let first = catalog.lookups().due(VT, NOW).await.unwrap().unwrap();
    assert_eq!((first.value.as_str(), first.state), ("a", LookupState::Waiting));
    assert_eq!(first.path.as_deref(), Some("/tmp/\u{fffd}x"));
    assert_eq!(catalog.lookups().waiting(VT).await.unwrap(), 2);
    assert_eq!(due(&catalog, NOW - 1).await, None);

    // Somebody asks: that goes first.
    let asked = [new("b", &[VT]), new("c", &[VT])];
    assert_eq!(catalog.lookups().ask(&asked, NOW).await.unwrap(), (1, 0));
    assert_eq!(due(&catalog, NOW).await.unwrap().1, "b");
    // A look-up that failed waits for its time.
    let (id, _) = due(&catalog, NOW).await.unwrap();
    let failed = LookupAnswer {
        state: LookupState::Waiting,
        verdict: None,
        error: Some("503".to_owned()),
        notice: None,
        ..answer(id, "", 60)
    };
    assert!(!catalog.lookups().answer(&failed).await.unwrap());
    assert_eq!(due(&catalog, NOW).await.unwrap().1, "c");
    assert_eq!(due(&catalog, NOW + 60 * SECOND).await.unwrap().1, "b");
    let row = catalog.lookups().of(&["b".to_owned()]).await.unwrap().remove(0);
    assert_eq!((row.attempts, row.error.as_deref()), (1, Some("503")));
}

pub(crate) async fn an_answer_holds_for_its_time_and_is_told_once(place: TestPlace) {
    let catalog = place.open().await;
    let lookups = catalog.lookups();
    catalog
        .events()
        .apply(&of_lookups(1, vec![new("a", &[VT])]))
        .await
        .unwrap();
    let (id, _) = due(&catalog, NOW).await.unwrap();
    assert!(lookups.answer(&answer(id, "malicious", 100)).await.unwrap());
    assert_eq!(due(&catalog, NOW + 1_000 * SECOND).await, None);
    let holding = lookups.holding(NOW + 99 * SECOND, 10).await.unwrap();
    assert_eq!(holding[0].opinion.as_deref(), Some("malicious"));
    assert!(lookups.holding(NOW + 100 * SECOND, 10).await.unwrap().is_empty());

    // Seen again: while the answer holds nothing is asked, behind that it is.
    let seen = |position, now| NewEvents {
        now,
        ..of_lookups(position, vec![new("a", &[VT])])
    };
    catalog.events().apply(&seen(2, NOW + 99 * SECOND)).await.unwrap();
    assert_eq!(lookups.waiting(VT).await.unwrap(), 0);
    catalog.events().apply(&seen(3, NOW + 100 * SECOND)).await.unwrap();
    assert_eq!(lookups.waiting(VT).await.unwrap(), 1);
    assert!(
        !lookups.answer(&answer(id, "malicious", 200)).await.unwrap(),
        "it says the same"
    );
    catalog.events().apply(&seen(4, NOW + 200 * SECOND)).await.unwrap();
    assert!(lookups.answer(&answer(id, "suspicious", 300)).await.unwrap());

    let outbox = lookups.outbox(7, 10).await.unwrap();
    assert_eq!((outbox.epoch, outbox.cursor), (7, 0));
    let told: Vec<&str> = outbox.notices.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(told, ["{\"told\":\"malicious\"}", "{\"told\":\"suspicious\"}"]);
}

pub(crate) async fn what_is_told_goes_and_its_place_stays(place: TestPlace) {
    let catalog = place.open().await;
    let lookups = catalog.lookups();
    let three = vec![new("a", &[VT]), new("b", &[VT]), new("c", &[VT])];
    catalog.events().apply(&of_lookups(1, three)).await.unwrap();
    for _ in 0..3 {
        let (id, _) = due(&catalog, NOW).await.unwrap();
        lookups.answer(&answer(id, "malicious", 100)).await.unwrap();
    }
    let epoch = u64::MAX - 5;
    let first = lookups.outbox(epoch, 2).await.unwrap();
    let ids: Vec<i64> = first.notices.iter().map(|(id, _)| *id).collect();
    assert_eq!((first.epoch, ids.len()), (epoch, 2));
    lookups.told(&ids, epoch, 2).await.unwrap();
    let rest = lookups.outbox(1, 10).await.unwrap();
    assert_eq!((rest.epoch, rest.cursor, rest.notices.len()), (epoch, 2, 1));
    lookups.tell_anew(9).await.unwrap();
    let anew = lookups.outbox(1, 10).await.unwrap();
    assert_eq!((anew.epoch, anew.cursor, anew.notices), (9, 0, rest.notices));
}

pub(crate) async fn there_is_an_end_to_what_waits_and_other_services_are_forgotten(place: TestPlace) {
    let catalog = place.open().await;
    let many = |from: u32, to: u32| (from..to).map(|n| new(&format!("{n:064x}"), &[VT])).collect::<Vec<_>>();
    let report = catalog.events().apply(&of_lookups(1, many(0, 20_500))).await.unwrap();
    assert_eq!(report.lookups + report.lookups_left_out, 20_500);
    assert!((19_900..=20_000).contains(&report.lookups), "{report:?}");
    let report = catalog
        .events()
        .apply(&of_lookups(2, many(30_000, 30_100)))
        .await
        .unwrap();
    assert!(report.lookups_left_out > 0, "{report:?}");
    let lookups = catalog.lookups();
    assert_eq!(lookups.trim(&[VT.to_owned()]).await.unwrap(), 0);
    assert!(lookups.trim(&["bazaar".to_owned()]).await.unwrap() > 19_000);
    assert_eq!(lookups.waiting(VT).await.unwrap(), 0);
}
