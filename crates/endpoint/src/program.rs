//! Which program runs, and what every command of it understands.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use watchpost_kit::config::Merged;

use crate::settings::{AgentFile, Loaded, Settings};

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Configuration file, folder or pipe instead of the usual places; may be repeated
    #[arg(
        short,
        long = "config",
        global = true,
        value_name = "FILE",
        env = "WATCHPOST_CONFIG",
        value_delimiter = SEPARATOR
    )]
    pub config: Vec<PathBuf>,
    /// One configuration value, over files and environment: --set send.interval=1s
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Keep all data below this folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "WATCHPOST_DATA_DIR",
        hide_env_values = true
    )]
    pub data_dir: Option<PathBuf>,
    /// Log more: -v debug, -vv trace (LOG_LEVEL is understood too)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Between several files in one environment variable: a path on Windows has colons.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// What differs between the programs that have these commands.
pub trait Program {
    /// As people call it.
    fn name(&self) -> &'static str;

    /// What the configuration says for an agent.
    fn settings(&self, global: &Global) -> Result<Settings>;

    /// The configuration with every default below it.
    fn shown(&self, global: &Global) -> Result<Merged>;

    /// Checks what [`Program::settings`] leaves unchecked, short of opening files and ports.
    fn check(&self, global: &Global) -> Result<()>;

    /// The socket of the server on this host, where the program has one.
    fn local_server(&self, global: &Global) -> Result<Option<PathBuf>>;
}

/// The program that runs, with what its command line says.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// What every command understands.
    pub global: &'a Global,
    /// Which program it is.
    pub program: &'a dyn Program,
}

impl Here<'_> {
    /// What the configuration says for an agent.
    pub fn settings(&self) -> Result<Settings> {
        self.program.settings(self.global)
    }
}

/// The agent-only program.
#[derive(Clone, Copy, Debug)]
pub struct Agent;

impl Agent {
    fn load(global: &Global) -> Result<(Loaded, AgentFile)> {
        let loaded = Loaded::read(global, &["agent.toml"])?;
        let file = loaded.merged.root()?;
        Ok((loaded, file))
    }
}

impl Program for Agent {
    fn name(&self) -> &'static str {
        "watchpost-agent"
    }

    fn settings(&self, global: &Global) -> Result<Settings> {
        let (loaded, file) = Self::load(global)?;
        Ok(Settings::new(loaded, file, Vec::new()))
    }

    fn shown(&self, global: &Global) -> Result<Merged> {
        let (loaded, file) = Self::load(global)?;
        Ok(loaded.merged.with_defaults(&file)?)
    }

    fn check(&self, _: &Global) -> Result<()> {
        Ok(())
    }

    fn local_server(&self, _: &Global) -> Result<Option<PathBuf>> {
        Ok(None)
    }
}
