//! When a channel is told: thresholds, digests, what it may get, escalations, silences.

use watchpost_catalog::{Catalog, Detection, Held, MessageState, NewMessage, Rate, Terms};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND, by, detection, of_detections};

fn on(terms: &[Terms], mut detection: Detection) -> Detection {
    detection.messages.push(NewMessage {
        channel: "ops".to_owned(),
        body: detection.message.clone(),
        terms: terms.to_vec(),
        silenced: None,
    });
    detection
}

fn each() -> Terms {
    Terms {
        each: true,
        ..Terms::default()
    }
}

async fn apply(catalog: &Catalog, position: u64, now: i64, detections: Vec<Detection>) {
    let mut batch = of_detections(position, detections);
    batch.now = now;
    catalog.events().apply(&batch).await.unwrap();
}

async fn bodies(catalog: &Catalog) -> Vec<String> {
    let waiting = catalog.messages().first(Some("ops"), 500).await.unwrap();
    waiting.into_iter().map(|message| message.body).collect()
}

/// Everything that was held, as one text.
fn compose(channel: &str, held: &[Held]) -> Option<String> {
    if channel == "gone" {
        return None;
    }
    let each: Vec<String> = held
        .iter()
        .map(|held| format!("{}×{} #{}", held.count, held.rule_title, held.alert_id))
        .collect();
    Some(format!("{channel}: {}", each.join(", ")))
}

async fn states(catalog: &Catalog) -> Vec<(MessageState, u64)> {
    let queues = catalog.messages().queues().await.unwrap();
    queues.into_iter().map(|queue| (queue.state, queue.count)).collect()
}

pub(crate) async fn a_story_is_told_from_the_nth_within_the_time_on(place: TestPlace) {
    let catalog = place.open().await;
    let third = [Terms {
        after: 3,
        within_ns: 10 * SECOND,
        ..Terms::default()
    }];
    // Three, but never three within ten seconds.
    let slow = (0..3).map(|n| on(&third, detection(n, "slow", n as i64 * 6)));
    apply(&catalog, 1, NOW, slow.collect()).await;
    assert!(bodies(&catalog).await.is_empty());
    let fast = (10..15).map(|n| on(&third, detection(n, "fast", n as i64)));
    apply(&catalog, 2, NOW, fast.collect()).await;
    assert_eq!(bodies(&catalog).await, ["port scan 12"], "once for the story");
    // Without a time every detection of the story counts.
    let whenever = [Terms {
        after: 3,
        each: true,
        ..Terms::default()
    }];
    let slow = (20..24).map(|n| on(&whenever, detection(n, "whenever", n as i64 * 50)));
    apply(&catalog, 3, NOW, slow.collect()).await;
    assert_eq!(bodies(&catalog).await, ["port scan 12", "port scan 22", "port scan 23"]);
}

pub(crate) async fn a_digest_tells_everything_of_its_time_together(place: TestPlace) {
    let catalog = place.open().await;
    let hour = 3_600 * SECOND;
    let begin = NOW / hour * hour;
    let hourly = [Terms {
        digest_ns: hour,
        each: true,
        ..Terms::default()
    }];
    let some = (0..3).map(|n| on(&hourly, detection(n, "a", n as i64)));
    apply(&catalog, 1, begin + 10, some.collect()).await;
    apply(&catalog, 2, begin + 20, vec![on(&hourly, detection(5, "b", 0))]).await;
    let messages = catalog.messages();
    assert_eq!(states(&catalog).await, [(MessageState::Held, 2)]);
    assert_eq!(messages.next_release(begin).await.unwrap(), Some(begin + hour));
    assert_eq!(messages.release(begin + hour - 1, &compose).await.unwrap(), 0);
    assert!(bodies(&catalog).await.is_empty());
    assert_eq!(messages.release(begin + hour, &compose).await.unwrap(), 1);
    assert_eq!(bodies(&catalog).await, ["ops: 3×A port scan #1, 1×A port scan #2"]);
    assert_eq!(
        states(&catalog).await,
        [(MessageState::Told, 2), (MessageState::Waiting, 1)]
    );
    assert_eq!(messages.next_release(begin + hour).await.unwrap(), None);
    // Again, and after a restart, nothing more is told.
    assert_eq!(messages.release(begin + 2 * hour, &compose).await.unwrap(), 0);
    // One alone is told in its own words.
    apply(&catalog, 3, begin + hour, vec![on(&hourly, detection(6, "c", 0))]).await;
    assert_eq!(messages.release(begin + 2 * hour, &compose).await.unwrap(), 1);
    assert_eq!(bodies(&catalog).await[1], "port scan 6");
}

pub(crate) async fn what_is_more_than_a_channel_may_get_is_told_together(place: TestPlace) {
    let catalog = place.open().await;
    let minute = 60 * SECOND;
    let limited = [Terms {
        each: true,
        rate: Some(Rate {
            most: 2,
            per_ns: minute,
        }),
        ..Terms::default()
    }];
    let one = |n: u64| {
        on(
            &limited,
            detection(n, if n.is_multiple_of(2) { "even" } else { "odd" }, 0),
        )
    };
    for n in 0..100 {
        apply(&catalog, n, NOW + n as i64, vec![one(n)]).await;
    }
    assert_eq!(bodies(&catalog).await, ["port scan 0", "port scan 1"]);
    let messages = catalog.messages();
    assert_eq!(
        messages.next_release(NOW + SECOND).await.unwrap(),
        Some(NOW + minute),
        "when the first of those told is a minute ago"
    );
    assert_eq!(messages.release(NOW + minute, &compose).await.unwrap(), 1);
    let all = bodies(&catalog).await;
    assert_eq!(all[2], "ops: 49×A port scan #1, 49×A port scan #2");
    // That one counts too: of the two of this minute it and the second of the minute before.
    apply(&catalog, 200, NOW + minute, vec![one(200)]).await;
    assert_eq!(bodies(&catalog).await.len(), 3);
    // Without a limit nothing is held.
    apply(
        &catalog,
        201,
        NOW + minute,
        vec![on(&[each()], detection(300, "even", 0))],
    )
    .await;
    assert_eq!(bodies(&catalog).await.len(), 4);
}

pub(crate) async fn somebody_else_is_told_when_nobody_reacts(place: TestPlace) {
    let catalog = place.open().await;
    let later = [Terms {
        escalate_ns: 900 * SECOND,
        ..Terms::default()
    }];
    let both = (1..=3).map(|n| on(&later, detection(n, &format!("f-{n}"), 0)));
    apply(&catalog, 1, NOW, both.collect()).await;
    // The story goes on: nobody is told twice.
    apply(&catalog, 2, NOW + SECOND, vec![on(&later, detection(9, "f-1", 1))]).await;
    assert_eq!(states(&catalog).await, [(MessageState::Later, 3)]);
    let alerts = catalog.alerts();
    alerts.acknowledge(&[1], by("anna", NOW), "").await.unwrap();
    alerts.close(&[2], by("anna", NOW), "expected", "").await.unwrap();
    let messages = catalog.messages();
    assert_eq!(messages.release(NOW + 899 * SECOND, &compose).await.unwrap(), 0);
    assert_eq!(messages.release(NOW + 900 * SECOND, &compose).await.unwrap(), 1);
    assert_eq!(bodies(&catalog).await, ["port scan 3"]);
    let fate = &messages.of_alert(1).await.unwrap()[0];
    assert_eq!(fate.state, "dropped");
    assert!(fate.error.as_deref().unwrap().contains("in time"), "{fate:?}");
}

pub(crate) async fn of_several_terms_those_that_tell_soonest_decide(place: TestPlace) {
    let catalog = place.open().await;
    let digest = Terms {
        digest_ns: 3_600 * SECOND,
        ..Terms::default()
    };
    let second = Terms {
        after: 2,
        ..Terms::default()
    };
    let terms = [digest, second];
    apply(&catalog, 1, NOW, vec![on(&terms, detection(1, "a", 0))]).await;
    assert_eq!(states(&catalog).await, [(MessageState::Held, 1)]);
    // Held, it is told already as far as the story goes.
    apply(&catalog, 2, NOW, vec![on(&terms, detection(2, "a", 1))]).await;
    assert_eq!(states(&catalog).await, [(MessageState::Held, 1)]);
    let at_once = [digest, each()];
    apply(&catalog, 3, NOW, vec![on(&at_once, detection(3, "b", 0))]).await;
    assert_eq!(bodies(&catalog).await, ["port scan 3"]);
}

pub(crate) async fn what_is_silenced_is_kept_with_the_reason_and_told_when_the_silence_is_over(place: TestPlace) {
    let catalog = place.open().await;
    let silenced = |n: u64| {
        let mut detection = on(&[Terms::default()], detection(n, "a", n as i64));
        detection.messages[0].silenced = Some("silence 3: a planned move".to_owned());
        detection
    };
    apply(&catalog, 1, NOW, (0..5).map(silenced).collect()).await;
    assert_eq!(
        states(&catalog).await,
        [(MessageState::Silenced, 1)],
        "one row for the story"
    );
    let fate = catalog.messages().of_alert(1).await.unwrap().remove(0);
    assert_eq!(fate.error.as_deref(), Some("silence 3: a planned move"));
    assert_eq!(fate.finished_ns, Some(NOW));
    apply(&catalog, 2, NOW, vec![on(&[Terms::default()], detection(9, "a", 9))]).await;
    assert_eq!(bodies(&catalog).await, ["port scan 9"]);
}

pub(crate) async fn what_is_held_is_not_told_once_somebody_sees_to_it_or_silences_it(place: TestPlace) {
    let catalog = place.open().await;
    let hourly = [Terms {
        digest_ns: 3_600 * SECOND,
        ..Terms::default()
    }];
    let some = (1..=4).map(|n| on(&hourly, detection(n, &format!("f-{n}"), 0)));
    apply(&catalog, 1, NOW, some.collect()).await;
    let messages = catalog.messages();
    let later = NOW + 3_600 * SECOND;
    assert_eq!(messages.due_alerts(later, 0).await.unwrap().len(), 4);
    catalog.alerts().acknowledge(&[1], by("anna", NOW), "").await.unwrap();
    assert_eq!(messages.silence(2, "silence 1: a drill", NOW).await.unwrap(), 1);
    assert_eq!(messages.release(later, &compose).await.unwrap(), 1);
    assert_eq!(bodies(&catalog).await, ["ops: 1×A port scan #3, 1×A port scan #4"]);
    let waiting = messages.first(Some("ops"), 1).await.unwrap();
    assert_eq!(waiting[0].alert_id, 0, "its buttons would be those of one of them");
    // Of a story that somebody sees to nothing more is told; who wants to hear of everything still does.
    apply(&catalog, 2, NOW, vec![on(&[Terms::default()], detection(9, "f-1", 1))]).await;
    assert_eq!(bodies(&catalog).await.len(), 1);
    apply(&catalog, 3, NOW, vec![on(&[each()], detection(10, "f-1", 2))]).await;
    assert_eq!(bodies(&catalog).await.len(), 2);
}

pub(crate) async fn what_is_held_is_kept_where_its_channel_is_gone_and_goes_where_the_clock_was_ahead(
    place: TestPlace,
) {
    let catalog = place.open().await;
    let hourly = [Terms {
        digest_ns: 3_600 * SECOND,
        each: true,
        ..Terms::default()
    }];
    let mut gone = on(&hourly, detection(1, "a", 0));
    "gone".clone_into(&mut gone.messages[0].channel);
    let mut again = on(&hourly, detection(2, "a", 1));
    "gone".clone_into(&mut again.messages[0].channel);
    let year = 365 * 24 * 3_600 * SECOND;
    let ahead = vec![gone, again, on(&hourly, detection(3, "b", 0))];
    apply(&catalog, 1, NOW + year, ahead).await;
    let messages = catalog.messages();
    assert_eq!(
        messages.next_release(NOW).await.unwrap(),
        Some(NOW),
        "its time would be in a year"
    );
    assert_eq!(messages.release(NOW, &compose).await.unwrap(), 1);
    assert_eq!(bodies(&catalog).await, ["port scan 3"]);
    let dead = messages.newest(MessageState::Dead, None, 10).await.unwrap();
    assert_eq!(dead[0].0.body, "port scan 1");
    assert!(dead[0].0.error.as_deref().unwrap().contains("configured no longer"));
}

pub(crate) async fn what_was_given_up_is_sent_again_when_asked(place: TestPlace) {
    let catalog = place.open().await;
    let some = (0..3).map(|n| on(&[each()], detection(n, "a", n as i64)));
    apply(&catalog, 1, NOW, some.collect()).await;
    let messages = catalog.messages();
    for id in [1, 2] {
        messages.dead(id, NOW, "no such chat").await.unwrap();
    }
    let dead = messages.newest(MessageState::Dead, Some("ops"), 10).await.unwrap();
    assert_eq!(dead.iter().map(|(message, _)| message.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(dead[0].1, Some(NOW));
    assert_eq!(messages.resend(&[1, 2, 3, 99], NOW + SECOND).await.unwrap(), 2);
    let waiting = messages.first(Some("ops"), 10).await.unwrap();
    assert_eq!(waiting.iter().map(|message| message.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(waiting[0].created_ns, NOW + SECOND, "its age is counted anew");
}

pub(crate) async fn a_detection_that_stands_for_many_counts_for_all_of_them(place: TestPlace) {
    let catalog = place.open().await;
    let many = |n, fingerprint, more, terms: Terms| Detection {
        more,
        ..on(&[terms], detection(n, fingerprint, n as i64))
    };
    let limited = Terms {
        rate: Some(Rate {
            most: 1,
            per_ns: 60 * SECOND,
        }),
        ..each()
    };
    // The first is told, the others are more than the channel may get.
    let some = [(1, 0), (2, 99), (3, 199)].map(|(n, more)| many(n, "a", more, limited));
    apply(&catalog, 1, NOW, some.to_vec()).await;
    assert_eq!(bodies(&catalog).await, ["port scan 1"]);
    catalog.messages().release(NOW + 60 * SECOND, &compose).await.unwrap();
    assert_eq!(bodies(&catalog).await[1], "ops: 300×A port scan #1");
    let alert = catalog.alerts().get(1).await.unwrap().unwrap();
    assert_eq!(alert.count, 301);
    // One that stands for enough meets a threshold alone.
    let fiftieth = Terms {
        after: 50,
        within_ns: 60 * SECOND,
        ..Terms::default()
    };
    apply(&catalog, 2, NOW, vec![many(4, "b", 48, fiftieth)]).await;
    assert_eq!(bodies(&catalog).await.len(), 2);
    apply(&catalog, 3, NOW, vec![many(5, "b", 0, fiftieth)]).await;
    assert_eq!(bodies(&catalog).await[2], "port scan 5");
}
