//! The whole program as the commands see it that it shares with the agent-only one.

use std::path::PathBuf;

use anyhow::Result;
use watchpost_endpoint::{Global, Program};
use watchpost_kit::config::Merged;

use crate::settings::Settings;

/// Server, agent and command line.
pub(crate) struct Watchpost;

impl Program for Watchpost {
    fn name(&self) -> &'static str {
        "watchpost"
    }

    fn settings(&self, global: &Global) -> Result<watchpost_endpoint::Settings> {
        Ok(Settings::load(global)?.endpoint)
    }

    fn shown(&self, global: &Global) -> Result<Merged> {
        Settings::load(global)?.shown()
    }

    fn check(&self, global: &Global) -> Result<()> {
        Settings::load(global)?.server(None).map(drop)
    }

    fn local_server(&self, global: &Global) -> Result<Option<PathBuf>> {
        Settings::load(global)?.server_socket().map(Some)
    }
}
