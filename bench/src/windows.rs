//! What the agent for Windows costs under Wine: at rest, and beside many processes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::instance::Server;
use crate::process::Process;
use crate::rest::{Seen, watch};
use crate::scenarios::{Bench, PATIENCE};
use crate::table::Table;
use crate::timing::{pause, wait_until};

const REST: Duration = Duration::from_mins(10);
const BESIDE: Duration = Duration::from_mins(1);
/// Until an agent has noticed that it is at rest.
const SETTLE: Duration = Duration::from_secs(30);
/// Processes of a busy desktop.
const MANY: u32 = 300;

const AGENT: &str = r"C:\Program Files\Watchpost\watchpost-agent.exe";
const NAME: &str = "watchpost-agent";
const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";

impl Bench {
    /// An agent with what it collects where nothing is configured.
    pub(crate) fn windows(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("windows")?;
        let server = Server::start(&self.watchpost, &folder.join("server"))?;
        let drive = Drive::new(&self.watchpost, &folder)?;
        drive.write("ProgramData/Watchpost/agent.toml", server.agent_config("")?.as_bytes())?;
        let agent = Process::start(&mut drive.command(AGENT, &["agent"]))?;
        wait_until("the agent under Wine", PATIENCE, || Ok(drive.handles().is_ok()))?;
        pause(SETTLE);
        let length = self.length.unwrap_or(REST);
        let before = drive.handles()?;
        let rest = watch(&agent, length)?;
        report("at rest", &rest, table);
        let after = drive.handles()?;
        table.spread("… handles, before and after", "", "the same", &[before, after]);
        let sleepers = start_many(&drive)?;
        pause(SETTLE);
        let beside = watch(&agent, self.length.unwrap_or(BESIDE))?;
        report(&format!("beside {MANY} processes"), &beside, table);
        table.spread("… handles", "", "", &[drive.handles()?]);
        drop((sleepers, agent));
        server.stop()?;
        Ok(())
    }
}

fn report(when: &str, seen: &Seen, table: &mut Table) {
    let what = format!("agent for Windows under Wine, {when}: CPU");
    table.spread(what, "% of a core", "≤ 0.3", &[seen.share * 100.0]);
    table.spread("… RSS, Wine's libraries with it", "MB", "", &seen.resident_mb);
}

/// A drive C: of Wine's, with the agent on it.
struct Drive {
    /// Where cargo builds.
    target: PathBuf,
    folder: PathBuf,
    /// What Wine calls a prefix.
    prefix: PathBuf,
}

impl Drive {
    fn new(watchpost: &Path, folder: &Path) -> Result<Self> {
        let target = watchpost
            .ancestors()
            .nth(2)
            .context("the program lies in no target folder")?;
        let drive = Self {
            target: target.to_owned(),
            folder: folder.to_owned(),
            prefix: folder.join("drive"),
        };
        let made = drive.script().arg("drive").arg(&drive.prefix).status()?;
        ensure!(made.success(), "scripts/windows drive ended with {made}");
        let program = target.join("windows/dist/watchpost-agent.exe");
        let program = fs::read(&program)
            .with_context(|| format!("cannot read {}: run `make windows` first", program.display()))?;
        drive.write("Program Files/Watchpost/watchpost-agent.exe", &program)?;
        for name in ["handles", "sleepers"] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("windows/{name}.c"));
            let program = drive.path(&format!("{name}.exe"));
            let compiled = Command::new(COMPILER)
                .arg("-o")
                .arg(program)
                .arg(source)
                .arg("-lntdll")
                .status()?;
            ensure!(compiled.success(), "{COMPILER} ended with {compiled}");
        }
        Ok(drive)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.prefix.join("drive_c").join(below)
    }

    fn write(&self, below: &str, content: &[u8]) -> Result<()> {
        let path = self.path(below);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, content)?)
    }

    fn script(&self) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/windows"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("WINEPREFIX", &self.prefix)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A program of this Windows; the process is the program's own.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.script();
        command.arg("wine").arg(program).args(arguments).stdout(Stdio::null());
        command
    }

    /// Handles of the agent.
    fn handles(&self) -> Result<f64> {
        let output = self
            .command(r"C:\handles.exe", &[NAME])
            .stdout(Stdio::piped())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse().with_context(|| format!("handles said {text:?}"))
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        let mut end = Command::new("/usr/lib/wine/wineserver64");
        let _ = end.args(["-k", "-w"]).env("WINEPREFIX", &self.prefix).status();
    }
}

/// Starts many processes, which end with Wine; they run when this returns.
fn start_many(drive: &Drive) -> Result<Process> {
    let mut command = drive.command(r"C:\sleepers.exe", &[&MANY.to_string()]);
    let (process, out) = Process::start_heard(&mut command)?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    ensure!(
        line.trim() == MANY.to_string(),
        "not all processes were started: {line:?}"
    );
    Ok(process)
}
