use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use watchpost_alert::{AlertSections, Alerting};
use watchpost_kit::{Amount, ByteSize, DurationText, FileText, Secret};
use watchpost_lookup::LookupSettings;
use watchpost_query::Query;
use watchpost_store::{KeepFree, Retention, StoreOptions};

use super::{AuditKept, ClassSection, DeliverySection, ExpectSection, ServerConfig};
use crate::ServerError;
use crate::delivery::watch::{Expectation, Expectations};
use crate::reports::ReportPlan;

/// Smaller bodies than this would refuse an ordinary agent's batches.
const BODY_BYTES_MIN: u64 = 64 << 10;
/// The ledger needs room for a few segments.
const LEDGER_BYTES_MIN: u64 = 64 << 20;

/// With or without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// TLS.
    Https,
    /// Plain, on loopback addresses only.
    Http,
}

/// Where the server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// With or without TLS.
    pub scheme: Scheme,
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
}

impl Listen {
    fn read(text: &str) -> Result<Self, ServerError> {
        let bad = |reason: &str| ServerError::Config {
            key: "server.listen",
            reason: format!("{text:?} {reason}"),
        };
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            _ => return Err(bad("begins with neither https:// nor http://")),
        };
        let rest = rest.trim_end_matches('/');
        let address = match rest.strip_prefix("localhost:") {
            Some(port) => port
                .parse()
                .ok()
                .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            None => rest.parse().ok(),
        };
        let address: SocketAddr =
            address.ok_or_else(|| bad("is not an IP address and a port, such as https://0.0.0.0:7443"))?;
        if scheme == Scheme::Http && !address.ip().is_loopback() {
            return Err(bad(
                "would send keys and logs unencrypted: use https://, or http:// with a loopback address such as 127.0.0.1",
            ));
        }
        Ok(Self { scheme, address })
    }
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum TlsSettings {
    /// From the server's own authority.
    Own,
    /// From the configuration.
    Given {
        /// The chain.
        cert: FileText,
        /// Its key.
        key: Secret,
    },
}

/// How much one request may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeLimits {
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of a body's content once decompressed.
    pub decompressed: usize,
    /// Bytes of one event.
    pub record: usize,
}

/// How long clients may take. Only a search's is configurable; all are fields so that tests can be impatient.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// A TLS handshake.
    pub handshake: Duration,
    /// A request's head; also how long an idle connection is kept.
    pub head: Duration,
    /// Between two pieces of a body.
    pub body_piece: Duration,
    /// A whole body.
    pub body: Duration,
    /// A search.
    pub search: Duration,
    /// Until an acknowledged batch can be searched, before it is acknowledged all the same.
    pub searchable: Duration,
    /// Connections at shutdown.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body_piece: Duration::from_secs(30),
            body: Duration::from_mins(5),
            search: Duration::from_mins(1),
            searchable: Duration::from_secs(1),
            drain: Duration::from_secs(5),
        }
    }
}

/// A server's configuration, checked.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Host of the public address, for the certificate.
    pub public_host: Option<String>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The certificate.
    pub tls: TlsSettings,
    /// Limits of a request.
    pub limits: SizeLimits,
    /// Bytes that groups and sorted rows of one search may take.
    pub search_memory: usize,
    /// What the ledger may hold.
    pub ledger_bytes: u64,
    /// The store's limits.
    pub store: StoreOptions,
    /// The database.
    pub catalog: watchpost_catalog::Place,
    /// Which events also go into SQL.
    pub events: Query,
    /// How long they are kept there, in nanoseconds.
    pub events_max_age: Option<i64>,
    /// How long it is kept who did what.
    pub audit: AuditKept,
    /// Rule files and folders.
    pub rules: Vec<PathBuf>,
    /// With the rules that come with the program.
    pub builtin_rules: bool,
    /// Detections of one rule in a minute before they are put together; 0 for never.
    pub throttle: u32,
    /// How long streams may be silent.
    pub expectations: Arc<Expectations>,
    /// So many over-long records in a row raise an alarm; 0 for none.
    pub overlong_in_a_row: u32,
    /// Channels and routes as they are written; people may make more.
    pub alert_sections: AlertSections,
    /// Where the web interface is, for links; empty: nobody has said.
    pub public_url: String,
    /// Reports that are made by themselves.
    pub(crate) reports: Vec<ReportPlan>,
    /// Who is asked what is known of files and addresses.
    pub lookup: LookupSettings,
    /// How long clients may take.
    pub timeouts: Timeouts,
}

impl ServerSettings {
    /// The channels and routes of the configuration, ready.
    pub fn alerting(&self) -> Result<Alerting, ServerError> {
        Ok(Alerting::try_from(self.alert_sections.clone())?.at_address(&self.public_url))
    }

    /// The socket for the command line, in the data folder.
    pub fn socket_path(&self) -> PathBuf {
        socket_path(&self.data_dir)
    }
}

/// The socket for the command line, in a server's data folder.
pub fn socket_path(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("server.sock")
}

impl TryFrom<ServerConfig> for ServerSettings {
    type Error = ServerError;

    fn try_from(config: ServerConfig) -> Result<Self, ServerError> {
        let listen = config
            .server
            .listen
            .iter()
            .map(|text| Listen::read(text))
            .collect::<Result<Vec<_>, _>>()?;
        let data_dir = config.server.data_dir;
        let catalog = if config.catalog.url.is_empty() {
            watchpost_catalog::Place::Sqlite(data_dir.join("catalog.db"))
        } else {
            watchpost_catalog::Place::Postgres {
                url: config.catalog.url.expose().to_owned(),
                pool_max: config.catalog.pool_max.max(1),
            }
        };
        let retention = config.store.retention;
        let alerting = Alerting::try_from(config.alert.clone())?;
        Ok(Self {
            listen,
            public_host: public_host(&config.server.public_url)?,
            tls: tls(config.tls.cert, config.tls.key)?,
            limits: SizeLimits {
                body: at_least("limits.body", config.limits.body, BODY_BYTES_MIN)? as usize,
                decompressed: at_least("limits.decompressed", config.limits.decompressed, BODY_BYTES_MIN)? as usize,
                record: at_least("limits.record", config.limits.record, 1024)? as usize,
            },
            search_memory: at_least("search.max_memory", config.search.max_memory, 1 << 20)? as usize,
            ledger_bytes: at_least("bus.max_bytes", config.bus.max_bytes, LEDGER_BYTES_MIN)?,
            store: StoreOptions {
                logs: class(&retention.logs),
                security: class(&retention.security),
                keep_free: match retention.keep_free {
                    Amount::Bytes(bytes) => KeepFree::Bytes(bytes.0),
                    Amount::Percent(percent) => KeepFree::Percent(percent),
                },
                ..StoreOptions::default()
            },
            catalog,
            events: watchpost_query::parse(&config.catalog.events).map_err(|error| ServerError::Config {
                key: "catalog.events",
                reason: error.to_string(),
            })?,
            events_max_age: retention.security.max_age.map(DurationText::as_nanos_i64),
            audit: AuditKept::try_from(config.audit)?,
            rules: config.detect.rules,
            builtin_rules: config.detect.builtin,
            throttle: config.detect.throttle,
            expectations: Arc::new(expectations(&config.delivery)?),
            overlong_in_a_row: config.limits.overlong_in_a_row,
            lookup: LookupSettings::try_from(config.lookup)?,
            reports: crate::reports::plans(&config.report, &alerting)?,
            alert_sections: config.alert,
            public_url: config.server.public_url,
            data_dir,
            timeouts: Timeouts {
                search: search_time(config.search.max_time)?,
                ..Timeouts::default()
            },
        })
    }
}

fn expectations(section: &DeliverySection) -> Result<Expectations, ServerError> {
    let rule = |rule: &ExpectSection| {
        let bad = |reason| ServerError::Config {
            key: "delivery.expect",
            reason,
        };
        let when =
            watchpost_query::parse(&rule.when).map_err(|error| bad(format!("when = {:?}: {error}", rule.when)))?;
        let every = rule.every.map(Duration::from);
        if every.is_some_and(|every| every < Duration::from_secs(1)) {
            return Err(bad(
                "every: at least 1s; leave it out for streams that may be silent".to_owned()
            ));
        }
        Ok(Expectation { when, every })
    };
    Ok(Expectations {
        rules: section.expect.iter().map(rule).collect::<Result<_, _>>()?,
        learn: section.learn,
    })
}

fn at_least(key: &'static str, size: ByteSize, least: u64) -> Result<u64, ServerError> {
    if size.0 < least {
        return Err(ServerError::Config {
            key,
            reason: format!("{size} is too little: at least {}", ByteSize(least)),
        });
    }
    Ok(size.0)
}

fn search_time(time: DurationText) -> Result<Duration, ServerError> {
    if time.is_zero() {
        return Err(ServerError::Config {
            key: "search.max_time",
            reason: "is nothing: give a search some time, such as 60s".to_owned(),
        });
    }
    Ok(time.into())
}

fn class(section: &ClassSection) -> Retention {
    Retention {
        max_age: section.max_age.map(Duration::from),
        max_bytes: section.max_bytes.map(|bytes| bytes.0),
    }
}

fn tls(cert: FileText, key: Secret) -> Result<TlsSettings, ServerError> {
    match (cert.as_str().is_empty(), key.is_empty()) {
        (true, true) => Ok(TlsSettings::Own),
        (false, false) => Ok(TlsSettings::Given { cert, key }),
        (no_cert, _) => Err(ServerError::Config {
            key: if no_cert { "tls.cert" } else { "tls.key" },
            reason: "is missing: a certificate needs its key, and a key its certificate".to_owned(),
        }),
    }
}

fn public_host(url: &str) -> Result<Option<String>, ServerError> {
    if url.is_empty() {
        return Ok(None);
    }
    let bad = || ServerError::Config {
        key: "server.public_url",
        reason: format!("{url:?} is not an address such as https://watch.example.org:7443"),
    };
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(bad)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    let is_name = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    if is_name || host.parse::<IpAddr>().is_ok() {
        Ok(Some(host.to_lowercase()))
    } else {
        Err(bad())
    }
}
