//! The socket for the command line.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use watchpost_server::config::socket_path;

use crate::world::{json, plain};

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_own_user_needs_no_key_on_the_socket_in_the_data_folder() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let path = socket_path(dir.path());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let tls = watchpost_trust::Trust::Fingerprint(watchpost_trust::Fingerprint::of(b""));
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(watchpost_trust::client_config(&tls).unwrap())
        .unix_socket(path.as_path())
        .build()
        .unwrap();
    let (status, tokens) = json(client.get("http://localhost/api/v1/tokens")).await;
    assert_eq!((status.as_u16(), tokens["tokens"].as_array().unwrap().len()), (200, 2));
    world.server.stop().await;
    assert!(!path.exists());

    // A socket left behind by a crash is in nobody's way.
    std::fs::write(&path, "").unwrap();
    plain(&dir).await.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_never_share_a_folder() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let deps = watchpost_server::Deps {
        disk: std::sync::Arc::new(watchpost_run::RealDisk),
        clock: std::sync::Arc::new(watchpost_kit::SystemClock::new()),
        shutdown: watchpost_run::Shutdown::new(),
    };
    let second = watchpost_server::start(crate::world::settings(dir.path(), "http://127.0.0.1:0"), deps).await;
    let error = std::error::Error::source(&second.err().unwrap())
        .unwrap()
        .source()
        .unwrap()
        .to_string();
    assert!(error.contains("in use"), "{error}");
    assert!(socket_path(dir.path()).exists());
    world.server.stop().await;
}
