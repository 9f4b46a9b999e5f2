#![expect(clippy::unwrap_used, reason = "tests")]

use super::{Scheme, ServerConfig, ServerSettings};

fn settings(change: impl FnOnce(&mut ServerConfig)) -> Result<ServerSettings, String> {
    let mut config = ServerConfig::default();
    change(&mut config);
    ServerSettings::try_from(config).map_err(|error| error.to_string())
}

#[test]
fn an_empty_configuration_is_valid() {
    let settings = settings(|_| ()).unwrap();
    assert_eq!(settings.listen[0].scheme, Scheme::Https);
    assert_eq!(settings.limits.body, 16 << 20);
    assert_eq!(settings.public_host, None);
}

#[test]
fn plain_http_is_for_loopback_only() {
    for good in [
        "http://127.0.0.1:7480",
        "http://[::1]:0",
        "http://localhost:80",
        "https://0.0.0.0:7443",
    ] {
        settings(|config| config.server.listen = vec![good.to_owned()]).unwrap();
    }
    for bad in ["http://0.0.0.0:7480", "http://[::]:80", "http://192.0.2.7:80"] {
        let error = settings(|config| config.server.listen = vec![bad.to_owned()]).unwrap_err();
        assert!(error.contains("unencrypted"), "{error}");
    }
    for bad in [
        "127.0.0.1:80",
        "https://example.org:80",
        "https://127.0.0.1",
        "ftp://127.0.0.1:21",
    ] {
        let error = settings(|config| config.server.listen = vec![bad.to_owned()]).unwrap_err();
        assert!(error.contains(bad), "{error}");
    }
}

#[test]
fn the_public_host_is_read_off_its_url() {
    let host = |url: &str| settings(|config| config.server.public_url = url.to_owned()).map(|s| s.public_host);
    assert_eq!(
        host("https://Watch.example.org:7443/x").unwrap().as_deref(),
        Some("watch.example.org")
    );
    assert_eq!(
        host("https://[2001:db8::1]:7443").unwrap().as_deref(),
        Some("2001:db8::1")
    );
    assert_eq!(host("https://192.0.2.7").unwrap().as_deref(), Some("192.0.2.7"));
    assert!(host("watch.example.org").is_err());
    assert!(host("https://a b").is_err());
}

#[test]
fn half_a_certificate_and_too_small_limits_are_refused_by_name() {
    let error = settings(|config| config.tls.key = watchpost_kit::Secret::new("k")).unwrap_err();
    assert!(error.contains("tls.cert"), "{error}");
    let error = settings(|config| config.limits.body = watchpost_kit::ByteSize(1)).unwrap_err();
    assert!(error.contains("limits.body"), "{error}");
}
