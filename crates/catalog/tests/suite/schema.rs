//! The tables themselves.

use watchpost_catalog::{CatalogError, KeyScope, VerifyError};

use crate::place::TestPlace;
use crate::samples::{NOW, event, of_events};

/// Other tools read this table by these names. A column may be added at the end, in a new step of the migrations;
/// nothing here is ever renamed, removed or given another type.
const SECURITY_EVENTS: [&str; 18] = [
    "id integer not null",
    "event_id text not null",
    "timestamp text not null",
    "timestamp_ns integer not null",
    "received_ns integer not null",
    "agent_id text not null",
    "host_name text",
    "kind text",
    "category text",
    "action text",
    "outcome text",
    "severity integer",
    "username text",
    "process_name text",
    "process_command_line text",
    "source_ip text",
    "message text not null",
    "fields text not null",
];

/// Keys that the first release made; they open nothing else.
const SQLITE_KEYS: [&str; 2] = [
    "wp_1_745d185fff326eccb3a51812040be48e70ae48dea8c29b12e20dcad8eb40c735",
    "wp_2_8b7c7f0a93cf064610d75595896be957c937011d09f5bd495e2ca39c0c54556b",
];
const POSTGRES_KEYS: [&str; 2] = [
    "wp_1_16b28cefb7d726e6b8a2290c8dff02403fdccd9797c8488bf637621a29882316",
    "wp_2_d3e61707d642f5d50247180a4d106cff95b2b93532b1f59551cfb336b833900d",
];

pub(crate) async fn the_public_table_has_these_columns(place: TestPlace) {
    place.open().await;
    let raw = place.raw().await;
    let sql = if raw.is_postgres() {
        "SELECT column_name || CASE data_type WHEN 'bigint' THEN ' integer' WHEN 'smallint' THEN ' integer' \
         ELSE ' ' || data_type END || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
         FROM information_schema.columns WHERE table_name = 'security_events' ORDER BY ordinal_position"
    } else {
        "SELECT name || ' ' || CASE WHEN type LIKE '%int%' THEN 'integer' ELSE lower(type) END \
         || CASE \"notnull\" WHEN 1 THEN ' not null' ELSE '' END \
         FROM pragma_table_info('security_events') ORDER BY cid"
    };
    assert_eq!(raw.texts(sql).await, SECURITY_EVENTS);
}

pub(crate) async fn a_catalog_of_the_first_release_keeps_its_keys(place: TestPlace) {
    let raw = place.raw().await;
    let (sql, keys) = if raw.is_postgres() {
        (include_str!("../fixtures/m0001.postgres.sql"), POSTGRES_KEYS)
    } else {
        (include_str!("../fixtures/m0001.sqlite.sql"), SQLITE_KEYS)
    };
    raw.run(sql).await;
    raw.close().await;

    let catalog = place.open().await;
    let key = catalog.keys().verify(keys[0], NOW).await.unwrap();
    assert_eq!(key.scope, KeyScope::AgentPrefix("shop-".to_owned()));
    let revoked = catalog.keys().verify(keys[1], NOW).await;
    assert!(matches!(revoked, Err(VerifyError::Revoked { id: 2 })), "{revoked:?}");
    let (new, _) = catalog.keys().create(crate::keys::agent("web-1"), NOW).await.unwrap();
    assert_eq!(new.id, 3);
    assert_eq!(
        catalog
            .events()
            .apply(&of_events(1, vec![event(1)]))
            .await
            .unwrap()
            .events,
        1
    );
}

pub(crate) async fn opening_again_changes_nothing(place: TestPlace) {
    let catalog = place.open().await;
    catalog.events().apply(&of_events(1, vec![event(1)])).await.unwrap();
    let again = place.open().await;
    assert_eq!(again.events().count().await.unwrap(), 1);
    let steps = place
        .raw()
        .await
        .texts("SELECT version FROM seaql_migrations ORDER BY version")
        .await;
    assert_eq!(
        steps,
        [
            "m0001_api_keys",
            "m0002_security_events",
            "m0003_users",
            "m0004_silences",
            "m0005_lookups",
            "m0006_rulebook",
            "m0007_settings",
            "m0008_audit",
            "m0009_times"
        ]
    );
}

pub(crate) async fn a_catalog_of_a_newer_program_is_refused(place: TestPlace) {
    place.open().await;
    let raw = place.raw().await;
    raw.run("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)")
        .await;
    raw.close().await;
    assert!(matches!(place.try_open().await, Err(CatalogError::Migrate(_))));
}
