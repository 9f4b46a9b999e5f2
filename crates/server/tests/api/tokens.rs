//! Keys over the API.

use serde_json::json;
use tempfile::TempDir;
use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::world::{self, batch_of, plain};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_used_listed_and_revoked_at_once() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let url = world.url("/api/v1/tokens");
    let body = json!({"name": "lab", "role": "agent", "agent": "lab-*"});
    let (status, made) = world::json(world.http.post(&url).bearer_auth(&world.user_key).json(&body)).await;
    assert_eq!((status.as_u16(), made["agent"].as_str()), (201, Some("lab-*")));
    let key = made["key"].as_str().unwrap();
    let deliver = |from: u64| world.data(key, BATCH_CONTENT_TYPE, batch_of("lab-7", "s", from, from + 1, "x"));
    assert_eq!(world::json(deliver(0)).await.0, 200);

    let (_, listed) = world.get("/api/v1/tokens", &[]).await;
    assert_eq!(listed["tokens"][0]["name"], "lab");
    assert!(!listed.to_string().contains(key));

    let id = made["id"].as_str().unwrap();
    let revoke = world.http.delete(format!("{url}/{id}")).bearer_auth(&world.user_key);
    let (status, revoked) = world::json(revoke).await;
    assert_eq!(status, 200);
    assert!(revoked["revoked"].is_string(), "{revoked}");
    let (status, value) = world::json(deliver(1)).await;
    assert_eq!(status, 401);
    assert!(
        value["error"]["message"].as_str().unwrap().contains("revoked"),
        "{value}"
    );
    assert_eq!(world.messages("x").await.len(), 1);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_say_why() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let url = world.url("/api/v1/tokens");
    for body in [
        json!({"name": "x", "role": "agent"}),
        json!({"name": "x", "role": "admin", "agent": "a"}),
        json!({"name": "x", "role": "emperor"}),
        json!({"name": "", "role": "admin"}),
        json!({"role": "admin"}),
    ] {
        let (status, value) = world::json(world.http.post(&url).bearer_auth(&world.user_key).json(&body)).await;
        assert_eq!(
            (status.as_u16(), value["error"]["code"].as_str()),
            (400, Some("bad_request")),
            "{body}"
        );
    }
    for id in ["999", "x"] {
        let request = world.http.delete(format!("{url}/{id}")).bearer_auth(&world.user_key);
        assert_eq!(world::json(request).await.0, 404);
    }
    world.server.stop().await;
}
