//! What users ask of agents, and agents asking for it.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{World, batch, json as answer, plain};

async fn ask(world: &World, key: &str, agent: &str, command: &str) -> (u16, Value) {
    let url = world.url(&format!("/api/v1/agents/{agent}/commands"));
    let request = world.http.post(url).bearer_auth(key);
    let (status, body) = answer(request.json(&json!({ "command": command }))).await;
    (status.as_u16(), body)
}

async fn poll(world: &World, key: &str, query: &str) -> (u16, Value) {
    let request = world.http.get(world.url(&format!("/api/v1/agent/commands?{query}")));
    let (status, body) = answer(request.bearer_auth(key)).await;
    (status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_hears_what_is_asked_until_it_has_understood() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 1, "known")).await;
    let (status, accepted) = ask(&world, &world.user_key, "web-1", "send_now").await;
    assert_eq!((status, &accepted["listening"]), (202, &json!(false)));
    let id = accepted["id"].as_u64().unwrap();
    for _ in 0..2 {
        let (status, heard) = poll(&world, &world.agent_key, "wait=30").await;
        assert_eq!(
            (status, &heard["commands"]),
            (200, &json!([{ "id": id, "command": "send_now" }]))
        );
    }
    let (_, heard) = poll(&world, &world.agent_key, &format!("wait=0&after={id}")).await;
    assert_eq!(heard["commands"], json!([]));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_agent_hears_at_once_and_a_server_that_ends_lets_it_go() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let waiting = async { poll(&world, &world.agent_key, "wait=30").await };
    let asking = async {
        // The agent is known as soon as it listens.
        loop {
            let (status, _) = ask(&world, &world.user_key, "web-1", "send_now").await;
            if status == 202 {
                return;
            }
            assert_eq!(status, 404);
        }
    };
    let ((status, heard), ()) = tokio::join!(waiting, asking);
    assert_eq!((status, &heard["commands"][0]["command"]), (200, &json!("send_now")));
    let request = world
        .http
        .get(world.url("/api/v1/agent/commands?wait=30&after=9223372036854775807"));
    let waiting = tokio::spawn(answer(request.bearer_auth(&world.agent_key)));
    loop {
        let (_, accepted) = ask(&world, &world.user_key, "web-1", "send_now").await;
        if accepted["listening"] == json!(true) {
            break;
        }
    }
    world.server.stop().await;
    assert_eq!(waiting.await.unwrap().1["commands"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_is_about_goes_along_with_who_asks() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 1, "known")).await;
    let post = async |body: Value| {
        let url = world.url("/api/v1/agents/web-1/commands");
        let request = world.http.post(url).bearer_auth(&world.user_key).json(&body);
        let (status, body) = answer(request).await;
        (status.as_u16(), body)
    };
    let (status, _) = post(json!({"command": "hash", "path": "/usr/bin"})).await;
    assert_eq!(status, 202);
    let (_, heard) = poll(&world, &world.agent_key, "wait=30").await;
    let command = &heard["commands"][0];
    assert_eq!(
        (&command["command"], &command["arguments"]["path"]),
        (&json!("hash"), &json!("/usr/bin"))
    );
    assert!(
        command["arguments"]["by"].as_str().unwrap().starts_with("key:"),
        "{command}"
    );
    for wrong in [
        json!({"command": "hash"}),
        json!({"command": "hash", "path": "usr/bin"}),
        json!({"command": "send_now", "path": "/usr/bin"}),
        json!({"command": "hash", "path": "/usr/bin", "more": 1}),
    ] {
        assert_eq!(post(wrong.clone()).await.0, 400, "{wrong}");
    }
    // Nobody is configured here who could be given a file.
    let upload = json!({"command": "lookup_upload", "path": "/usr/bin/less", "service": "virustotal"});
    let (status, body) = post(upload).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("upload_not_allowed")));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_users_ask_and_only_the_agent_itself_hears() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 1, "known")).await;
    assert_eq!(ask(&world, &world.agent_key, "web-1", "send_now").await.0, 403);
    let (status, body) = ask(&world, &world.user_key, "nobody", "send_now").await;
    assert_eq!(status, 404);
    assert!(
        body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("watchpost delivery")
    );
    assert_eq!(ask(&world, &world.user_key, "web-1", "rm -rf").await.0, 400);
    assert_eq!(poll(&world, &world.agent_key, "agent=web-2&wait=0").await.0, 403);
    assert_eq!(poll(&world, "wrong", "wait=0").await.0, 401);
    world.server.stop().await;
}
