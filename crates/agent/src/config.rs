//! The agent's part of the configuration, as it stands in files and as it is used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_event::commands::AgentCommand;
use watchpost_event::{AgentId, Fields, names};
use watchpost_kit::{Amount, ByteSize, DurationText, FileText, Secret, chain};
pub use watchpost_lookup::LookupSection;
use watchpost_query::Query;
use watchpost_trust::Trust;

use crate::AgentError;
use crate::asked::UploadSettings;
use crate::delivery::{Encryption, SpoolOptions, WhenFull};
use crate::source::SourceError;
use crate::source::eventlog::{self, EventLogSection, EventLogSettings};
use crate::source::file::{FileDefaults, FileSettings, FileSourceConfig, FormatConfig};
use crate::source::integrity::{IntegritySection, IntegritySettings};
use crate::source::inventory::{InventorySection, InventorySettings};
use crate::source::journal::{JournalSection, JournalSettings};
use crate::source::process::{ProcessSection, ProcessSettings};
use crate::source::system::{SystemSection, SystemSettings};
use crate::source::{SendPolicy, Together};
use crate::uplink::Schedule;

/// Everything an agent reads from the configuration. Each field is a section of its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// For every file source.
    pub defaults: FileDefaults,
    /// Named record formats.
    pub format: BTreeMap<String, FormatConfig>,
    /// Who this agent is.
    pub agent: AgentSection,
    /// The way to the server.
    pub uplink: UplinkSection,
    /// When batches are sent.
    pub send: SendSection,
    /// What is kept on disk until it is delivered.
    pub spool: SpoolSection,
    /// What is collected.
    pub source: SourceSection,
    /// What is left out.
    pub filter: FilterSection,
    /// What the server may ask.
    pub commands: CommandsSection,
    /// Which services get files, and which files.
    pub lookup: LookupSection,
}

/// `[agent]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentSection {
    /// Its id; made at the first start when empty.
    pub id: String,
    /// A label, sent as `agent.name`; the host's name when empty.
    pub name: String,
    /// A label, sent as `host.group`.
    pub group: String,
    /// Labels, sent as `tags`.
    pub tags: Vec<String>,
    /// Where spool and identity lie; the platform's place when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
}

/// `[uplink]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UplinkSection {
    /// `https://host:7443`, or `http://` on a loopback address.
    pub url: String,
    /// An API key bound to this agent.
    pub key: Secret,
    /// The server's certificate authority by its fingerprint, `sha256:…`.
    pub ca_fingerprint: String,
    /// Or the certificate authority itself, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<FileText>,
    /// How long one request may take.
    pub timeout: DurationText,
    /// How often the server is told how the agent fares; after three of them without a word it says that the host is
    /// silent.
    pub health_interval: DurationText,
}

impl Default for UplinkSection {
    fn default() -> Self {
        Self {
            url: String::new(),
            key: Secret::new(""),
            ca_fingerprint: String::new(),
            ca: None,
            timeout: DurationText(Duration::from_secs(30)),
            health_interval: DurationText(Duration::from_mins(1)),
        }
    }
}

/// `[send]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendSection {
    /// By volume.
    pub batch_bytes: ByteSize,
    /// By number of events.
    pub batch_records: usize,
    /// By time.
    pub interval: DurationText,
    /// At once when an event matches; empty for none.
    pub at_once: String,
    /// Only at these times (a cron expression), and whenever the server asks; empty for always.
    pub schedule: String,
}

impl Default for SendSection {
    fn default() -> Self {
        let policy = SendPolicy::default();
        Self {
            batch_bytes: ByteSize(policy.batch_bytes as u64),
            batch_records: policy.batch_records,
            interval: DurationText(policy.interval),
            at_once: "log.level:>=error".to_owned(),
            schedule: String::new(),
        }
    }
}

/// `[spool]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolSection {
    /// Its greatest size.
    pub max_bytes: ByteSize,
    /// Older batches are dropped and declared.
    pub max_age: DurationText,
    /// What has to stay free on its file system.
    pub keep_free: Amount,
    /// Whether it is encrypted, with a key in the identity folder.
    pub encrypt: bool,
    /// What sources do that could wait; those that cannot always push out what is oldest.
    pub when_full: WhenFull,
}

impl Default for SpoolSection {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize(1_000_000_000),
            max_age: DurationText(SpoolOptions::default().max_age),
            keep_free: Amount::Percent(10.0),
            encrypt: false,
            when_full: WhenFull::Block,
        }
    }
}

/// `[commands]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommandsSection {
    /// What the server may ask of this agent. `lookup_upload` gives files away: it has to be named.
    pub allow: Vec<AgentCommand>,
}

impl Default for CommandsSection {
    fn default() -> Self {
        Self {
            allow: vec![AgentCommand::SendNow, AgentCommand::Hash],
        }
    }
}

/// `[source]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceSection {
    /// `[[source.file]]`
    pub file: Vec<FileSourceConfig>,
    /// `[source.auth]`
    pub auth: AuthSection,
    /// `[source.process]`; off without the section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessSection>,
    /// `[[source.eventlog]]`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eventlog: Vec<EventLogSection>,
    /// `[source.journal]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalSection>,
    /// `[source.system]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemSection>,
    /// `[source.inventory]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventorySection>,
    /// `[source.integrity]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<IntegritySection>,
}

/// `[source.auth]`: lines about logins, privilege and accounts, in files and in the journal, become events with fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSection {
    /// Off: such lines stay text.
    pub enabled: bool,
}

impl Default for AuthSection {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `[filter]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterSection {
    /// Events that match one of these are left out and counted.
    pub drop: Vec<String>,
}

/// How the server is reached.
#[derive(Clone, Debug)]
pub struct UplinkSettings {
    /// Its address.
    pub url: String,
    /// This agent's key.
    pub key: Secret,
    /// Whom it believes; `None` for plain HTTP on loopback.
    pub trust: Option<Trust>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// A fixed id, or one that is made at the first start.
    pub id: Option<AgentId>,
    /// Fields of every event.
    pub fields: Fields,
    /// Where spool and identity lie.
    pub data_dir: PathBuf,
    /// `None`: the server is reached by a direct call, or there is none.
    pub uplink: Option<UplinkSettings>,
    /// How often the server is told how the agent fares.
    pub health_interval: Duration,
    /// When batches are complete.
    pub policy: SendPolicy,
    /// When batches are sent; `None`: as soon as they are complete.
    pub schedule: Option<Schedule>,
    /// What the server may ask.
    pub allow: Vec<AgentCommand>,
    /// Which services get files, and which files.
    pub uploads: UploadSettings,
    /// The spool's limits.
    pub spool: SpoolOptions,
    /// The file sources.
    pub files: Vec<FileSettings>,
    /// The process source; `None` when it is off.
    pub process: Option<ProcessSettings>,
    /// The Windows Event Log.
    pub event_logs: Vec<EventLogSettings>,
    /// The systemd journal.
    pub journal: Option<JournalSettings>,
    /// What the host is and how it fares.
    pub system: Option<SystemSettings>,
    /// What is on the host.
    pub inventory: Option<InventorySettings>,
    /// Files whose changes are told.
    pub integrity: Option<IntegritySettings>,
}

impl AgentSettings {
    /// Names of services that a server may have files given to: none unless the command is allowed too.
    pub(crate) fn uploads_allowed(&self) -> Vec<String> {
        if !self.allow.contains(&AgentCommand::LookupUpload) {
            return Vec::new();
        }
        let services = self.uploads.services.iter().filter(|service| service.upload);
        services.map(|service| service.kind.name().to_owned()).collect()
    }
}

impl AgentConfig {
    /// Checks everything. `data_dir` is the platform's place, `host` the host's name.
    pub fn resolve(&self, data_dir: &Path, host: &str) -> Result<AgentSettings, AgentError> {
        let id = match self.agent.id.as_str() {
            "" => None,
            id => Some(AgentId::new(id).map_err(|error| setting("agent.id", error.to_string()))?),
        };
        let mut files = Vec::new();
        for (at, file) in self.source.file.iter().enumerate().filter(|(_, file)| file.enabled) {
            let settings = file.resolve(&self.defaults, &self.format);
            let mut settings = settings.map_err(|error| setting(&format!("source.file[{at}]"), chain(&error)))?;
            settings.auth = self.source.auth.enabled;
            files.push(settings);
        }
        FileSettings::separate(&mut files);
        let process = match &self.source.process {
            Some(section) => section.resolve()?,
            None => None,
        };
        let data_dir = self.agent.data_dir.clone().unwrap_or_else(|| data_dir.to_owned());
        let schedule = match self.send.schedule.as_str() {
            "" => None,
            text => Some(Schedule::parse(text).map_err(|error| setting("send.schedule", chain(&error)))?),
        };
        Ok(AgentSettings {
            id,
            fields: self.fields(host),
            uplink: self.uplink.resolve()?,
            health_interval: self.uplink.health_interval()?,
            policy: self.policy()?,
            schedule,
            allow: self.commands.allow.clone(),
            uploads: UploadSettings::new(&self.lookup, &data_dir)?,
            spool: self.spool.resolve(&data_dir)?,
            integrity: self.source.integrity(&data_dir)?,
            data_dir,
            files,
            process,
            event_logs: self.source.event_logs()?,
            journal: self.source.journal()?,
            system: self.source.system()?,
            inventory: self.source.inventory()?,
        })
    }

    fn fields(&self, host: &str) -> Fields {
        let mut fields = Fields::new();
        fields.set(names::HOST_NAME, host);
        let labels = [("agent.name", &self.agent.name), ("host.group", &self.agent.group)];
        for (name, label) in labels {
            if !label.is_empty() {
                fields.set(name, label.as_str());
            }
        }
        if !self.agent.tags.is_empty() {
            fields.set("tags", self.agent.tags.clone());
        }
        fields
    }

    fn policy(&self) -> Result<SendPolicy, AgentError> {
        let mut drop = Vec::new();
        for (at, text) in self.filter.drop.iter().enumerate() {
            drop.push(query(&format!("filter.drop[{at}]"), text)?);
        }
        let at_once = match self.send.at_once.as_str() {
            "" => None,
            text => Some(query("send.at_once", text)?),
        };
        let batch_bytes = self.send.batch_bytes.as_usize();
        if !(1_000..=8_000_000).contains(&batch_bytes) {
            return Err(setting("send.batch_bytes", "use 1kB to 8MB".to_owned()));
        }
        Ok(SendPolicy {
            batch_bytes,
            batch_records: self.send.batch_records.clamp(1, 1_000_000),
            interval: self.send.interval.0,
            together: Together::default(),
            at_once,
            drop,
        })
    }
}

impl SourceSection {
    fn event_logs(&self) -> Result<Vec<EventLogSettings>, AgentError> {
        let mut settings = Vec::new();
        for (at, section) in self.eventlog.iter().enumerate() {
            let resolved = section
                .resolve()
                .and_then(|resolved| match (resolved, eventlog::this_host()) {
                    (Some(_), None) => Err(SourceError::NotHere("Windows Event Log")),
                    (resolved, _) => Ok(resolved),
                });
            let resolved = resolved.map_err(|error| setting(&format!("source.eventlog[{at}]"), chain(&error)))?;
            if let Some(new) = &resolved
                && settings.iter().any(|other: &EventLogSettings| other.name == new.name)
            {
                let reason = format!(
                    "another section has the name {:?}: give each a name of its own",
                    new.name
                );
                return Err(setting(&format!("source.eventlog[{at}].name"), reason));
            }
            settings.extend(resolved);
        }
        Ok(settings)
    }

    fn journal(&self) -> Result<Option<JournalSettings>, AgentError> {
        let settings = self.journal.as_ref().map(JournalSection::resolve).transpose();
        let mut settings = settings
            .map_err(|error| setting("source.journal", chain(&error)))?
            .flatten();
        if let Some(settings) = &mut settings {
            settings.auth = self.auth.enabled;
        }
        Ok(settings)
    }

    fn system(&self) -> Result<Option<SystemSettings>, AgentError> {
        let settings = self.system.as_ref().map(SystemSection::resolve).transpose();
        Ok(settings
            .map_err(|error| setting("source.system", chain(&error)))?
            .flatten())
    }

    fn inventory(&self) -> Result<Option<InventorySettings>, AgentError> {
        let settings = self.inventory.as_ref().map(InventorySection::resolve).transpose();
        Ok(settings
            .map_err(|error| setting("source.inventory", chain(&error)))?
            .flatten())
    }

    fn integrity(&self, data_dir: &Path) -> Result<Option<IntegritySettings>, AgentError> {
        let section = self.integrity.as_ref();
        let settings = section.map(|section| section.resolve(data_dir)).transpose();
        Ok(settings?.flatten())
    }
}

impl SpoolSection {
    fn resolve(&self, data_dir: &Path) -> Result<SpoolOptions, AgentError> {
        let defaults = SpoolOptions::default();
        if self.max_age.0 < Duration::from_mins(1) {
            return Err(setting("spool.max_age", "use 1m or more".to_owned()));
        }
        Ok(SpoolOptions {
            max_bytes: self.max_bytes.0.max(1 << 20),
            segment_bytes: defaults.segment_bytes.min(self.max_bytes.0.max(1 << 20) / 4),
            keep_free: self.keep_free,
            body_bytes: defaults.body_bytes,
            max_age: self.max_age.0,
            when_full: self.when_full,
            encryption: Some(Encryption {
                key_file: data_dir.join("identity").join("spool.key"),
                enabled: self.encrypt,
            }),
        })
    }
}

impl UplinkSection {
    fn health_interval(&self) -> Result<Duration, AgentError> {
        let interval = self.health_interval.0;
        if !(Duration::from_millis(100)..=Duration::from_hours(1)).contains(&interval) {
            return Err(setting("uplink.health_interval", "use 100ms to 1h".to_owned()));
        }
        Ok(interval)
    }

    fn resolve(&self) -> Result<Option<UplinkSettings>, AgentError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let trust = match (&self.ca, self.ca_fingerprint.as_str()) {
            (Some(ca), _) => Some(Trust::Ca(ca.as_str().to_owned())),
            (None, "") => None,
            (None, text) => {
                let pinned = text.parse().map_err(|error: watchpost_trust::TrustError| {
                    setting("uplink.ca_fingerprint", watchpost_kit::chain(&error))
                })?;
                Some(Trust::Fingerprint(pinned))
            }
        };
        if self.key.is_empty() {
            let message = "it is empty: make one on the server with `watchpost token create --agent ID`".to_owned();
            return Err(setting("uplink.key", message));
        }
        Ok(Some(UplinkSettings {
            url: self.url.clone(),
            key: self.key.clone(),
            trust,
            timeout: self.timeout.0,
        }))
    }
}

pub(crate) fn setting(key: &str, message: String) -> AgentError {
    AgentError::Setting {
        key: key.to_owned(),
        message,
    }
}

pub(crate) fn query(key: &str, text: &str) -> Result<Query, AgentError> {
    watchpost_query::parse(text).map_err(|error| setting(key, format!("{error}")))
}
