//! A server in a folder of its own, and an agent beside it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::http::Target;
use crate::process::Process;
use crate::timing::wait_until;

const START_LIMIT: Duration = Duration::from_mins(1);

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) folder: PathBuf,
    address: String,
    watchpost: PathBuf,
}

fn command(watchpost: &Path, folder: &Path) -> Result<Command> {
    let config = folder.join("config");
    fs::create_dir_all(&config)?;
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("stderr.log"))?;
    let mut command = Command::new(watchpost);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("LOG_LEVEL", "warn");
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--config")
        .arg(config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Ok(command)
}

impl Server {
    /// Starts a server on the data in `folder`.
    pub(crate) fn start(watchpost: &Path, folder: &Path) -> Result<Self> {
        Self::start_as("server", watchpost, folder)
    }

    /// Starts server and agent in one.
    pub(crate) fn start_up(watchpost: &Path, folder: &Path) -> Result<Self> {
        Self::start_as("up", watchpost, folder)
    }

    fn start_as(role: &str, watchpost: &Path, folder: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let listen = format!("server.listen=[\"http://{address}\"]");
        let mut command = command(watchpost, folder)?;
        let process = Process::start(command.args([role, "--set", &listen, "--set", "log.to=[\"stderr\"]"]))?;
        let server = Self {
            process,
            folder: folder.to_owned(),
            address,
            watchpost: watchpost.to_owned(),
        };
        wait_until("the server", START_LIMIT, || {
            Ok(server.cli(&["store", "stats"]).is_ok())
        })?;
        Ok(server)
    }

    /// What a command of the program prints.
    fn cli(&self, arguments: &[&str]) -> Result<String> {
        let output = command(&self.watchpost, &self.folder)?
            .args(arguments)
            .stdout(Stdio::piped())
            .output()?;
        ensure!(output.status.success(), "{arguments:?} ended with {}", output.status);
        String::from_utf8(output.stdout).context("not UTF-8")
    }

    /// Asks as somebody with a new key.
    pub(crate) fn target(&self, agent: Option<&str>) -> Result<Target> {
        let key = match agent {
            Some(agent) => self.cli(&["token", "create", "--agent", agent])?,
            None => self.cli(&["token", "create", "--role", "admin"])?,
        };
        Ok(Target {
            address: self.address.clone(),
            token: key.trim().to_owned(),
        })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn stop(self) -> Result<ExitStatus> {
        self.process.stop()
    }

    /// Makes a key for each of many agents, in one process.
    pub(crate) fn agent_targets(&self, agents: &[String]) -> Result<Vec<Target>> {
        let admin = self.target(None)?;
        let key = |agent: &String| {
            let wish = serde_json::json!({ "name": agent, "role": "agent", "agent": agent });
            let made = admin.post("/api/v1/tokens", "application/json", wish.to_string().as_bytes())?;
            let made: serde_json::Value = serde_json::from_slice(&made)?;
            Ok(Target {
                address: self.address.clone(),
                token: made["key"].as_str().context("no key was made")?.to_owned(),
            })
        };
        agents.iter().map(key).collect()
    }

    /// Starts an agent that delivers one file, from its beginning, to this server.
    pub(crate) fn agent(&self, folder: &Path, file: &Path, codec: &str) -> Result<Process> {
        let source = format!(
            "[[source.file]]\nname = \"corpus\"\ninclude = [\"{}\"]\nstart = \"beginning\"\ncodec = \"{codec}\"\n",
            file.display()
        );
        self.agent_of(folder, &source)
    }

    /// `agent.toml` of an agent that delivers what the given sections name to this server.
    pub(crate) fn agent_config(&self, sources: &str) -> Result<String> {
        let key = self.target(Some("bench"))?.token;
        Ok(format!(
            "[agent]\nid = \"bench\"\n[uplink]\nurl = \"http://{}\"\nkey = \"{key}\"\n{sources}",
            self.address
        ))
    }

    /// Starts an agent that delivers what the given sections of its configuration name to this server.
    pub(crate) fn agent_of(&self, folder: &Path, sources: &str) -> Result<Process> {
        fs::create_dir_all(folder.join("config"))?;
        fs::write(folder.join("config/agent.toml"), self.agent_config(sources)?)?;
        Process::start(command(&self.watchpost, folder)?.args(["agent", "--set", "log.to=[\"stderr\"]"]))
    }
}
