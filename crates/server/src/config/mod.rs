//! The server's part of the configuration: [`ServerConfig`] as it is written, [`ServerSettings`] once checked.

mod audit;
mod report;
mod settings;

#[cfg(test)]
mod tests;

pub use crate::delivery::watch::{Expectation, Expectations};
pub use audit::{AuditKept, AuditSection};
pub use report::{ReportKind, ReportSection};
pub use settings::{Listen, Scheme, ServerSettings, SizeLimits, Timeouts, TlsSettings, socket_path};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
pub use watchpost_alert::{AlertSections, ChannelSection, RouteSection, SilenceSection};
use watchpost_kit::{Amount, ByteSize, DurationText, FileText, Secret};
pub use watchpost_lookup::{LookupSection, LookupSettings};

/// The sections of `server.toml` that this crate reads, each with its defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// `[server]`
    pub server: ServerSection,
    /// `[tls]`
    pub tls: TlsSection,
    /// `[limits]`
    pub limits: LimitsSection,
    /// `[search]`
    pub search: SearchSection,
    /// `[bus]`
    pub bus: BusSection,
    /// `[store]`
    pub store: StoreSection,
    /// `[catalog]`
    pub catalog: CatalogSection,
    /// `[audit]`: how long it is kept who did what.
    pub audit: AuditSection,
    /// `[detect]`
    pub detect: DetectSection,
    /// `[delivery]`
    pub delivery: DeliverySection,
    /// `[lookup]`: what others know of files and addresses.
    pub lookup: LookupSection,
    /// `[[report]]`: made by themselves.
    pub report: Vec<ReportSection>,
    /// `[[channel]]` and `[[route]]`
    pub alert: AlertSections,
}

/// `[detect]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectSection {
    /// Rule files, and folders with all below them; looked at every second.
    pub rules: Vec<PathBuf>,
    /// The rules that come with the program.
    pub builtin: bool,
    /// Detections of one rule in a minute that are written one by one; beyond, those of one story are put together. 0:
    /// never.
    pub throttle: u32,
}

impl Default for DetectSection {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            builtin: true,
            throttle: 1_000,
        }
    }
}

/// `[delivery]`: what is to be heard of whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliverySection {
    /// Streams without a rule are held to their own rhythm: twice their longest pause of the last days, at least an hour.
    pub learn: bool,
    /// Rules; the first that matches counts.
    pub expect: Vec<ExpectSection>,
}

impl Default for DeliverySection {
    fn default() -> Self {
        Self {
            learn: true,
            expect: Vec::new(),
        }
    }
}

/// `[[delivery.expect]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectSection {
    /// Which streams, by `watchpost.stream`, `host.name` and `agent.id`.
    pub when: String,
    /// How often they bring something at least; without it they may be silent for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<DurationText>,
}

/// `[server]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// `https://0.0.0.0:7443`; `http://` for loopback addresses only.
    pub listen: Vec<String>,
    /// The address people and agents use, whose host also stands in the certificate.
    pub public_url: String,
    /// Where everything is kept.
    pub data_dir: PathBuf,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: vec!["https://0.0.0.0:7443".to_owned()],
            public_url: String::new(),
            data_dir: "/var/lib/watchpost/server".into(),
        }
    }
}

/// `[tls]`: empty for a certificate from the server's own authority.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSection {
    /// The certificate chain, the server's own first.
    pub cert: FileText,
    /// Its key.
    pub key: Secret,
}

/// `[limits]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// Bytes of a request's body.
    pub body: ByteSize,
    /// Bytes of a body's content once decompressed.
    pub decompressed: ByteSize,
    /// Bytes of one event.
    pub record: ByteSize,
    /// So many over-long records of one stream in a row raise an alarm; 0 for none.
    pub overlong_in_a_row: u32,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            body: ByteSize(16 << 20),
            decompressed: ByteSize(64 << 20),
            record: ByteSize(1 << 20),
            overlong_in_a_row: 10,
        }
    }
}

/// `[search]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSection {
    /// How long one search may take; what it has found by then is the answer, which says so.
    pub max_time: DurationText,
    /// Bytes that groups and sorted rows of one search may take.
    pub max_memory: ByteSize,
}

impl Default for SearchSection {
    fn default() -> Self {
        Self {
            max_time: DurationText::from_secs(60),
            max_memory: ByteSize(64 << 20),
        }
    }
}

/// `[bus]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusSection {
    /// What carries events from the intake to their readers.
    pub kind: BusKind,
    /// What the ledger may hold; when it is full, agents are asked to wait.
    pub max_bytes: ByteSize,
}

/// Kinds of bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    /// Segment files in the data folder.
    #[default]
    Ledger,
}

impl Default for BusSection {
    fn default() -> Self {
        Self {
            kind: BusKind::Ledger,
            max_bytes: ByteSize(20_000_000_000),
        }
    }
}

/// `[store]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// What keeps events.
    pub kind: StoreKind,
    /// `[store.retention]`
    pub retention: RetentionSection,
}

/// Kinds of store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Files in the data folder.
    #[default]
    Embedded,
}

/// `[store.retention]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSection {
    /// Everything that is not security.
    pub logs: ClassSection,
    /// Events with `event.category`, and alerts.
    pub security: ClassSection,
    /// What must stay free on the disk, as a size or a share.
    pub keep_free: Amount,
}

/// How long one class is kept; whatever is reached first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSection {
    /// By age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<DurationText>,
    /// By size on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<ByteSize>,
}

const DAY_SECONDS: u64 = 86_400;

impl Default for RetentionSection {
    fn default() -> Self {
        let class = |days, bytes| ClassSection {
            max_age: Some(DurationText::from_secs(days * DAY_SECONDS)),
            max_bytes: Some(ByteSize(bytes)),
        };
        Self {
            logs: class(30, 50_000_000_000),
            security: class(365, 20_000_000_000),
            keep_free: Amount::Percent(5.0),
        }
    }
}

/// `[catalog]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogSection {
    /// Empty: SQLite in the data folder; or `postgres://…`.
    pub url: Secret,
    /// Most connections to PostgreSQL.
    pub pool_max: u32,
    /// Which events also go into the table `security_events`.
    pub events: String,
}

impl Default for CatalogSection {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            pool_max: 8,
            events: "event.category:*".to_owned(),
        }
    }
}
