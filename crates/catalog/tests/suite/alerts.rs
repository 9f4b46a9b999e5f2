//! Which detections are one alert, and what people do about it.

use watchpost_catalog::{Alert, AlertCount, AlertFilter, AlertState, Catalog, Detection};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND, by, detection, of_detections};

/// Applies each in a batch of its own and answers the alerts, the newest first.
async fn after(catalog: &Catalog, detections: Vec<Detection>) -> Vec<Alert> {
    for detection in detections {
        catalog
            .events()
            .apply(&of_detections(1, vec![detection]))
            .await
            .unwrap();
    }
    catalog.alerts().list(&AlertFilter::default()).await.unwrap()
}

fn shape(alerts: &[Alert]) -> Vec<(u64, i64, i64)> {
    let seconds = |time: i64| (time - NOW) / SECOND;
    alerts
        .iter()
        .map(|alert| (alert.count, seconds(alert.first_ns), seconds(alert.last_ns)))
        .collect()
}

fn ids(alerts: &[Alert]) -> Vec<i64> {
    alerts.iter().map(|alert| alert.id).collect()
}

pub(crate) async fn detections_within_the_window_are_one_alert(place: TestPlace) {
    let catalog = place.open().await;
    // Each within a minute of the one before, the last exactly.
    let alerts = after(
        &catalog,
        vec![detection(1, "a", 0), detection(2, "a", 50), detection(3, "a", 110)],
    )
    .await;
    assert_eq!(shape(&alerts), [(3, 0, 110)]);
    let alert = &alerts[0];
    assert_eq!(
        (alert.state, alert.level, alert.created_ns),
        (AlertState::Open, 60, NOW)
    );
    assert_eq!(
        (alert.message.as_str(), alert.event.as_str()),
        ("port scan 1", "{\"n\":1}")
    );
    assert_eq!(
        (alert.rule_id.as_str(), alert.rule_title.as_str()),
        ("scan", "A port scan")
    );
    assert_eq!(
        (alert.host_name.as_deref(), alert.username.as_deref()),
        (Some("web-1"), Some("anna"))
    );
    let events = catalog.alerts().events(alert.id, 2).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].event_id, "server/00000000000000bb/detect@3.0");
    assert_eq!(events[0].timestamp_ns, NOW + 110 * SECOND);
    assert_eq!(catalog.alerts().get(alert.id).await.unwrap().as_ref(), Some(alert));
    assert_eq!(catalog.alerts().get(alert.id + 1).await.unwrap(), None);
}

pub(crate) async fn detections_out_of_order_are_one_alert(place: TestPlace) {
    let catalog = place.open().await;
    let times = [0, 59, 118, 177, 150, 3, 177];
    let detections = (1..)
        .zip(times)
        .map(|(n, seconds)| detection(n, "a", seconds))
        .collect();
    assert_eq!(shape(&after(&catalog, detections).await), [(7, 0, 177)]);

    // Before the first, but near the newest.
    let detections = vec![detection(10, "b", 100), detection(11, "b", 40), detection(12, "b", 41)];
    assert_eq!(shape(&after(&catalog, detections).await)[0], (3, 40, 100));
}

pub(crate) async fn a_detection_outside_the_window_opens_another_alert(place: TestPlace) {
    let catalog = place.open().await;
    let mut late = detection(2, "a", 60);
    late.time += 1;
    let alerts = after(&catalog, vec![detection(1, "a", 0), late]).await;
    assert_eq!(shape(&alerts), [(1, 60, 60), (1, 0, 0)]);

    let mut early = detection(3, "b", 0);
    early.time -= 1;
    let alerts = after(&catalog, vec![detection(4, "b", 60), early]).await;
    assert_eq!(alerts.len(), 4);

    let exactly = |n, seconds| Detection {
        window_ns: 0,
        ..detection(n, "c", seconds)
    };
    let alerts = after(&catalog, vec![exactly(5, 0), exactly(6, 0), exactly(7, 1)]).await;
    assert_eq!(shape(&alerts[..2]), [(1, 1, 1), (2, 0, 0)]);
}

pub(crate) async fn fingerprints_are_kept_apart(place: TestPlace) {
    let catalog = place.open().await;
    let detections = vec![
        detection(1, "a", 0),
        detection(2, "A", 0),
        detection(3, "a ", 0),
        detection(4, "a", 0),
    ];
    let alerts = after(&catalog, detections).await;
    assert_eq!(shape(&alerts), [(1, 0, 0), (1, 0, 0), (2, 0, 0)]);
}

pub(crate) async fn the_newest_alert_gets_the_detection(place: TestPlace) {
    let catalog = place.open().await;
    // Two alerts 100 s apart; 50 s is within a minute of both.
    let alerts = after(
        &catalog,
        vec![detection(1, "a", 0), detection(2, "a", 100), detection(3, "a", 50)],
    )
    .await;
    assert_eq!(shape(&alerts), [(2, 50, 100), (1, 0, 0)]);
}

pub(crate) async fn acknowledged_alerts_grow_and_closed_ones_do_not(place: TestPlace) {
    let catalog = place.open().await;
    let first = after(&catalog, vec![detection(1, "a", 0)]).await[0].id;
    catalog
        .alerts()
        .acknowledge(&[first], by("anna", NOW + 1), "")
        .await
        .unwrap();
    let alerts = after(&catalog, vec![detection(2, "a", 1)]).await;
    assert_eq!(shape(&alerts), [(2, 0, 1)]);
    assert_eq!(alerts[0].state, AlertState::Acknowledged, "it stays so");

    catalog
        .alerts()
        .close(&[first], by("anna", NOW + 2), "", "a scanner of ours")
        .await
        .unwrap();
    let alerts = after(&catalog, vec![detection(3, "a", 2), detection(4, "a", 1)]).await;
    assert_eq!(shape(&alerts), [(2, 1, 2), (2, 0, 1)]);
    // One that came before is known though its alert is closed.
    assert_eq!(after(&catalog, vec![detection(2, "a", 1)]).await, alerts);
}

pub(crate) async fn only_open_alerts_are_acknowledged(place: TestPlace) {
    let catalog = place.open().await;
    let detections = (1..=3).map(|n| detection(n, &format!("f-{n}"), 0)).collect();
    let ids = ids(&after(&catalog, detections).await);
    catalog
        .alerts()
        .close(&ids[..1], by("bert", NOW), "", "")
        .await
        .unwrap();
    let changed = catalog
        .alerts()
        .acknowledge(&ids[..2], by("anna", NOW + 5), "on it")
        .await
        .unwrap();
    assert_eq!(changed.len(), 1);
    let alert = &changed[0];
    assert_eq!(
        (alert.id, alert.state, alert.updated_ns),
        (ids[1], AlertState::Acknowledged, NOW + 5)
    );
    assert_eq!(alert.acknowledged_by.as_deref(), Some("anna"));
    assert_eq!(
        (alert.acknowledged_ns, alert.note.as_deref()),
        (Some(NOW + 5), Some("on it"))
    );
    let again = catalog
        .alerts()
        .acknowledge(&[ids[1], 999], by("carl", NOW + 6), "mine")
        .await
        .unwrap();
    assert!(again.is_empty());
    assert!(
        catalog
            .alerts()
            .acknowledge(&[], by("carl", NOW), "")
            .await
            .unwrap()
            .is_empty()
    );
    let kept = catalog.alerts().get(ids[1]).await.unwrap().unwrap();
    assert_eq!(&kept, alert);
}

pub(crate) async fn all_matching_alerts_are_acknowledged(place: TestPlace) {
    let catalog = place.open().await;
    let detections = (1..=6).map(|n| Detection {
        level: if n % 2 == 0 { 80 } else { 20 },
        ..detection(n, &format!("f-{n}"), 0)
    });
    after(&catalog, detections.collect()).await;
    let high = AlertFilter {
        level_min: Some(60),
        limit: 2,
        ..AlertFilter::default()
    };
    let alerts = catalog.alerts();
    assert_eq!(
        alerts.acknowledge_all(&high, by("anna", NOW), "").await.unwrap().len(),
        2
    );
    assert_eq!(
        alerts.acknowledge_all(&high, by("anna", NOW), "").await.unwrap().len(),
        1
    );
    assert!(
        alerts
            .acknowledge_all(&high, by("anna", NOW), "")
            .await
            .unwrap()
            .is_empty()
    );
    let closed = AlertFilter {
        states: vec![AlertState::Closed, AlertState::Acknowledged],
        ..AlertFilter::default()
    };
    assert!(
        alerts
            .acknowledge_all(&closed, by("anna", NOW), "")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        alerts
            .acknowledge_all(&AlertFilter::default(), by("anna", NOW), "")
            .await
            .unwrap()
            .len(),
        3
    );
}

pub(crate) async fn closing_keeps_who_and_why(place: TestPlace) {
    let catalog = place.open().await;
    let ids = ids(&after(&catalog, vec![detection(1, "a", 0), detection(2, "b", 0)]).await);
    catalog
        .alerts()
        .acknowledge(&ids, by("anna", NOW + 1), "looking")
        .await
        .unwrap();
    let closed = catalog.alerts().close(&ids, by("bert", NOW + 2), "", "").await.unwrap();
    assert_eq!(closed.iter().map(|alert| alert.id).collect::<Vec<_>>(), ids);
    assert_eq!(closed[0].note.as_deref(), Some("looking"), "no reason leaves the note");
    assert_eq!(
        (closed[0].closed_by.as_deref(), closed[0].closed_ns),
        (Some("bert"), Some(NOW + 2))
    );
    assert_eq!(closed[0].acknowledged_by.as_deref(), Some("anna"));
    assert!(
        catalog
            .alerts()
            .close(&ids, by("carl", NOW + 3), "", "again")
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn lists_are_filtered_and_paged(place: TestPlace) {
    let catalog = place.open().await;
    let detections = (1..=8).map(|n| Detection {
        level: (n as u8).div_ceil(2) * 20,
        ..detection(n, &format!("f-{n}"), n as i64)
    });
    let ids = ids(&after(&catalog, detections.collect()).await);
    assert!(ids.is_sorted_by(|a, b| a > b));
    catalog
        .alerts()
        .close(&ids[..3], by("anna", NOW), "", "")
        .await
        .unwrap();
    let list = async |filter: AlertFilter| {
        let alerts = catalog.alerts().list(&filter).await.unwrap();
        alerts.into_iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    let all = AlertFilter::default;
    assert_eq!(
        list(AlertFilter {
            states: vec![AlertState::Closed],
            ..all()
        })
        .await,
        ids[..3]
    );
    let both = vec![AlertState::Closed, AlertState::Open];
    assert_eq!(list(AlertFilter { states: both, ..all() }).await, ids);
    assert_eq!(
        list(AlertFilter {
            level_min: Some(60),
            ..all()
        })
        .await,
        ids[..4]
    );
    assert_eq!(
        list(AlertFilter {
            since: Some(NOW + 7 * SECOND),
            ..all()
        })
        .await,
        ids[..2]
    );
    assert_eq!(list(AlertFilter { limit: 3, ..all() }).await, ids[..3]);
    assert_eq!(
        list(AlertFilter {
            limit: 3,
            before_id: Some(ids[2]),
            ..all()
        })
        .await,
        ids[3..6]
    );
    let page = AlertFilter {
        states: vec![AlertState::Open],
        level_min: Some(40),
        limit: 5,
        before_id: Some(ids[3]),
        since: Some(0),
        until: None,
    };
    assert_eq!(list(page).await, ids[4..6]);
}

pub(crate) async fn counts_are_by_state_and_level(place: TestPlace) {
    let catalog = place.open().await;
    assert!(catalog.alerts().counts().await.unwrap().is_empty());
    let detections = [20, 100, 20, 60].into_iter().zip(1..).map(|(level, n)| Detection {
        level,
        ..detection(n, &format!("f-{n}"), 0)
    });
    let ids = ids(&after(&catalog, detections.collect()).await);
    catalog
        .alerts()
        .close(&ids[..1], by("anna", NOW), "", "")
        .await
        .unwrap();
    let count = |state, level, count| AlertCount { state, level, count };
    let expected = [
        count(AlertState::Open, 20, 2),
        count(AlertState::Open, 100, 1),
        count(AlertState::Closed, 60, 1),
    ];
    assert_eq!(catalog.alerts().counts().await.unwrap(), expected);
}

pub(crate) async fn times_at_the_ends_of_the_range_do_no_harm(place: TestPlace) {
    let catalog = place.open().await;
    let at = |n, time, window_ns| Detection {
        time,
        window_ns,
        ..detection(n, "a", 0)
    };
    let detections = vec![
        at(1, i64::MIN, 60),
        at(2, i64::MAX, 60),
        at(3, 0, -5),
        at(4, i64::MIN + 60, 60),
        at(5, i64::MAX - 61, 60),
    ];
    let alerts = after(&catalog, detections).await;
    assert_eq!(alerts.iter().map(|alert| alert.count).collect::<Vec<_>>(), [1, 1, 1, 2]);
    let everything = after(&catalog, vec![at(6, 0, i64::MAX)]).await;
    assert_eq!(everything.iter().map(|alert| alert.count).sum::<u64>(), 6);
    assert_eq!(everything.len(), 4);
}
