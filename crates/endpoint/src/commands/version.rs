//! `watchpost version`.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use watchpost_console::Exit;

use crate::Here;

/// Show the version
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &VersionArgs, here: &Here<'_>) -> Result<Exit> {
    let (name, version) = (here.program.name(), env!("CARGO_PKG_VERSION"));
    let mut out = std::io::stdout().lock();
    if args.json {
        let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        let object = serde_json::json!({ "name": name, "version": version, "os": os, "architecture": architecture });
        writeln!(out, "{object}")?;
    } else {
        writeln!(out, "{name} {version}")?;
    }
    Ok(Exit::Done)
}
