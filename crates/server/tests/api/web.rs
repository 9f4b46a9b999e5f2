//! The web interface's page and what stands beside it.

use reqwest::StatusCode;
use reqwest::header::IF_NONE_MATCH;
use tempfile::TempDir;

use crate::world::{json, plain};

#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_is_not_the_apis_is_the_page() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    for path in ["/", "/search?q=error", "/alerts/7"] {
        let page = world.http.get(world.url(path)).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-cache");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("frame-src 'self';"), "{policy}");
        let known = world.http.get(world.url(path)).header(IF_NONE_MATCH, header("etag"));
        let known = known.send().await.unwrap();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(known.content_length().unwrap_or(0), 0);
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_a_page() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    for path in ["/api/v1/nothing", "/api", "/assets/gone-1234.js"] {
        let (status, answer) = json(world.http.get(world.url(path))).await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    let (status, _) = json(world.http.post(world.url("/search"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    world.server.stop().await;
}
