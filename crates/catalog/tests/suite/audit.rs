//! Who did what.

use serde_json::{Map, Value, json};
use watchpost_catalog::{
    AuditActor, AuditEntry, AuditFilter, AuditObject, AuditOutcome, By, Catalog, KeyScope, Login, NewAudit,
    NewException, NewKey, NewSilence, Role,
};
use watchpost_kit::Secret;

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND};

fn entry(action: &str) -> NewAudit {
    let (kind, _) = action.split_once('.').unwrap_or((action, ""));
    NewAudit {
        time_ns: NOW,
        actor: AuditActor {
            name: "anna".to_owned(),
            kind: "user".to_owned(),
            label: String::new(),
            address: "203.0.113.7".to_owned(),
        },
        action: action.to_owned(),
        object: AuditObject {
            kind: kind.to_owned(),
            ..AuditObject::default()
        },
        ..NewAudit::default()
    }
}

async fn all(catalog: &Catalog) -> Vec<AuditEntry> {
    catalog.audit().list(&AuditFilter::default()).await.unwrap()
}

/// What was done to what, the newest first.
fn told(entries: &[AuditEntry]) -> Vec<String> {
    let one = |entry: &AuditEntry| format!("{} {}", entry.action, entry.object.id);
    entries.iter().map(one).collect()
}

pub(crate) async fn a_change_and_its_entry_are_there_together_or_not_at_all(place: TestPlace) {
    let catalog = place.open().await;
    let new = NewSilence {
        query: "host.name:web-1".to_owned(),
        reason: "moving".to_owned(),
        until_ns: NOW + SECOND,
        ..NewSilence::default()
    };
    let noting = catalog.noting(entry("silence.create"));
    let made = noting.silences().create(&new, "anna", NOW).await.unwrap();
    let found = all(&catalog).await;
    assert_eq!(told(&found), [format!("silence.create {}", made.id)]);
    assert_eq!(
        (
            found[0].actor.name.as_str(),
            found[0].actor.address.as_str(),
            found[0].time_ns
        ),
        ("anna", "203.0.113.7", NOW)
    );
    assert_eq!(found[0].object.name, "host.name:web-1");
    // An entry that cannot be written keeps the change from being made.
    let raw = place.raw().await;
    raw.run("DROP TABLE audit").await;
    let noting = catalog.noting(entry("silence.create"));
    noting.silences().create(&new, "anna", NOW).await.unwrap_err();
    assert_eq!(raw.count("silences").await, 1);
    catalog.silences().create(&new, "schedule", NOW).await.unwrap();
    assert_eq!(raw.count("silences").await, 2, "what nobody did needs no entry");
    raw.close().await;
}

pub(crate) async fn what_changes_nothing_leaves_no_entry(place: TestPlace) {
    let catalog = place.open().await;
    let on = |action| catalog.noting(entry(action));
    assert!(
        !on("channel.remove")
            .settings()
            .remove("channel", "ops", 1)
            .await
            .unwrap()
    );
    assert!(!on("key.revoke").keys().revoke(9, NOW).await.unwrap());
    assert!(!on("report.remove").reports().remove(9).await.unwrap());
    assert!(
        on("silence.end")
            .silences()
            .end(9, "anna", NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        on("rule.exception.end")
            .rules()
            .end_exception(9, "anna", NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(on("message.resend").messages().resend(&[9], NOW).await.unwrap(), 0);
    let by = By { who: "anna", now: NOW };
    assert!(
        on("alert.close")
            .alerts()
            .close(&[9], by, "resolved", "")
            .await
            .unwrap()
            .is_empty()
    );
    on("user.remove").users().remove("nobody").await.unwrap_err();
    assert_eq!(told(&all(&catalog).await), Vec::<String>::new());
}

pub(crate) async fn who_logs_in_is_noted_by_the_name_they_have(place: TestPlace) {
    let catalog = place.open().await;
    let noting = catalog.noting(entry("user.create"));
    let (user, password) = noting.users().create("Bert", Role::Admin, NOW).await.unwrap();
    let mut login = entry("login");
    "bert".clone_into(&mut login.actor.name);
    let wrong = Secret::new("wrong".to_owned());
    let users = catalog.noting(login.clone());
    users
        .users()
        .log_in("bert", &wrong, Login::default(), NOW)
        .await
        .unwrap_err();
    users
        .users()
        .log_in("bert", &password, Login::default(), NOW)
        .await
        .unwrap();
    let new = NewKey {
        name: "ci".to_owned(),
        scope: KeyScope::User,
    };
    let (key, text) = catalog
        .noting(entry("key.create"))
        .keys()
        .create(new, NOW)
        .await
        .unwrap();
    catalog.keys().verify(&text, NOW).await.unwrap();
    assert!(
        catalog
            .noting(entry("key.revoke"))
            .keys()
            .revoke(key.id, NOW)
            .await
            .unwrap()
    );
    catalog.keys().verify(&text, NOW).await.unwrap_err();
    let found = all(&catalog).await;
    assert_eq!(
        told(&found),
        [
            format!("key.revoke {}", key.id),
            format!("key.create {}", key.id),
            format!("login {}", user.id),
            format!("user.create {}", user.id),
        ]
    );
    assert_eq!(
        (found[0].object.name.as_str(), found[2].actor.name.as_str()),
        ("ci", "Bert")
    );
    let written = serde_json::to_string(&found).unwrap();
    assert!(
        !written.contains(password.expose()) && !written.contains(&text),
        "{written}"
    );
}

/// Two entries of anna about a rule, then five of keys about an agent, a second apart; the last one was refused.
async fn seven(catalog: &Catalog) {
    let except = NewException {
        rule: "r-1".to_owned(),
        query: "host.name:web-1".to_owned(),
        ..NewException::default()
    };
    let noting = catalog.noting(entry("rule.exception.add"));
    let made = noting.rules().add_exception(&except, "anna", NOW).await.unwrap();
    let ended = catalog.noting(entry("rule.exception.end"));
    ended
        .rules()
        .end_exception(made.id, "anna", NOW)
        .await
        .unwrap()
        .unwrap();
    for n in 0..5 {
        let mut one = entry("agent.command.hash");
        one.time_ns = NOW + n * SECOND;
        one.actor.name = format!("key:{n}");
        if n == 4 {
            one.outcome = AuditOutcome::Refused;
        }
        "web-1".clone_into(&mut one.object.id);
        catalog.audit().add(one).await.unwrap();
    }
}

fn only(part: &str, text: &str) -> AuditFilter {
    let mut filter = AuditFilter::default();
    let value = Some(text.to_owned());
    match part {
        "who" => filter.who = value,
        "action" => filter.action = value,
        "kind" => filter.object_kind = value,
        _ => filter.object = value,
    }
    filter
}

pub(crate) async fn entries_are_filtered(place: TestPlace) {
    let catalog = place.open().await;
    seven(&catalog).await;
    for (part, text, count) in [
        ("who", "anna", 2),
        ("who", "ann", 0),
        ("action", "rule.*", 2),
        ("action", "rule.exception.end", 1),
        ("action", "rule", 0),
        ("kind", "agent", 5),
        ("object", "web-1", 5),
        // The end of an exception names its rule.
        ("object", "r-1", 1),
    ] {
        let found = catalog.audit().list(&only(part, text)).await.unwrap();
        assert_eq!(found.len(), count, "{part} {text}");
    }
    let refused = AuditFilter {
        outcome: Some(AuditOutcome::Refused),
        ..AuditFilter::default()
    };
    assert_eq!(catalog.audit().list(&refused).await.unwrap().len(), 1);
    let between = AuditFilter {
        from_ns: Some(NOW + SECOND),
        to_ns: Some(NOW + 3 * SECOND),
        ..AuditFilter::default()
    };
    assert_eq!(catalog.audit().list(&between).await.unwrap().len(), 2);
}

pub(crate) async fn pages_follow_one_another(place: TestPlace) {
    let catalog = place.open().await;
    seven(&catalog).await;
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = AuditFilter {
            before_id: before,
            limit: 3,
            ..AuditFilter::default()
        };
        let page = catalog.audit().list(&page).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.iter().map(|entry| entry.id));
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
}

pub(crate) async fn old_entries_and_too_many_go_in_small_steps(place: TestPlace) {
    let catalog = place.open().await;
    let audit = catalog.audit();
    for n in 0..10 {
        let mut one = entry("login");
        one.time_ns = NOW + n * SECOND;
        audit.add(one).await.unwrap();
    }
    assert_eq!(audit.expire(NOW + 3 * SECOND, 100, 2).await.unwrap(), 2);
    assert_eq!(audit.expire(NOW + 3 * SECOND, 100, 2).await.unwrap(), 1);
    assert_eq!(audit.expire(NOW + 3 * SECOND, 100, 2).await.unwrap(), 0);
    assert_eq!(audit.expire(NOW, 4, 2).await.unwrap(), 2);
    assert_eq!(audit.expire(NOW, 4, 2).await.unwrap(), 1);
    assert_eq!(audit.expire(NOW, 4, 2).await.unwrap(), 0);
    let left: Vec<i64> = all(&catalog)
        .await
        .iter()
        .map(|entry| (entry.time_ns - NOW) / SECOND)
        .collect();
    assert_eq!(left, [9, 8, 7, 6]);
}

pub(crate) async fn entries_are_kept_within_limits(place: TestPlace) {
    let catalog = place.open().await;
    let mut long = entry("login");
    long.actor.name = "ж\0".repeat(5_000);
    long.object.id = "x".repeat(100_000);
    long.details = Map::from_iter([
        ("short".to_owned(), json!("kept\u{0}")),
        ("long".to_owned(), Value::from("y".repeat(100_000))),
    ]);
    catalog.audit().add(long).await.unwrap();
    let found = all(&catalog).await;
    let size = serde_json::to_string(&found).unwrap().len();
    assert!(size < 8_000, "{size}");
    assert_eq!(found[0].details["short"], "kept\u{fffd}");
    assert_eq!(found[0].details["truncated"], true);
}
