//! Sessions: how they end.

use watchpost_catalog::{SESSION_IDLE_NS, SESSION_MAX_NS, SessionId};

use crate::place::TestPlace;
use crate::users::{NOW, SECOND, log_in, secret, settled};

const PASSWORD: &str = "correct horse battery";

pub(crate) async fn logging_out_ends_a_session_at_once(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", PASSWORD).await;
    let other = log_in(&catalog, "anna", &secret(PASSWORD), NOW).await.unwrap();
    assert!(opened.is_open(&catalog, NOW).await && other.is_open(&catalog, NOW).await);
    assert!(catalog.sessions().end(opened.session.id).await.unwrap());
    assert!(!catalog.sessions().end(opened.session.id).await.unwrap());
    assert!(!opened.is_open(&catalog, NOW).await && other.is_open(&catalog, NOW).await);
}

pub(crate) async fn sessions_outlive_the_process_and_end_elsewhere_within_seconds(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", PASSWORD).await;
    let elsewhere = place.open().await;
    assert!(opened.is_open(&elsewhere, NOW).await);
    catalog.sessions().end(opened.session.id).await.unwrap();
    assert!(!opened.is_open(&elsewhere, NOW + 6 * SECOND).await);
}

pub(crate) async fn an_unknown_token_opens_nothing(place: TestPlace) {
    let catalog = place.open().await;
    settled(&catalog, "anna", PASSWORD).await;
    let id = SessionId::of(&"0".repeat(64)).unwrap();
    assert!(catalog.sessions().look_up(id, NOW).await.unwrap().is_none());
}

pub(crate) async fn a_session_that_is_not_used_ends_after_a_day(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", PASSWORD).await;
    assert!(opened.is_open(&catalog, NOW + SESSION_IDLE_NS - 1).await);
    assert!(
        opened.is_open(&catalog, NOW + 2 * SESSION_IDLE_NS - 2).await,
        "its use was not written down yet, and counts"
    );
    let used = NOW + 2 * SESSION_IDLE_NS - 2;
    assert!(!opened.is_open(&catalog, used + SESSION_IDLE_NS).await);
    // Written down, it counts for another process too.
    catalog.sessions().save_used().await.unwrap();
    let elsewhere = place.open().await;
    assert!(opened.is_open(&elsewhere, used + SESSION_IDLE_NS - 1).await);
}

pub(crate) async fn a_session_ends_after_two_weeks_however_often_it_is_used(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", PASSWORD).await;
    let step = SESSION_IDLE_NS / 2;
    let mut now = NOW;
    while now < NOW + SESSION_MAX_NS {
        assert!(opened.is_open(&catalog, now).await, "{}", (now - NOW) / SECOND);
        catalog.sessions().save_used().await.unwrap();
        now += step;
    }
    assert!(opened.is_open(&catalog, NOW + SESSION_MAX_NS - 1).await);
    assert!(!opened.is_open(&catalog, NOW + SESSION_MAX_NS).await);
}

pub(crate) async fn sessions_that_have_ended_are_removed(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", PASSWORD).await;
    let later = NOW + SESSION_IDLE_NS - SECOND;
    let other = log_in(&catalog, "anna", &secret(PASSWORD), later).await.unwrap();
    assert_eq!(catalog.sessions().expire(later).await.unwrap(), 0);
    assert_eq!(catalog.sessions().expire(NOW + SESSION_IDLE_NS).await.unwrap(), 1);
    assert!(!opened.is_open(&catalog, later).await && other.is_open(&catalog, later).await);
    let raw = place.raw().await;
    assert_eq!(raw.count("sessions").await, 1);
    raw.close().await;
}

pub(crate) async fn of_too_many_sessions_the_oldest_end(place: TestPlace) {
    let catalog = place.open().await;
    let first = settled(&catalog, "anna", PASSWORD).await;
    let other = settled(&catalog, "boris", PASSWORD).await;
    let mut opened = Vec::new();
    for n in 1..=20 {
        assert!(first.is_open(&catalog, NOW + n).await);
        opened.push(log_in(&catalog, "anna", &secret(PASSWORD), NOW + n).await.unwrap());
    }
    assert!(!first.is_open(&catalog, NOW + 20).await && other.is_open(&catalog, NOW + 20).await);
    for one in &opened {
        assert!(one.is_open(&catalog, NOW + 20).await);
    }
}

pub(crate) async fn where_a_session_came_from_is_kept_within_limits(place: TestPlace) {
    let catalog = place.open().await;
    settled(&catalog, "anna", PASSWORD).await;
    let from = watchpost_catalog::Login {
        address: "2001:db8::1".to_owned(),
        user_agent: Some(format!("\0{}", "é".repeat(1000))),
    };
    let users = catalog.users();
    users.log_in("anna", &secret(PASSWORD), from, NOW + 1).await.unwrap();
    let raw = place.raw().await;
    let last = "FROM sessions ORDER BY created_ns DESC LIMIT 1";
    let agent = raw.texts(&format!("SELECT user_agent {last}")).await;
    assert!(agent[0].len() <= 256 && agent[0].ends_with('é'), "{agent:?}");
    assert_eq!(raw.texts(&format!("SELECT address {last}")).await, ["2001:db8::1"]);
    raw.close().await;
}
