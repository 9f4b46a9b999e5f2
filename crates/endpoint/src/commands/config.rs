//! `watchpost config check|show|get|list`.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::Exit;
use watchpost_kit::config::{Listed, Origin};

use crate::Here;
use crate::failure::{Remedy, usage};
use crate::this_host::ThisHost;
use watchpost_run::host_name;

/// Look at the configuration: check, show, get, list
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check every key and value without starting anything; exit code 2 when something is wrong
    Check,
    /// Show what holds, defaults included; secrets are masked
    Show {
        /// Also where each value came from
        #[arg(long)]
        origin: bool,
    },
    /// Print one value
    Get {
        /// Such as send.interval
        key: String,
    },
    /// Print what lies under a key, or everything
    List {
        /// Such as store.retention
        key: Option<String>,
    },
}

pub(crate) fn run(args: &ConfigArgs, here: &Here<'_>) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    match &args.command {
        ConfigCommand::Check => check(here, &mut out),
        ConfigCommand::Show { origin } => {
            for listed in here.program.shown(here.global)?.list() {
                write_line(&listed, *origin, &mut out)?;
            }
            Ok(Exit::Done)
        }
        ConfigCommand::Get { key } => match here.program.shown(here.global)?.get(key) {
            Some(listed) => {
                writeln!(out, "{}", listed.plain)?;
                Ok(Exit::Done)
            }
            None => unknown(key),
        },
        ConfigCommand::List { key } => {
            let shown = here.program.shown(here.global)?;
            let all = key.as_ref().map_or_else(|| shown.list(), |key| shown.list_under(key));
            if all.is_empty() {
                return unknown(key.as_deref().unwrap_or_default());
            }
            for listed in &all {
                write_line(listed, false, &mut out)?;
            }
            Ok(Exit::Done)
        }
    }
}

fn unknown(key: &str) -> Result<Exit> {
    Err(usage(
        anyhow!("there is no key {key:?}"),
        "`watchpost config list` shows all of them",
    ))
}

fn write_line(listed: &Listed, origin: bool, out: &mut dyn Write) -> std::io::Result<()> {
    if origin && listed.origin != Origin::Default {
        writeln!(out, "{} = {}  # {}", listed.key, listed.toml, listed.origin)
    } else {
        writeln!(out, "{} = {}", listed.key, listed.toml)
    }
}

/// Everything that starting would check, short of opening files and ports.
fn check(here: &Here<'_>, out: &mut dyn Write) -> Result<Exit> {
    let settings = here.settings()?;
    let remedy = "docs/configure.md has every key with an example";
    settings.agent(&host_name(), ThisHost::FROM_NOW, None).usage(remedy)?;
    here.program.check(here.global).usage(remedy)?;
    let exposed = settings.merged().exposed_secrets();
    if let Some((key, path)) = exposed.first() {
        let path = path.display();
        let error = anyhow!("{path} holds the secret {key} and other users can read it");
        return Err(usage(
            error,
            format!("chmod 640 {path}, or keep the secret in a file of its own: \"@/path\""),
        ));
    }
    let files: Vec<String> = settings
        .merged()
        .files()
        .map(|path| path.display().to_string())
        .collect();
    let read = if files.is_empty() {
        "no file; every key has its default".to_owned()
    } else {
        files.join(", ")
    };
    writeln!(out, "the configuration is in order ({read})")?;
    Ok(Exit::Done)
}
