//! Syslog (RFC 5424): one message for each detection, over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;
use watchpost_event::Timestamp;

use super::http::install_crypto;
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, SyslogSettings, Transport};
use crate::payload::Note;
use crate::template::Markup;
use crate::{AlertError, NotifyError};

/// What receivers take as a matter of course (RFC 5424 §6.1 asks for 2 KiB; over TCP rsyslog takes 8).
const UDP_BYTES_MAX: usize = 2 << 10;
const STREAM_BYTES_MAX: usize = 8 << 10;
/// Longest `HOSTNAME`.
const HOST_CHARS_MAX: usize = 255;
/// How long the server may take to close: only then it has surely read everything.
const FAREWELL: Duration = Duration::from_secs(2);

/// One log server.
pub(crate) struct Syslog {
    transport: Transport,
    host: String,
    port: u16,
    facility: u8,
    timeout: Duration,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Syslog {
    pub(crate) fn new(settings: &ChannelSettings, own: &SyslogSettings) -> Result<Self, AlertError> {
        let tls = match own.transport {
            Transport::Tls => Some(connector(settings, own)?),
            Transport::Udp | Transport::Tcp => None,
        };
        Ok(Self {
            transport: own.transport,
            host: own.host.clone(),
            port: own.port,
            facility: own.facility,
            timeout: settings.timeout,
            tls,
        })
    }

    async fn tell(&self, message: &Outgoing<'_>) -> Result<(), NotifyError> {
        let note = Note::read(message, Markup::Plain);
        let limit = if self.transport == Transport::Udp {
            UDP_BYTES_MAX
        } else {
            STREAM_BYTES_MAX
        };
        let line = line(&note, self.facility, message.now, limit);
        match tokio::time::timeout(self.timeout, self.bring(&line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(later(format!("cannot be reached: {}", watchpost_kit::chain(&error)))),
            Err(_) => Err(later("did not take the message in time".to_owned())),
        }
    }

    async fn bring(&self, line: &str) -> std::io::Result<()> {
        let server = (self.host.as_str(), self.port);
        if self.transport == Transport::Udp {
            return datagram(server, line).await;
        }
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let frame = format!("{} {line}", line.len());
        match &self.tls {
            Some((connector, name)) => hand_over(connector.connect(name.clone(), stream).await?, &frame).await,
            None => hand_over(stream, &frame).await,
        }
    }
}

impl Notifier for Syslog {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.tell(message))
    }
}

fn connector(
    settings: &ChannelSettings,
    own: &SyslogSettings,
) -> Result<(TlsConnector, ServerName<'static>), AlertError> {
    install_crypto();
    let bad = |key: &str, reason: String| AlertError::config(format!("{}.{key}", settings.key), reason);
    let name = ServerName::try_from(own.host.clone())
        .map_err(|_| bad("url", "names no host that a certificate can be for".to_owned()))?;
    let builder = ClientConfig::builder();
    let config = if own.ca.is_empty() {
        let trusting = builder.with_platform_verifier().map_err(|error| {
            let reason = "has no certificates to trust: install the package ca-certificates or set `ca`";
            bad("url", format!("{reason}: {error}"))
        })?;
        trusting.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(own.ca.as_bytes()) {
            let certificate = certificate.map_err(|error| bad("ca", format!("cannot be read: {error}")))?;
            roots
                .add(certificate)
                .map_err(|error| bad("ca", format!("cannot be used: {error}")))?;
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    Ok((TlsConnector::from(Arc::new(config)), name))
}

/// Where a name has several addresses, the first that can be sent to. Whether one arrives, nobody says.
async fn datagram(server: (&str, u16), line: &str) -> std::io::Result<()> {
    let mut failed = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host(server).await? {
        let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let sent = match UdpSocket::bind(own).await {
            Ok(socket) => socket.send_to(line.as_bytes(), address).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Writes everything and waits until the other side closes: a server that went away in the meantime resets the connection
/// instead. One that keeps it open had its time.
async fn hand_over(mut stream: impl AsyncRead + AsyncWrite + Unpin, frame: &str) -> std::io::Result<()> {
    stream.write_all(frame.as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 512];
    let read_to_end = async {
        loop {
            match stream.read(&mut rest).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Closed without TLS's goodbye, by which nothing of ours is lost.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    tokio::time::timeout(FAREWELL, read_to_end).await.unwrap_or(Ok(()))
}

/// `<131>1 2026-11-20T22:41:07.123456Z web-1 watchpost - alert - HIGH: …`
fn line(note: &Note, facility: u8, now: Timestamp, limit: usize) -> String {
    let priority = facility * 8 + severity(&note.level);
    let time = note.time.parse().unwrap_or(now);
    let is_plain = !note.host.is_empty() && note.host.chars().all(|c| c.is_ascii_graphic());
    let host = if is_plain && note.host.len() <= HOST_CHARS_MAX {
        note.host.as_str()
    } else {
        "-"
    };
    let mut line = format!("<{priority}>1 {} {host} watchpost - alert - ", micros(time));
    let mut text = note.text.trim().lines().map(str::trim).filter(|part| !part.is_empty());
    line.push_str(text.next().unwrap_or_default());
    for part in text {
        line.push_str(" | ");
        line.push_str(part);
    }
    let end = (0..=limit.min(line.len())).rev().find(|&at| line.is_char_boundary(at));
    line.truncate(end.unwrap_or(0));
    line
}

/// Of a detection's time RFC 5424 takes microseconds.
fn micros(time: Timestamp) -> String {
    Timestamp(time.0 - time.0.rem_euclid(1_000)).to_string()
}

/// The one scale of severity, as syslog counts it.
fn severity(level: &str) -> u8 {
    match level {
        "critical" => 1,
        "high" => 2,
        "medium" => 3,
        "low" => 4,
        _ => 6,
    }
}

fn later(reason: String) -> NotifyError {
    NotifyError::Later { after: None, reason }
}
