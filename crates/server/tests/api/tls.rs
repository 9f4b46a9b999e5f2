//! TLS from the first start, with the fingerprint an agent pins.

use tempfile::TempDir;
use watchpost_trust::Fingerprint;

use crate::world::{client, json, run, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_fingerprint_is_all_a_client_needs_and_another_one_is_refused() {
    let dir = TempDir::new().unwrap();
    let world = run(settings(dir.path(), "https://127.0.0.1:0")).await;
    let pinned = world.server.ca_fingerprint().unwrap();
    let port = world.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}/api/v1/store/stats");
        let (status, stored) = json(client(Some(pinned)).get(url).bearer_auth(&world.user_key)).await;
        assert_eq!((status.as_u16(), &stored["events"]), (200, &serde_json::json!(0)));
    }
    let other = client(Some(Fingerprint::of(b"another")));
    let error = other
        .get(format!("https://127.0.0.1:{port}/healthz"))
        .send()
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("pinned authority"), "{error:?}");
    // Metrics are open to this host only where nobody can listen.
    let request = client(Some(pinned)).get(format!("https://127.0.0.1:{port}/metrics"));
    assert_eq!(json(request).await.0, 401);
    world.server.stop().await;

    let world = run(settings(dir.path(), "https://127.0.0.1:0")).await;
    assert_eq!(world.server.ca_fingerprint(), Some(pinned));
    world.server.stop().await;
}
