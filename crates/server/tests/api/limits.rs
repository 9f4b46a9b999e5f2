//! Everything that should not get in.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchpost_event::protocol::{BATCH_CONTENT_TYPE, Outcome};

use crate::world::{self, World, batch, plain, settings};

async fn refused(world: &World, content_type: &str, body: Vec<u8>) -> (u16, String) {
    let (status, value) = world::json(world.data(&world.agent_key, content_type, body)).await;
    let message = value["error"]["message"].as_str().unwrap_or_default().to_owned();
    (status.as_u16(), message)
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_batches_are_refused_by_the_place_and_what_came_before_is_kept() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, message) = refused(&world, BATCH_CONTENT_TYPE, b"not a batch at all".to_vec()).await;
    assert_eq!(status, 400);
    assert!(message.contains("byte 0"), "{message}");
    let whole = batch(0, 3, "x");
    let (status, message) = refused(&world, BATCH_CONTENT_TYPE, whole[..whole.len() - 5].to_vec()).await;
    assert_eq!(status, 400);
    assert!(message.contains("cut short"), "{message}");
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&world, BATCH_CONTENT_TYPE, flipped).await.0, 400);
    assert_eq!(refused(&world, BATCH_CONTENT_TYPE, Vec::new()).await.0, 400);

    let mut two = whole;
    two.extend_from_slice(b"garbage");
    let (status, said) = world.deliver(two).await;
    assert_eq!((status.as_u16(), said.cursors[0].cursor), (200, 3));
    world.server.stop().await;
}

/// A batch whose header is right and whose frame is `frame`.
fn with_frame(frame: &[u8]) -> Vec<u8> {
    let whole = batch(0, 1, "x");
    let length = u32::from_le_bytes(whole[..4].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&whole[4..4 + length]).unwrap();
    header["frame"] = json!(frame.len());
    header["crc"] = json!(crc32c::crc32c(frame));
    let header = header.to_string();
    let mut bytes = (header.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(frame);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_and_explosive_compression_is_refused() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let frame = zstd::bulk::compress(b"{\"t\":1,\"p\":1,\"m\":\"x\"}\n", 1).unwrap();
    let (status, said) = world.deliver(with_frame(&frame[..frame.len() - 3])).await;
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (400, Outcome::Invalid));
    assert!(said.error.unwrap().message.contains("decompress"));

    let zeros = vec![b' '; 80 << 20];
    let bomb = zstd::bulk::compress(&zeros, 1).unwrap();
    let (status, message) = refused(&world, BATCH_CONTENT_TYPE, with_frame(&bomb)).await;
    assert_eq!(status, 413);
    assert!(message.contains("limits.decompressed"), "{message}");
    let request = world
        .data(&world.agent_key, "application/json", bomb)
        .header("content-encoding", "zstd");
    assert_eq!(world::json(request).await.0, 413);
    let request = world
        .data(&world.agent_key, "application/json", "{}")
        .header("content-encoding", "br");
    assert_eq!(world::json(request).await.0, 415);
    assert_eq!(refused(&world, "text/plain", b"hello".to_vec()).await.0, 415);
    assert_eq!(
        refused(&world, "application/json", b"{\"agent_id\":".to_vec()).await.0,
        400
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limit_are_refused_announced_or_not() {
    let dir = TempDir::new().unwrap();
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    settings.limits.body = 64 << 10;
    let world = world::run(settings).await;
    let (status, message) = refused(&world, BATCH_CONTENT_TYPE, vec![0; 65 << 10]).await;
    assert_eq!(status, 413);
    assert!(
        message.contains("64KiB") && message.contains("limits.body"),
        "{message}"
    );
    let pieces = futures_util::stream::iter((0..65).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1 << 10])));
    let request = world.data(&world.agent_key, BATCH_CONTENT_TYPE, reqwest::Body::wrap_stream(pieces));
    assert_eq!(world::json(request).await.0, 413);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_let_go() {
    let dir = TempDir::new().unwrap();
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    settings.timeouts.head = Duration::from_millis(100);
    settings.timeouts.body_piece = Duration::from_millis(100);
    let world = world::run(settings).await;
    for half in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\n"] {
        let mut slow = TcpStream::connect(world.address()).await.unwrap();
        slow.write_all(half.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // The test's own patience is nextest's: a server that does not close hangs it.
        slow.read_to_end(&mut rest).await.unwrap();
    }
    let mut slow = TcpStream::connect(world.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/agent/data HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {BATCH_CONTENT_TYPE}\r\ncontent-length: 100\r\n\r\nhalf",
        world.agent_key
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(
        String::from_utf8_lossy(&rest).starts_with("HTTP/1.1 408"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_one_shape_and_safe_headers() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    for (method, path, status, code) in [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/api/v1/agent/data", 405, "method_not_allowed"),
        ("GET", "/api/v1/search", 401, "unauthorized"),
        ("POST", "/api/v1/tokens", 401, "unauthorized"),
    ] {
        let request = world.http.request(method.parse().unwrap(), world.url(path));
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let (found, value) = world::json(world.http.request(method.parse().unwrap(), world.url(path))).await;
        assert_eq!(
            (found.as_u16(), value["error"]["code"].as_str()),
            (status, Some(code)),
            "{path}"
        );
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(world::json(world.http.get(world.url(path))).await.0, 200, "{path}");
    }
    let request = world
        .http
        .get(world.url("/api/v1/search"))
        .bearer_auth(&world.agent_key);
    assert_eq!(world::json(request).await.0, 403);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let dir = TempDir::new().unwrap();
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    settings.limits.body = 64 << 10;
    let world = world::run(settings).await;
    for _ in 0..20 {
        let (status, _) = refused(&world, BATCH_CONTENT_TYPE, vec![0; 8 << 20]).await;
        assert_eq!(status, 413);
        let request = world.data("wp_9_x", BATCH_CONTENT_TYPE, vec![0; 8 << 20]);
        assert_eq!(world::json(request).await.0, 401);
    }
    world.server.stop().await;
}
