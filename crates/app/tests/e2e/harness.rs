//! A fresh folder, the program in it, and waiting for conditions instead of sleeping for luck.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Far more than anything here takes, since test machines can be slow.
const PATIENCE: Duration = Duration::from_mins(2);

#[expect(clippy::disallowed_methods, reason = "the tests watch real processes")]
fn now() -> Instant {
    Instant::now()
}

/// Looks until there is something to see; fails with what was seen last.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = now() + PATIENCE;
    loop {
        let seen = match look() {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(now() < deadline, "waited {PATIENCE:?} for {what}; last seen: {seen}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// A port nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One test's folder, and the program with its data in there.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) port: u16,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Every line of standard output as JSON.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}")))
            .collect()
    }

    /// A failure as the contract wants it: this exit code, one `error:` line with these parts, and a hint.
    pub(crate) fn fails_with(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let error = self
            .stderr
            .lines()
            .find(|line| line.starts_with("error: "))
            .unwrap_or_else(|| panic!("no error line: {self:?}"));
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing: {self:?}");
        }
        assert!(!error.ends_with("error: "), "{self:?}");
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::Builder::new().prefix("watchpost-e2e-").tempdir().unwrap(),
            port: free_port(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The address of this world's server.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The program, knowing nothing of the machine's own configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchpost"));
        let config = self.path("config");
        fs::create_dir_all(&config).unwrap();
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            // What a test writes is small, however full the machine's disk is.
            .env("WATCHPOST__SPOOL__KEEP_FREE", "1%");
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.path("data"))
            .arg("--config")
            .arg(config);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        finish(&mut self.command(arguments))
    }

    /// Starts something that runs on.
    pub(crate) fn start(&self, name: &str, arguments: &[&str]) -> Running {
        self.start_command(name, &mut self.command(arguments))
    }

    pub(crate) fn start_command(&self, name: &str, command: &mut Command) -> Running {
        let (stdout, stderr) = (
            self.path(&format!("{name}.stdout")),
            self.path(&format!("{name}.stderr")),
        );
        let append = |path: &Path| File::options().create(true).append(true).open(path).unwrap();
        let child = command.stdout(append(&stdout)).stderr(append(&stderr)).spawn().unwrap();
        Running { child, stdout, stderr }
    }

    /// A server on this world's port, ready to be asked.
    pub(crate) fn server(&self) -> Running {
        let listen = format!("server.listen=[\"http://{}\"]", self.address());
        let mut server = self.start("server", &["server", "--set", &listen]);
        self.wait_ready(&mut server);
        server
    }

    pub(crate) fn wait_ready(&self, server: &mut Running) {
        wait_for("the server to be ready", || {
            server.assert_running();
            let asked = self.run(&["store", "stats", "--json"]);
            if asked.code == Some(0) {
                Ok(())
            } else {
                Err(asked.stderr)
            }
        });
    }

    /// A key for an agent.
    pub(crate) fn agent_key(&self, agent: &str) -> String {
        self.run(&["token", "create", "--agent", agent])
            .ok()
            .stdout
            .trim()
            .to_owned()
    }

    /// Writes an agent's configuration that reads `include` from the beginning.
    pub(crate) fn configure_agent(&self, id: &str, key: &str, include: &str) {
        let text = format!(
            "[agent]\nid = \"{id}\"\n[uplink]\nurl = \"http://{}\"\nkey = \"{key}\"\n\
             [[source.file]]\nname = \"test\"\ninclude = [\"{include}\"]\nstart = \"beginning\"\npoll = \"50ms\"\n",
            self.address()
        );
        let path = self.write("config/agent.toml", text);
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// More sections for the agent that was configured.
    pub(crate) fn collect_more(&self, sections: &str) {
        let mut file = fs::File::options()
            .append(true)
            .open(self.path("config/agent.toml"))
            .unwrap();
        std::io::Write::write_all(&mut file, sections.as_bytes()).unwrap();
    }

    /// How many events match.
    pub(crate) fn count(&self, query: &str) -> u64 {
        let found = self.run(&["search", query, "--stats", "count()", "--json"]);
        assert!(matches!(found.code, Some(0 | 3)), "{found:?}");
        found.json_lines()[0]["count"].as_u64().unwrap()
    }

    /// Waits until so many events match, and fails at once when there are more.
    pub(crate) fn wait_count(&self, query: &str, wanted: u64) {
        wait_for(&format!("{wanted} events of {query:?}"), || {
            let found = self.run(&["search", query, "--stats", "count()", "--json"]);
            let count = found.json_lines().first().and_then(|line| line["count"].as_u64());
            assert!(
                count.is_none_or(|count| count <= wanted),
                "{count:?} events of {query:?}, expected {wanted}"
            );
            if count == Some(wanted) {
                Ok(())
            } else {
                Err(format!("{count:?} {}", found.stderr))
            }
        });
    }
}

/// Runs a command to its end, with standard output and error read side by side.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A process that runs on, killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGKILL, and gone when this returns.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and ended well when this returns.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.errors());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the process to end", || {
            self.child.try_wait().unwrap().ok_or_else(|| self.errors())
        })
    }

    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("it ended with {status}: {}", self.errors());
        }
    }

    pub(crate) fn output(&self) -> String {
        read(&self.stdout)
    }

    pub(crate) fn errors(&self) -> String {
        read(&self.stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
