//! The agent's part of the configuration: its sections, composed here and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf, is_separator};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use watchpost_agent::config::{
    AgentSection, CommandsSection, FilterSection, LookupSection, SendSection, SourceSection, SpoolSection,
    UplinkSection,
};
use watchpost_agent::source::file::{FileDefaults, FileSourceConfig, FormatConfig};
use watchpost_agent::{AgentConfig, AgentSettings};
use watchpost_kit::config::{Merged, Sources, load, process_environment};

use crate::dirs::Dirs;
use crate::environment;
use crate::logging::{LogSection, LogTarget, SystemLayer, Wishes};
use crate::program::Global;
use crate::this_host::ThisHost;

/// Every section that an agent has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each section says itself what it is")]
pub struct AgentFile {
    pub defaults: FileDefaults,
    pub format: BTreeMap<String, FormatConfig>,
    pub agent: AgentSection,
    pub uplink: UplinkSection,
    pub send: SendSection,
    pub spool: SpoolSection,
    pub source: SourceSection,
    pub filter: FilterSection,
    pub commands: CommandsSection,
    pub lookup: LookupSection,
    pub log: LogSection,
}

/// A configuration that was read, whatever sections it has.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Files, environment and command line, put together.
    pub merged: Merged,
    /// The platform's places.
    pub dirs: Dirs,
    /// Where the configuration comes from, when that was said.
    named: Vec<PathBuf>,
    verbose: u8,
}

impl Loaded {
    /// Reads everything; `names` are the files in the platform's place. Keys are checked by whoever knows the sections.
    pub fn read(global: &Global, names: &[&str]) -> Result<Self> {
        let dirs = Dirs::of_this_user().with_data(global.data_dir.as_deref());
        let mut sources = Sources::new();
        if global.config.is_empty() {
            for name in names {
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
        Ok(Self {
            merged: load(&sources)?,
            dirs,
            named: global.config.clone(),
            verbose: global.verbose,
        })
    }
}

/// What this run goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    loaded: Loaded,
    file: AgentFile,
    /// Folders of this program's data beside the agent's.
    more_own: Vec<PathBuf>,
}

impl Settings {
    /// Values are checked by whoever uses them. What lies in `more_own` is never collected nor given away.
    pub fn new(loaded: Loaded, file: AgentFile, more_own: Vec<PathBuf>) -> Self {
        Self { loaded, file, more_own }
    }

    /// Whether a source other than the defaults has this key.
    pub fn says(&self, key: &str) -> bool {
        self.loaded.merged.contains(key)
    }

    /// The sources as they were written, for checks.
    pub const fn merged(&self) -> &Merged {
        &self.loaded.merged
    }

    /// Where files live.
    pub const fn dirs(&self) -> &Dirs {
        &self.loaded.dirs
    }

    /// Whether the configuration names sources: then these are collected, and nothing else.
    pub fn names_sources(&self) -> bool {
        [
            "file",
            "process",
            "eventlog",
            "journal",
            "system",
            "inventory",
            "integrity",
        ]
        .iter()
        .any(|source| self.says(&format!("source.{source}")))
    }

    /// The agent's part. `this_host` is collected when the configuration names no source, `more` in any case.
    pub fn agent(&self, host: &str, this_host: ThisHost, more: Option<FileSourceConfig>) -> Result<AgentSettings> {
        let mut config = self.agent_config();
        if !self.names_sources() {
            this_host.sources(&mut config.source);
        }
        config.source.file.extend(more);
        self.resolve_agent(config, host)
    }

    /// An agent that reads these paths and nothing else.
    pub fn agent_for_paths(&self, host: &str, paths: &[PathBuf]) -> Result<AgentSettings> {
        let mut config = self.agent_config();
        config.source = SourceSection {
            file: vec![from_beginning(paths)?],
            auth: config.source.auth,
            ..SourceSection::default()
        };
        self.resolve_agent(config, host)
    }

    /// Where an agent with this configuration keeps its data.
    pub fn agent_data_dir(&self) -> PathBuf {
        let named = self.file.agent.data_dir.clone();
        named.unwrap_or_else(|| self.loaded.dirs.data.join("agent"))
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
        let mut settings = config.resolve(&self.loaded.dirs.data.join("agent"), host)?;
        settings.uploads.own.extend(self.never_leaves());
        Ok(settings)
    }

    /// Keys lie in the configuration, and everything in the data folders: nothing of it is given away.
    fn never_leaves(&self) -> Vec<PathBuf> {
        let keys = std::iter::once(&self.loaded.dirs.config)
            .chain(&self.loaded.named)
            .cloned();
        let whole = |path: PathBuf| {
            std::fs::canonicalize(&path)
                .or_else(|_| std::path::absolute(&path))
                .ok()
        };
        keys.chain(self.own_folders()).filter_map(whole).collect()
    }

    /// Who knows what of files, without a server.
    pub const fn lookup(&self) -> &LookupSection {
        &self.file.lookup
    }

    /// Where this program keeps what it writes.
    fn own_folders(&self) -> impl Iterator<Item = PathBuf> {
        let dirs = &self.loaded.dirs;
        let agent = [dirs.data.clone(), dirs.logs.clone(), self.agent_data_dir()];
        agent.into_iter().chain(self.more_own.iter().cloned())
    }

    /// Whoever names what is never collected would wait for it in vain.
    fn refuse_own(&self, include: &str) -> Result<()> {
        let plain = include.split(['*', '?', '[', '{']).next().unwrap_or_default();
        // Of a pattern the folder before it.
        let base = if plain.len() < include.len() {
            plain.rfind(is_separator).map_or("", |end| &plain[..end])
        } else {
            plain
        };
        if let Some(own) = self.own_folders().find(|own| Path::new(base).starts_with(own)) {
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
        let folders = self.own_folders().map(|path| folder(&path));
        folders.chain(log_file.map(rotated)).collect()
    }

    /// Begins logging into `NAME.log` unless the configuration names a file.
    pub fn start_logging(&self, name: &str, quiet: bool) -> Result<()> {
        self.start_logging_beside(name, quiet, None)
    }

    /// The same, and into the operating system's own log.
    pub(crate) fn start_logging_beside(&self, name: &str, quiet: bool, system: Option<SystemLayer>) -> Result<()> {
        let path = self.loaded.dirs.logs.join(format!("{name}.log"));
        crate::logging::start(&self.file.log, &self.wishes(quiet), &path, system)
    }

    fn wishes(&self, quiet: bool) -> Wishes {
        Wishes {
            verbose: self.loaded.verbose,
            environment: environment::get("LOG_LEVEL"),
            quiet,
        }
    }

    /// Begins logging to standard error only, and only what needs attention.
    pub fn start_stderr_logging(&self) -> Result<()> {
        let section = LogSection {
            to: vec![LogTarget::Stderr],
            ..self.file.log.clone()
        };
        crate::logging::start(&section, &self.wishes(true), Path::new(""), None)
    }
}

/// A path as a glob that means exactly it; in globs only `/` separates.
fn glob_escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if is_separator(c) {
            out.push('/');
        } else if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
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
pub fn from_beginning(paths: &[PathBuf]) -> Result<FileSourceConfig> {
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
