//! Keys in a real SQLite file.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use tempfile::TempDir;
use watchpost_catalog::{Catalog, KeyScope, NewKey, Place, VerifyError};

const SECOND: i64 = 1_000_000_000;
const NOW: i64 = 1_790_000_000 * SECOND;

async fn open(dir: &Path) -> Catalog {
    Catalog::open(&Place::Sqlite(dir.join("catalog.db"))).await.unwrap()
}

fn agent(id: &str) -> NewKey {
    NewKey {
        name: format!("key of {id}"),
        scope: KeyScope::AgentId(id.to_owned()),
    }
}

#[tokio::test]
async fn a_key_opens_what_it_is_bound_to_until_it_is_revoked() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
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

#[tokio::test]
async fn keys_outlive_the_process_and_their_secrets_are_nowhere_in_the_file() {
    let dir = TempDir::new().unwrap();
    let scope = KeyScope::AgentPrefix("shop-".to_owned());
    let new = NewKey {
        name: "shop".to_owned(),
        scope: scope.clone(),
    };
    let (key, text) = open(dir.path()).await.keys().create(new, NOW).await.unwrap();
    let catalog = open(dir.path()).await;
    let principal = catalog.keys().verify(&text, NOW).await.unwrap();
    assert!(principal.scope.allows_agent("shop-7") && !principal.scope.allows_agent("web-1"));
    catalog.keys().save_last_used().await.unwrap();
    let listed = catalog.keys().list().await.unwrap();
    assert_eq!(
        (listed[0].id, &listed[0].scope, listed[0].last_used_at),
        (key.id, &scope, Some(NOW))
    );

    let secret = text.rsplit('_').next().unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn a_wrong_secret_opens_nothing_whether_the_right_one_was_just_seen_or_not() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
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

#[tokio::test]
async fn a_key_revoked_elsewhere_stops_within_seconds() {
    let dir = TempDir::new().unwrap();
    let (here, elsewhere) = (open(dir.path()).await, open(dir.path()).await);
    let (key, text) = here.keys().create(agent("a"), NOW).await.unwrap();
    here.keys().verify(&text, NOW).await.unwrap();
    assert!(elsewhere.keys().revoke(key.id, NOW).await.unwrap());
    let refused = here.keys().verify(&text, NOW + 6 * SECOND).await;
    assert!(matches!(refused, Err(VerifyError::Revoked { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_at_once_lose_nothing() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
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

#[tokio::test]
async fn unusable_names_are_refused() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
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
#[cfg(unix)]
async fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    open(dir.path()).await;
    let mode = std::fs::metadata(dir.path().join("catalog.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0);
}
