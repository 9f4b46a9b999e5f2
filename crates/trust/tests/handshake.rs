//! Whole handshakes in memory: who believes whom, and who must not.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConnection, Error, ServerConnection};
use tempfile::TempDir;
use watchpost_kit::{Clock, SystemClock};
use watchpost_trust::{Authority, Identity, ServerTls, Trust, client_config};

const DAY: u64 = 86_400;

/// The verifier reads the real clock, so the tests do.
fn now() -> u64 {
    (SystemClock::new().now() / 1_000_000_000) as u64
}

fn names() -> Vec<String> {
    ["localhost", "127.0.0.1", "::1", "web-1"].map(str::to_owned).to_vec()
}

fn shake(server: &ServerTls, trust: &Trust, name: &'static str) -> Result<(), Error> {
    let name = ServerName::try_from(name).unwrap();
    let mut client = ClientConnection::new(Arc::new(client_config(trust).unwrap()), name)?;
    let mut server = ServerConnection::new(server.config())?;
    let mut wire = Vec::new();
    while client.is_handshaking() || server.is_handshaking() {
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut sent = &wire[..];
        while server.read_tls(&mut sent).unwrap() > 0 {}
        server.process_new_packets()?;
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut sent = &wire[..];
        while client
            .read_tls(&mut sent)
            .unwrap_or_else(|error: io::Error| panic!("{error}"))
            > 0
        {}
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn a_client_that_pinned_the_authority_connects_by_every_name_and_by_no_other() {
    let dir = TempDir::new().unwrap();
    let authority = Authority::open(dir.path(), now()).unwrap();
    let server = ServerTls::new(&authority.server_identity(&names(), now()).unwrap()).unwrap();
    for trust in [
        Trust::Fingerprint(authority.fingerprint()),
        Trust::Ca(authority.pem().to_owned()),
    ] {
        for name in ["localhost", "127.0.0.1", "::1", "web-1"] {
            shake(&server, &trust, name).unwrap();
        }
        let error = shake(&server, &trust, "web-2").unwrap_err();
        assert!(
            matches!(
                error,
                Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
            ),
            "{error}"
        );
    }
}

#[test]
fn another_authority_is_refused_even_when_it_sends_the_pinned_one_along() {
    let (ours, theirs) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let pinned = Authority::open(ours.path(), now()).unwrap();
    let other = Authority::open(theirs.path(), now()).unwrap();
    let identity = other.server_identity(&names(), now()).unwrap();
    let server = ServerTls::new(&identity).unwrap();
    let error = shake(&server, &Trust::Fingerprint(pinned.fingerprint()), "localhost").unwrap_err();
    assert!(
        error.to_string().contains("does not hold the pinned authority"),
        "{error}"
    );
    let error = shake(&server, &Trust::Ca(pinned.pem().to_owned()), "localhost").unwrap_err();
    assert!(
        matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        "{error}"
    );

    let own_chain = std::fs::read_to_string(theirs.path().join("server.pem")).unwrap();
    let key = std::fs::read_to_string(theirs.path().join("server.key")).unwrap();
    let forged = format!("{own_chain}{}", pinned.pem());
    let server = ServerTls::new(&Identity::from_pem(&forged, &key, "forged").unwrap()).unwrap();
    let error = shake(&server, &Trust::Fingerprint(pinned.fingerprint()), "localhost").unwrap_err();
    assert!(matches!(error, Error::InvalidCertificate(_)), "{error}");
}

#[test]
fn an_expired_certificate_is_refused_and_the_server_renews_before_that() {
    let dir = TempDir::new().unwrap();
    let long_ago = now() - 500 * DAY;
    let authority = Authority::open(dir.path(), long_ago).unwrap();
    let old = authority.server_identity(&names(), long_ago).unwrap();
    let server = ServerTls::new(&old).unwrap();
    let trust = Trust::Fingerprint(authority.fingerprint());
    let error = shake(&server, &trust, "localhost").unwrap_err();
    assert!(
        matches!(
            error,
            Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
        ),
        "{error}"
    );
    let new = authority.server_identity(&names(), now()).unwrap();
    server.replace(&new).unwrap();
    shake(&server, &trust, "localhost").unwrap();
}

#[test]
fn the_certificate_stays_until_its_names_or_its_authority_change() {
    let dir = TempDir::new().unwrap();
    let authority = Authority::open(dir.path(), now()).unwrap();
    let first = authority.server_identity(&names(), now()).unwrap();
    let again = Authority::open(dir.path(), now()).unwrap();
    assert_eq!(again.fingerprint(), authority.fingerprint());
    let same = again.server_identity(&names(), now()).unwrap();
    assert_eq!(first.chain(), same.chain());
    let mut more = names();
    more.push("watch.example.org".to_owned());
    let other = again.server_identity(&more, now()).unwrap();
    assert_ne!(first.chain(), other.chain());
    assert!(other.names().contains(&"watch.example.org".to_owned()));
    std::fs::write(dir.path().join("server.key"), "torn").unwrap();
    assert!(again.server_identity(&more, now()).unwrap().is_consistent());
}

#[test]
#[cfg(unix)]
fn keys_are_for_their_owner_only_and_a_lost_one_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("trust");
    let authority = Authority::open(&path, now()).unwrap();
    authority.server_identity(&names(), now()).unwrap();
    for file in ["ca.key", "server.key"] {
        let mode = std::fs::metadata(path.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    std::fs::remove_file(path.join("ca.key")).unwrap();
    let error = Authority::open(&path, now()).err().unwrap();
    assert!(error.to_string().contains("ca.key is missing"), "{error}");
}

#[test]
fn fingerprints_are_read_as_they_are_written() {
    let dir = TempDir::new().unwrap();
    let pinned = Authority::open(dir.path(), now()).unwrap().fingerprint();
    assert_eq!(
        pinned.to_string().parse::<watchpost_trust::Fingerprint>().unwrap(),
        pinned
    );
    for bad in ["", "sha256:", "sha256:zz", "md5:00", "sha256:Ää"] {
        assert!(bad.parse::<watchpost_trust::Fingerprint>().is_err(), "{bad}");
    }
}
