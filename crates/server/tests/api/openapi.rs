//! The API's description: committed, true, and nothing in it is open to everybody.

use std::path::Path;
use std::time::Duration;

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

/// Longer than any answer takes that does not wait for something to happen.
const WAITED: Duration = Duration::from_secs(2);

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

/// Who asks, beside nobody: an agent by its key, a person or a program by a user's key.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Agent,
    User,
}

impl Role {
    fn may(self, path: &str) -> bool {
        match self {
            Self::Agent => path.starts_with("/api/v1/agent/") || !path.starts_with("/api/"),
            // A user's key speaks for no agent. What is delivered names its agent in the body.
            Self::User => !matches!(path, "/api/v1/agent/commands" | "/api/v1/agent/streams"),
        }
    }
}

/// Exactly what a role may use answers it: whatever the answer is, it is no refusal.
#[tokio::test(flavor = "multi_thread")]
async fn everything_described_answers_those_who_may_and_nobody_else() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let api: Value = serde_json::from_str(&watchpost_server::openapi()).unwrap();
    for (role, key) in [(Role::Agent, &world.agent_key), (Role::User, &world.user_key)] {
        let (mut allowed, mut refused) = (0, 0);
        for (path, operations) in api["paths"].as_object().unwrap() {
            // Open to all: it is about who one is.
            if path.starts_with("/api/v1/session") {
                continue;
            }
            let url = world.url(&path.replace("{id}", "77").replace("{name}", "nobody"));
            // Whose commands; others take no notice of it.
            let url = format!("{url}?agent=web-1&wait=0");
            for method in operations.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let request = world.http.request(method.clone(), &url).bearer_auth(key);
                let status = match request.timeout(WAITED).send().await {
                    Ok(answer) => answer.status().as_u16(),
                    // It waits for events.
                    Err(error) if error.is_timeout() => 200,
                    Err(error) => panic!("{role:?} {method} {path}: {error}"),
                };
                let is_refused = matches!(status, 401 | 403);
                assert_eq!(is_refused, !role.may(path), "{role:?} {method} {path}: {status}");
                *(if is_refused { &mut refused } else { &mut allowed }) += 1;
            }
        }
        let least = if role == Role::Agent { (5, 30) } else { (30, 2) };
        assert!(
            allowed >= least.0 && refused >= least.1,
            "{role:?}: {allowed}, {refused}"
        );
    }
    world.server.stop().await;
}
