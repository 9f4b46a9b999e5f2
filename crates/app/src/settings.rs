//! The whole configuration: each room's section under its name, composed here and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use watchpost_agent::config::{
    AgentSection, CommandsSection, FilterSection, SendSection, SourceSection, SpoolSection, UplinkSection,
};
use watchpost_agent::source::file::{FileDefaults, FileSourceConfig, FormatConfig};
use watchpost_agent::{AgentConfig, AgentSettings};
use watchpost_kit::config::{Merged, Sources, load, process_environment};
use watchpost_server::config::{
    AlertSections, AuditSection, BusSection, CatalogSection, ChannelSection, DeliverySection, DetectSection,
    LimitsSection, LookupSection, ReportSection, RouteSection, SearchSection, ServerConfig, ServerSection,
    ServerSettings, SilenceSection, StoreSection, TlsSection, socket_path,
};
use watchpost_server::rules::{Builtin, RuleSources};

use crate::cli::Global;
use crate::dirs::Dirs;
use crate::environment;
use crate::logging::{LogSection, LogTarget, Wishes};
use crate::this_host::ThisHost;

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
    merged: Merged,
    file: ConfigFile,
    dirs: Dirs,
    /// Where the configuration comes from, when that was said.
    named: Vec<PathBuf>,
    verbose: u8,
}

impl Settings {
    /// Reads everything and checks every key; values are checked by whoever uses them.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let dirs = Dirs::of_this_user().with_data(global.data_dir.as_deref());
        let mut sources = Sources::new();
        if global.config.is_empty() {
            for name in ["agent.toml", "server.toml"] {
                sources = sources.optional_path(dirs.config.join(name));
            }
        }
        for path in &global.config {
            sources = sources.path(path);
        }
        sources = sources.environment(process_environment());
        for pair in &global.set {
            sources = sources.set(pair);
        }
        let merged = load(&sources)?;
        let mut file: ConfigFile = merged.root()?;
        if !merged.contains("detect.rules") {
            file.detect.rules = vec![dirs.config.join("rules")];
        }
        // The platform's place is not known to the rooms; whoever names a folder keeps it.
        if !merged.contains("server.data_dir") {
            file.server.data_dir = dirs.data.join("server");
        }
        Ok(Self {
            merged,
            file,
            dirs,
            named: global.config.clone(),
            verbose: global.verbose,
        })
    }

    /// Whether a source other than the defaults has this key.
    pub(crate) fn says(&self, key: &str) -> bool {
        self.merged.contains(key)
    }

    /// The configuration with every default below it, for showing.
    pub(crate) fn shown(&self) -> Result<Merged> {
        Ok(self.merged.with_defaults(&self.file)?)
    }

    /// The sources as they were written, for checks.
    pub(crate) const fn merged(&self) -> &Merged {
        &self.merged
    }

    pub(crate) const fn dirs(&self) -> &Dirs {
        &self.dirs
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
        if let (Some(listen), false) = (listen, self.says("server.listen")) {
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
        let paths = configured.filter(|path| path.exists() || self.says("detect.rules"));
        RuleSources {
            paths: paths.cloned().collect(),
            builtin: if self.file.detect.builtin {
                Builtin::Included
            } else {
                Builtin::None
            },
        }
    }

    /// Whether the configuration names sources: then these are collected, and nothing else.
    pub(crate) fn names_sources(&self) -> bool {
        ["file", "process", "journal", "system"]
            .iter()
            .any(|source| self.says(&format!("source.{source}")))
    }

    /// The agent's part. `this_host` is collected when the configuration names no source, `more` in any case.
    pub(crate) fn agent(
        &self,
        host: &str,
        this_host: ThisHost,
        more: Option<FileSourceConfig>,
    ) -> Result<AgentSettings> {
        let mut config = self.agent_config();
        if !self.names_sources() {
            this_host.sources(&mut config.source);
        }
        config.source.file.extend(more);
        self.resolve_agent(config, host)
    }

    /// An agent that reads these paths and nothing else.
    pub(crate) fn agent_for_paths(&self, host: &str, paths: &[PathBuf]) -> Result<AgentSettings> {
        let mut config = self.agent_config();
        config.source = SourceSection {
            file: vec![from_beginning(paths)?],
            auth: config.source.auth,
            ..SourceSection::default()
        };
        self.resolve_agent(config, host)
    }

    /// Where an agent with this configuration keeps its data.
    pub(crate) fn agent_data_dir(&self) -> PathBuf {
        let named = self.file.agent.data_dir.clone();
        named.unwrap_or_else(|| self.dirs.data.join("agent"))
    }

    fn agent_config(&self) -> AgentConfig {
        let file = self.file.clone();
        AgentConfig {
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
        }
    }

    fn resolve_agent(&self, mut config: AgentConfig, host: &str) -> Result<AgentSettings> {
        for source in &mut config.source.file {
            source.include.iter().try_for_each(|include| self.refuse_own(include))?;
            source.exclude.extend(self.own_patterns());
        }
        let mut settings = config.resolve(&self.dirs.data.join("agent"), host)?;
        settings.uploads.own.extend(self.never_leaves());
        Ok(settings)
    }

    /// Keys lie in the configuration, and everything in the data folders: nothing of it is given away.
    fn never_leaves(&self) -> Vec<PathBuf> {
        let keys = std::iter::once(&self.dirs.config).chain(&self.named).cloned();
        let whole = |path: PathBuf| {
            std::fs::canonicalize(&path)
                .or_else(|_| std::path::absolute(&path))
                .ok()
        };
        keys.chain(self.own_folders()).filter_map(whole).collect()
    }

    /// Who knows what of files, without a server.
    pub(crate) const fn lookup(&self) -> &LookupSection {
        &self.file.lookup
    }

    /// Where this program keeps what it writes.
    fn own_folders(&self) -> [PathBuf; 4] {
        let (dirs, server) = (&self.dirs, &self.file.server);
        [
            dirs.data.clone(),
            dirs.logs.clone(),
            server.data_dir.clone(),
            self.agent_data_dir(),
        ]
    }

    /// Whoever names what is never collected would wait for it in vain.
    fn refuse_own(&self, include: &str) -> Result<()> {
        let plain = include.split(['*', '?', '[', '{']).next().unwrap_or_default();
        // Of a pattern the folder before it.
        let base = if plain.len() < include.len() {
            plain.rfind('/').map_or("", |end| &plain[..end])
        } else {
            plain
        };
        if let Some(own) = self
            .own_folders()
            .into_iter()
            .find(|own| Path::new(base).starts_with(own))
        {
            bail!(
                "source.file: {include} lies in {}, where Watchpost keeps its own data, which is never collected; \
                 name files elsewhere, or another data folder with --data-dir",
                own.display()
            );
        }
        Ok(())
    }

    /// The agent never collects what this program writes.
    fn own_patterns(&self) -> Vec<String> {
        let log_file = Some(self.file.log.file.path.as_path()).filter(|path| !path.as_os_str().is_empty());
        let folder = |path: &Path| glob_escape(&path.to_string_lossy()) + "/**";
        let rotated = |path: &Path| glob_escape(&path.to_string_lossy()) + "*";
        let folders = self.own_folders().map(|path| folder(&path)).into_iter();
        folders.chain(log_file.map(rotated)).collect()
    }

    /// Begins logging into `NAME.log` unless the configuration names a file.
    pub(crate) fn start_logging(&self, name: &str, quiet: bool) -> Result<()> {
        let wishes = Wishes {
            verbose: self.verbose,
            environment: environment::get("LOG_LEVEL"),
            quiet,
        };
        crate::logging::start(&self.file.log, &wishes, &self.dirs.logs.join(format!("{name}.log")))
    }

    /// Begins logging to standard error only, and only what needs attention.
    pub(crate) fn start_stderr_logging(&self) -> Result<()> {
        let wishes = Wishes {
            verbose: self.verbose,
            environment: environment::get("LOG_LEVEL"),
            quiet: true,
        };
        let section = LogSection {
            to: vec![LogTarget::Stderr],
            ..self.file.log.clone()
        };
        crate::logging::start(&section, &wishes, Path::new(""))
    }
}

/// A path as a glob that means exactly it.
fn glob_escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            out.push('[');
            out.push(c);
            out.push(']');
        } else {
            out.push(c);
        }
    }
    out
}

/// Files, folders and globs named on the command line, from their beginning.
pub(crate) fn from_beginning(paths: &[PathBuf]) -> Result<FileSourceConfig> {
    let mut include = Vec::new();
    for path in paths {
        let text = path.to_string_lossy().into_owned();
        let exists = path.try_exists().with_context(|| format!("cannot look at {text}"))?;
        if !exists && !text.contains(['*', '?', '[', '{']) {
            bail!("{text} does not exist");
        }
        include.push(if exists { glob_escape(&text) } else { text });
    }
    Ok(FileSourceConfig {
        name: "paths".to_owned(),
        include,
        start: "beginning".to_owned(),
        ..FileSourceConfig::default()
    })
}

/// The host's name, for people; identity comes from elsewhere.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
