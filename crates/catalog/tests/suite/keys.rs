//! API keys.

use watchpost_catalog::{KeyScope, NewKey, VerifyError};

use crate::place::TestPlace;

const SECOND: i64 = 1_000_000_000;
const NOW: i64 = 1_790_000_000 * SECOND;

pub(crate) fn agent(id: &str) -> NewKey {
    NewKey {
        name: format!("key of {id}"),
        scope: KeyScope::AgentId(id.to_owned()),
    }
}

pub(crate) async fn a_key_opens_what_it_is_bound_to_until_it_is_revoked(place: TestPlace) {
    let catalog = place.open().await;
    let (key, text) = catalog.keys().create(agent("web-1"), NOW).await.unwrap();
    for _ in 0..2 {
        let principal = catalog.keys().verify(&text, NOW).await.unwrap();
        assert!(principal.scope.allows_agent("web-1") && !principal.scope.allows_agent("web-10"));
    }
    assert!(catalog.keys().revoke(key.id, NOW + SECOND).await.unwrap());
    assert!(!catalog.keys().revoke(key.id, NOW + SECOND).await.unwrap());
    let refused = catalog.keys().verify(&text, NOW + SECOND).await;
    assert!(matches!(refused, Err(VerifyError::Revoked { id }) if id == key.id));
}

pub(crate) async fn keys_outlive_the_process(place: TestPlace) {
    let scope = KeyScope::AgentPrefix("shop-".to_owned());
    let new = NewKey {
        name: "shop".to_owned(),
        scope: scope.clone(),
    };
    let (key, text) = place.open().await.keys().create(new, NOW).await.unwrap();
    let catalog = place.open().await;
    let principal = catalog.keys().verify(&text, NOW).await.unwrap();
    assert!(principal.scope.allows_agent("shop-7") && !principal.scope.allows_agent("web-1"));
    catalog.keys().save_last_used().await.unwrap();
    let listed = catalog.keys().list().await.unwrap();
    assert_eq!(
        (listed[0].id, &listed[0].scope, listed[0].last_used_at),
        (key.id, &scope, Some(NOW))
    );
}

pub(crate) async fn a_wrong_secret_opens_nothing_whether_the_right_one_was_just_seen_or_not(place: TestPlace) {
    let catalog = place.open().await;
    let (key, text) = catalog.keys().create(agent("a"), NOW).await.unwrap();
    let forged = format!("wp_{}_{}", key.id, "0".repeat(64));
    assert!(matches!(
        catalog.keys().verify(&forged, NOW).await,
        Err(VerifyError::Unknown)
    ));
    catalog.keys().verify(&text, NOW).await.unwrap();
    assert!(matches!(
        catalog.keys().verify(&forged, NOW).await,
        Err(VerifyError::Unknown)
    ));
    let nobody = format!("wp_999_{}", "0".repeat(64));
    assert!(matches!(
        catalog.keys().verify(&nobody, NOW).await,
        Err(VerifyError::Unknown)
    ));
    assert!(matches!(
        catalog.keys().verify("hunter2", NOW).await,
        Err(VerifyError::Malformed)
    ));
}

pub(crate) async fn a_key_revoked_elsewhere_stops_within_seconds(place: TestPlace) {
    let (here, elsewhere) = (place.open().await, place.open().await);
    let (key, text) = here.keys().create(agent("a"), NOW).await.unwrap();
    here.keys().verify(&text, NOW).await.unwrap();
    assert!(elsewhere.keys().revoke(key.id, NOW).await.unwrap());
    let refused = here.keys().verify(&text, NOW + 6 * SECOND).await;
    assert!(matches!(refused, Err(VerifyError::Revoked { .. })));
}

pub(crate) async fn many_writers_at_once_lose_nothing(place: TestPlace) {
    let catalog = place.open().await;
    let writers = (0..50).map(|n| {
        let catalog = catalog.clone();
        tokio::spawn(async move {
            let (_, text) = catalog.keys().create(agent(&format!("a-{n}")), NOW).await.unwrap();
            catalog.keys().verify(&text, NOW + n).await.unwrap();
            catalog.keys().save_last_used().await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let keys = catalog.keys().list().await.unwrap();
    assert_eq!(keys.len(), 50);
    assert!(keys.iter().all(|key| key.last_used_at.is_some()));
}

pub(crate) async fn unusable_names_are_refused(place: TestPlace) {
    let catalog = place.open().await;
    let bad = [
        NewKey {
            name: " ".to_owned(),
            scope: KeyScope::User,
        },
        NewKey {
            name: "line\nbreak".to_owned(),
            scope: KeyScope::User,
        },
        agent(""),
        NewKey {
            name: "x".to_owned(),
            scope: KeyScope::AgentPrefix(String::new()),
        },
    ];
    for new in bad {
        assert!(catalog.keys().create(new, NOW).await.is_err());
    }
    catalog.ping().await.unwrap();
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_file_and_the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = TestPlace::sqlite();
    let catalog = place.open().await;
    let (_, text) = catalog.keys().create(agent("a"), NOW).await.unwrap();
    let secret = text.rsplit('_').next().unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(place.folder().unwrap().path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        files += 1;
    }
    assert!(files > 0);
}
