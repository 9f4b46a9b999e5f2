//! The queue of messages.

use watchpost_catalog::{Catalog, Message, WaitingMessages};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND, detection, of_detections, telling};

async fn bodies(catalog: &Catalog) -> Vec<String> {
    let due = catalog.messages().first(None, 100).await.unwrap();
    due.into_iter().map(|message: Message| message.body).collect()
}

pub(crate) async fn each_detection_or_only_the_first(place: TestPlace) {
    let catalog = place.open().await;
    let both =
        |n, fingerprint, seconds| telling(telling(detection(n, fingerprint, seconds), "mail", false), "chat", true);
    let first = of_detections(1, vec![both(1, "a", 0), both(2, "a", 1), both(3, "b", 1)]);
    assert_eq!(catalog.events().apply(&first).await.unwrap().messages, 5);
    let second = of_detections(2, vec![both(4, "a", 2), both(5, "a", 500)]);
    assert_eq!(catalog.events().apply(&second).await.unwrap().messages, 3);
    let due = catalog.messages().first(None, 100).await.unwrap();
    let of = |channel: &str| -> Vec<&str> {
        let own = due.iter().filter(|message| message.channel == channel);
        own.map(|message| message.body.as_str()).collect()
    };
    assert_eq!(of("mail"), ["port scan 1", "port scan 3", "port scan 5"]);
    assert_eq!(
        of("chat"),
        [
            "port scan 1",
            "port scan 2",
            "port scan 3",
            "port scan 4",
            "port scan 5"
        ]
    );
    let alert = catalog.alerts().get(due[0].alert_id).await.unwrap().unwrap();
    assert_eq!((alert.fingerprint.as_str(), alert.count), ("a", 3));
    assert_eq!(due[0].event_id, "server/00000000000000bb/detect@1.0");

    // A channel named twice gets one.
    let twice = telling(telling(detection(9, "c", 0), "mail", true), "mail", true);
    assert_eq!(
        catalog
            .events()
            .apply(&of_detections(3, vec![twice]))
            .await
            .unwrap()
            .messages,
        1
    );
}

pub(crate) async fn messages_come_in_the_order_they_were_enqueued(place: TestPlace) {
    let catalog = place.open().await;
    for batch in 0..10 {
        let detections = (0..10).map(|n| telling(detection(batch * 10 + n, "a", 0), "mail", true));
        catalog
            .events()
            .apply(&of_detections(batch, detections.collect()))
            .await
            .unwrap();
    }
    let expected: Vec<String> = (0..100).map(|n| format!("port scan {n}")).collect();
    assert_eq!(bodies(&catalog).await, expected);
    let some = catalog.messages().first(None, 7).await.unwrap();
    assert!(some.iter().map(|message| &message.body).eq(&expected[..7]));
}

pub(crate) async fn what_was_sent_or_given_up_does_not_come_again(place: TestPlace) {
    let catalog = place.open().await;
    let detections = (0..3).map(|n| telling(detection(n, "a", 0), "mail", true)).collect();
    let batch = of_detections(1, detections);
    catalog.events().apply(&batch).await.unwrap();
    let messages = catalog.messages();
    let due = messages.first(None, 10).await.unwrap();
    assert!(messages.sent(due[0].id, NOW).await.unwrap());
    assert!(messages.dead(due[1].id, NOW, "no such chat").await.unwrap());
    for id in [due[0].id, due[1].id, 999] {
        assert!(!messages.sent(id, NOW).await.unwrap());
        assert!(!messages.dead(id, NOW, "").await.unwrap());
        assert!(!messages.retry(id, NOW, "").await.unwrap());
    }
    catalog.events().apply(&batch).await.unwrap();
    assert_eq!(bodies(&place.open().await).await, ["port scan 2"]);
    let raw = place.raw().await;
    let states = raw
        .texts("SELECT state || coalesce(' ' || error, '') FROM messages ORDER BY id")
        .await;
    assert_eq!(states, ["sent", "dead no such chat", "waiting"]);
}

pub(crate) async fn a_story_is_told_by_its_first_detection_that_is_to_be_told(place: TestPlace) {
    let catalog = place.open().await;
    let told = |n| telling(detection(n, "a", n as i64), "mail", false);
    let batches = [detection(1, "a", 1), told(2), told(3)];
    for (position, found) in (1..).zip(batches) {
        catalog
            .events()
            .apply(&of_detections(position, vec![found]))
            .await
            .unwrap();
    }
    let waiting = catalog.messages().first(None, 10).await.unwrap();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0].body, "port scan 2");
}

pub(crate) async fn a_message_put_off_keeps_its_place(place: TestPlace) {
    let catalog = place.open().await;
    let messages = catalog.messages();
    let detections = (0..2).map(|n| telling(detection(n, "a", 0), "mail", true)).collect();
    catalog.events().apply(&of_detections(1, detections)).await.unwrap();
    let new = messages.first(None, 10).await.unwrap();
    assert!(new.iter().all(|message| message.next_ns == NOW), "{new:?}");

    let due = messages.first(None, 10).await.unwrap();
    assert!(messages.retry(due[0].id, NOW + 30 * SECOND, "429").await.unwrap());
    assert!(messages.retry(due[1].id, NOW + 20 * SECOND, "timeout").await.unwrap());
    let later = messages.first(None, 10).await.unwrap();
    let times = later.iter().map(|message| (message.body.as_str(), message.next_ns));
    let expected = [("port scan 0", NOW + 30 * SECOND), ("port scan 1", NOW + 20 * SECOND)];
    assert!(times.eq(expected), "the order stays, whoever is due first");
    assert!(messages.retry(due[0].id, NOW + 40 * SECOND, "500").await.unwrap());
    let due = messages.first(None, 10).await.unwrap();
    assert_eq!((due[0].attempts, due[0].error.as_deref()), (2, Some("500")));
    assert_eq!((due[1].attempts, due[1].error.as_deref()), (1, Some("timeout")));
}

pub(crate) async fn a_channel_sees_its_own(place: TestPlace) {
    let catalog = place.open().await;
    let mut batch = of_detections(1, (0..3).map(|n| telling(detection(n, "a", 0), "mail", true)).collect());
    catalog.events().apply(&batch).await.unwrap();
    batch.now = NOW + 5;
    batch.detections = vec![telling(detection(9, "a", 0), "chat", true)];
    catalog.events().apply(&batch).await.unwrap();
    let messages = catalog.messages();
    let chat = messages.first(Some("chat"), 10).await.unwrap();
    assert_eq!((chat.len(), chat[0].body.as_str()), (1, "port scan 9"));
    assert!(messages.first(Some("sms"), 10).await.unwrap().is_empty());
    let mail = messages.first(Some("mail"), 10).await.unwrap();
    messages.sent(mail[0].id, NOW).await.unwrap();
    let waiting = |channel: &str, count, oldest_ns| WaitingMessages {
        channel: channel.to_owned(),
        count,
        oldest_ns,
    };
    assert_eq!(
        messages.waiting().await.unwrap(),
        [waiting("chat", 1, NOW + 5), waiting("mail", 2, NOW)]
    );
}
