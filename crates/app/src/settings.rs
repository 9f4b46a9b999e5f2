//! The whole configuration: each room's section under its name, composed here and nowhere else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use watchpost_agent::config::{
    AgentSection, CommandsSection, FilterSection, SendSection, SourceSection, SpoolSection, UplinkSection,
};
use watchpost_agent::source::file::{FileDefaults, FormatConfig};
use watchpost_endpoint::{AgentFile, Global, Loaded, LogSection};
use watchpost_kit::config::Merged;
use watchpost_server::config::{
    AlertSections, AuditSection, BusSection, CatalogSection, ChannelSection, DeliverySection, DetectSection,
    LimitsSection, LookupSection, ReportSection, RouteSection, SearchSection, ServerConfig, ServerSection,
    ServerSettings, SilenceSection, StoreSection, TlsSection, socket_path,
};
use watchpost_server::rules::{Builtin, RuleSources};

/// Every section there is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfigFile {
    defaults: FileDefaults,
    format: BTreeMap<String, FormatConfig>,
    agent: AgentSection,
    uplink: UplinkSection,
    send: SendSection,
    spool: SpoolSection,
    source: SourceSection,
    filter: FilterSection,
    commands: CommandsSection,
    server: ServerSection,
    tls: TlsSection,
    limits: LimitsSection,
    search: SearchSection,
    bus: BusSection,
    store: StoreSection,
    catalog: CatalogSection,
    audit: AuditSection,
    detect: DetectSection,
    delivery: DeliverySection,
    lookup: LookupSection,
    report: Vec<ReportSection>,
    channel: Vec<ChannelSection>,
    route: Vec<RouteSection>,
    silence: Vec<SilenceSection>,
    log: LogSection,
    watch: WatchSection,
}

impl ConfigFile {
    fn of_agent(&self) -> AgentFile {
        let file = self.clone();
        AgentFile {
            defaults: file.defaults,
            format: file.format,
            agent: file.agent,
            uplink: file.uplink,
            send: file.send,
            spool: file.spool,
            source: file.source,
            filter: file.filter,
            commands: file.commands,
            lookup: file.lookup,
            log: file.log,
        }
    }
}

/// `[watch]`: local mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WatchSection {
    pub(crate) format: WatchFormat,
    pub(crate) color: WatchColor,
    pub(crate) timestamps: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WatchFormat {
    #[default]
    Human,
    Compact,
    Json,
    #[serde(rename = "7w")]
    Seven,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WatchColor {
    #[default]
    Auto,
    Always,
    Never,
}

impl Default for WatchSection {
    fn default() -> Self {
        Self {
            format: WatchFormat::Human,
            color: WatchColor::Auto,
            timestamps: true,
        }
    }
}

/// What this run goes by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The agent's part, and what the programs share.
    pub(crate) endpoint: watchpost_endpoint::Settings,
    file: ConfigFile,
}

impl Settings {
    /// Reads everything and checks every key; values are checked by whoever uses them.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let loaded = Loaded::read(global, &["agent.toml", "server.toml"])?;
        let mut file: ConfigFile = loaded.merged.root()?;
        if !loaded.merged.contains("detect.rules") {
            file.detect.rules = vec![loaded.dirs.config.join("rules")];
        }
        // The platform's place is not known to the rooms; whoever names a folder keeps it.
        if !loaded.merged.contains("server.data_dir") {
            file.server.data_dir = loaded.dirs.data.join("server");
        }
        let own = vec![file.server.data_dir.clone()];
        let endpoint = watchpost_endpoint::Settings::new(loaded, file.of_agent(), own);
        Ok(Self { endpoint, file })
    }

    /// The configuration with every default below it, for showing.
    pub(crate) fn shown(&self) -> Result<Merged> {
        Ok(self.endpoint.merged().with_defaults(&self.file)?)
    }

    pub(crate) const fn watch(&self) -> &WatchSection {
        &self.file.watch
    }

    /// The socket of the server whose data these are.
    pub(crate) fn server_socket(&self) -> Result<PathBuf> {
        let folder = &self.file.server.data_dir;
        std::path::absolute(socket_path(folder)).with_context(|| format!("cannot find the folder {}", folder.display()))
    }

    /// The server's part. `listen` is used when the configuration names no address.
    pub(crate) fn server(&self, listen: Option<&str>) -> Result<ServerSettings> {
        let file = self.file.clone();
        let mut server = file.server;
        if let (Some(listen), false) = (listen, self.endpoint.says("server.listen")) {
            server.listen = vec![listen.to_owned()];
        }
        let config = ServerConfig {
            server,
            tls: file.tls,
            limits: file.limits,
            search: file.search,
            bus: file.bus,
            store: file.store,
            catalog: file.catalog,
            audit: file.audit,
            detect: file.detect,
            delivery: file.delivery,
            lookup: file.lookup,
            report: file.report,
            alert: AlertSections {
                channel: file.channel,
                route: file.route,
                silence: file.silence,
            },
        };
        Ok(ServerSettings::try_from(config)?)
    }

    /// Where rules of one's own belong.
    pub(crate) fn rule_folder(&self) -> Option<PathBuf> {
        self.file.detect.rules.first().cloned()
    }

    /// Where rules come from.
    pub(crate) fn rule_sources(&self) -> RuleSources {
        let configured = self.file.detect.rules.iter();
        // A folder nobody has made holds no rules.
        let paths = configured.filter(|path| path.exists() || self.endpoint.says("detect.rules"));
        RuleSources {
            paths: paths.cloned().collect(),
            builtin: if self.file.detect.builtin {
                Builtin::Included
            } else {
                Builtin::None
            },
        }
    }
}
