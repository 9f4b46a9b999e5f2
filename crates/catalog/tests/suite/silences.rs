//! Silences, and what people did about alerts.

use watchpost_catalog::{AlertAction, AlertState, NewSilence};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND, by, detection, of_detections};

fn new(query: &str, from: i64, until: i64) -> NewSilence {
    NewSilence {
        query: query.to_owned(),
        hours: "Sun 02:00-04:00 UTC".to_owned(),
        reason: "a planned move".to_owned(),
        from_ns: NOW + from * SECOND,
        until_ns: NOW + until * SECOND,
    }
}

pub(crate) async fn silences_are_current_until_they_are_over_or_ended(place: TestPlace) {
    let catalog = place.open().await;
    let silences = catalog.silences();
    let long = silences.create(&new("a", 0, 100), "anna", NOW).await.unwrap();
    let short = silences.create(&new("b", 0, 10), "anna", NOW).await.unwrap();
    let future = silences.create(&new("c", 50, 60), "bert", NOW).await.unwrap();
    let ids = |list: Vec<watchpost_catalog::Silence>| list.into_iter().map(|one| one.id).collect::<Vec<_>>();
    let current = silences.current(NOW).await.unwrap();
    assert_eq!(current[0], short);
    assert_eq!(
        ids(current),
        [short.id, future.id, long.id],
        "what ends first comes first"
    );
    assert_eq!(
        ids(silences.current(NOW + 10 * SECOND).await.unwrap()),
        [future.id, long.id]
    );

    let ended = silences.end(long.id, "carl", NOW + SECOND).await.unwrap().unwrap();
    assert_eq!(
        (ended.ended_by.as_deref(), ended.ended_ns),
        (Some("carl"), Some(NOW + SECOND))
    );
    assert_eq!(silences.end(long.id, "carl", NOW + SECOND).await.unwrap(), None);
    assert_eq!(
        silences.end(short.id, "carl", NOW + 10 * SECOND).await.unwrap(),
        None,
        "it is over"
    );
    assert_eq!(ids(silences.current(NOW + 10 * SECOND).await.unwrap()), [future.id]);
    assert_eq!(
        ids(silences.past(NOW + 10 * SECOND, 10).await.unwrap()),
        [short.id, long.id]
    );
}

pub(crate) async fn what_people_do_about_an_alert_is_its_history(place: TestPlace) {
    let catalog = place.open().await;
    let two = vec![detection(1, "a", 0), detection(2, "b", 0)];
    catalog.events().apply(&of_detections(1, two)).await.unwrap();
    let alerts = catalog.alerts();
    let both = [1, 2];
    alerts.assign(&both, by("anna", NOW), "bert").await.unwrap();
    assert!(
        alerts.assign(&both, by("anna", NOW), "bert").await.unwrap().is_empty(),
        "he has it already"
    );
    alerts.acknowledge(&[1], by("bert", NOW + 1), "looking").await.unwrap();
    alerts.comment(&[1], by("carl", NOW + 2), "seen before").await.unwrap();
    let closed = alerts
        .close(&[1], by("bert", NOW + 3), "false-positive", "a scanner of ours")
        .await
        .unwrap();
    assert_eq!(closed[0].close_reason.as_deref(), Some("false-positive"));
    assert_eq!(closed[0].assignee.as_deref(), Some("bert"));
    let open = alerts
        .reopen(&[1], by("anna", NOW + 4), "it is not")
        .await
        .unwrap()
        .remove(0);
    assert_eq!(open.state, AlertState::Open);
    assert_eq!(
        (open.closed_by, open.close_reason, open.acknowledged_by),
        (None, None, None)
    );
    assert_eq!(open.note.as_deref(), Some("it is not"));
    alerts.assign(&[1], by("anna", NOW + 5), "").await.unwrap();

    let history = alerts.history(1).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|note| (note.author.as_str(), note.action, note.note.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("anna", AlertAction::Assigned, "bert"),
            ("bert", AlertAction::Acknowledged, "looking"),
            ("carl", AlertAction::Commented, "seen before"),
            ("bert", AlertAction::Closed, "false-positive: a scanner of ours"),
            ("anna", AlertAction::Reopened, "it is not"),
            ("anna", AlertAction::Assigned, ""),
        ]
    );
    assert_eq!(alerts.history(2).await.unwrap().len(), 1);
    // It goes with its alert.
    while catalog.events().expire(NOW + SECOND, 10).await.unwrap() > 0 {}
    assert!(alerts.history(1).await.unwrap().is_empty());
}
