//! The API's description: committed, true, and nothing in it is open to everybody.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::plain;

#[test]
#[expect(clippy::disallowed_methods, reason = "how the file is blessed")]
fn the_committed_description_is_what_the_handlers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let now = watchpost_server::openapi();
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "openapi.json is not what the handlers say: run `make openapi`, look at the difference, and commit it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_described_is_there_and_asks_who_you_are() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let api: Value = serde_json::from_str(&watchpost_server::openapi()).unwrap();
    let mut asked = 0;
    for (path, operations) in api["paths"].as_object().unwrap() {
        let url = world.url(&path.replace("{id}", "1").replace("{name}", "nobody"));
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = world.http.request(method.clone(), &url).send().await.unwrap();
            let expected = match (path.as_str(), method.as_str()) {
                ("/healthz" | "/readyz" | "/metrics", _) => 200,
                ("/api/v1/session", "GET") => 204,
                // Without a word about where the request comes from: it could be another site's.
                ("/api/v1/session", "POST" | "DELETE") => 403,
                _ => 401,
            };
            assert_eq!(answer.status(), expected, "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
    world.server.stop().await;
}
