//! What the installer leaves to the program: the first configuration from what it was given, and the end of all data.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use watchpost_kit::chain;
use watchpost_run::host_name;

use super::account::Account;
use super::manage::{begin, install, is_at_rest};
use crate::failure::{Remedy, usage};
use crate::program::Global;
use crate::this_host::ThisHost;
use crate::{Dirs, Here};

/// The installer's answers have at most so many bytes.
const ANSWERS_MAX: u64 = 65_536;
const FILE: &str = "agent.toml";

/// What the installer was given; what was not is empty.
#[derive(Default)]
struct Answers {
    server: String,
    key: String,
    ca: String,
    id: String,
    account: String,
    /// Whom the service ran as until now, in the service manager's words.
    account_before: String,
}

impl Answers {
    /// Lines of `NAME=value`. Not arguments: other programs, and our own agent, see and record command lines.
    fn read(from: impl Read) -> Result<Self> {
        let mut text = String::new();
        from.take(ANSWERS_MAX)
            .read_to_string(&mut text)
            .context("cannot read the installer's answers from standard input")?;
        let mut answers = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            let place = match name {
                "SERVER" => &mut answers.server,
                "KEY" => &mut answers.key,
                "CA" => &mut answers.ca,
                "ID" => &mut answers.id,
                "ACCOUNT" => &mut answers.account,
                "ACCOUNT_BEFORE" => &mut answers.account_before,
                _ => bail!("the installer's answer {name:?} is not known"),
            };
            value.trim().clone_into(place);
        }
        Ok(answers)
    }

    fn account(&self) -> Result<Account> {
        match self.account.to_ascii_lowercase().as_str() {
            "" => Ok(Account::named(&self.account_before)),
            "system" => Ok(Account::System),
            "low" => Ok(Account::Low),
            other => Err(usage(
                anyhow!("ACCOUNT is {other:?}"),
                "use ACCOUNT=system or ACCOUNT=low",
            )),
        }
    }

    /// Section, key and value of what was given.
    fn values(&self) -> Vec<(&'static str, &'static str, &str)> {
        let all = [
            ("agent", "id", self.id.as_str()),
            ("uplink", "url", &self.server),
            ("uplink", "key", &self.key),
            ("uplink", "ca_fingerprint", &self.ca),
        ];
        all.into_iter().filter(|(_, _, value)| !value.is_empty()).collect()
    }

    /// As `agent.toml`; `None` when nothing was given.
    fn file(&self) -> Option<String> {
        let mut text = String::new();
        let mut last = "";
        for (section, key, value) in self.values() {
            if section != last {
                text.extend(["[", section, "]\n"]);
                last = section;
            }
            text.extend([key, " = ", &quoted(value), "\n"]);
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// What an agent could not go by is said before anything is written.
    fn check(&self, here: &Here<'_>) -> Result<()> {
        if self.server.is_empty() && !(self.key.is_empty() && self.ca.is_empty()) {
            return Err(usage(
                anyhow!("KEY or CA was given, and no SERVER"),
                "add SERVER=https://HOST:7443",
            ));
        }
        let values = self.values();
        let pairs = values
            .iter()
            .map(|(section, key, value)| format!("{section}.{key}={}", quoted(value)));
        let global = Global {
            set: pairs.collect(),
            ..Global::default()
        };
        let settings = here.program.settings(&global)?;
        settings.agent(&host_name(), ThisHost::FROM_NOW, None)?;
        Ok(())
    }
}

/// As TOML has strings: JSON's are a part of them.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Gives the service that the installer made what only the program knows, writes `agent.toml` when there is none, and starts the
/// service when it knows its server.
pub(super) fn set_up(here: &Here<'_>, answers: impl Read, out: &mut dyn Write) -> Result<()> {
    let answers = Answers::read(answers)?;
    let account = answers.account()?;
    let path = Dirs::of_this_user().config.join(FILE);
    let is_new = !path
        .try_exists()
        .with_context(|| format!("cannot look at {}", path.display()))?;
    if is_new {
        answers
            .check(here)
            .usage("look at SERVER, KEY, CA and ID of this installation")?;
    }
    // Closes the folder, too, before a key is in it.
    install(here, account, out)?;
    match answers.file() {
        Some(text) if is_new => write_new(&path, &text)?,
        Some(_) => writeln!(out, "{} is there already and stays as it is", path.display())?,
        None => {}
    }
    start_when_configured(here, out)
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// That it does not start is no reason to take everything away again: what is wrong can be put right.
fn start_when_configured(here: &Here<'_>, out: &mut dyn Write) -> Result<()> {
    if !here.settings()?.says("uplink.url") {
        writeln!(out, "the service is not started: no server is configured")?;
        return Ok(());
    }
    match begin() {
        Ok(()) => writeln!(out, "the service runs")?,
        Err(error) => writeln!(out, "note: {}", chain(error.as_ref()))?,
    }
    Ok(())
}

/// Removes configuration, keys, spool and logs.
pub(super) fn purge(out: &mut dyn Write) -> Result<()> {
    if !is_at_rest()? {
        return Err(anyhow!("the service runs")).hint("watchpost-agent service uninstall");
    }
    let folder = Dirs::of_this_user().config;
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => writeln!(out, "{} is removed", folder.display())?,
        Err(error) if error.kind() == ErrorKind::NotFound => writeln!(out, "there is no {}", folder.display())?,
        Err(error) => return Err(error).with_context(|| format!("cannot remove {}", folder.display())),
    }
    Ok(())
}
