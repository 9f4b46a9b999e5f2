//! A Windows of one test's own: a drive for Wine, and programs that run there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Finished, Running, World, finish};

/// Where the program's data and configuration are on Windows.
const HOME: &str = "ProgramData/Watchpost";

/// Where cargo builds this.
fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_watchpost")).ancestors().nth(2).unwrap()
}

/// What `make windows` made, by the end of its name.
pub(super) fn built(name: &str) -> PathBuf {
    let folder = target().join("windows/dist");
    let files = fs::read_dir(&folder).into_iter().flatten();
    let found = files
        .map(|file| file.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(name));
    found.unwrap_or_else(|| {
        panic!(
            "{}/*{name} is missing: run `make windows` first, as `make test` does",
            folder.display()
        )
    })
}

pub(super) struct Windows {
    target: PathBuf,
    drive: PathBuf,
}

impl Windows {
    /// A fresh drive with the agent's program on it.
    pub(super) fn new() -> Self {
        let windows = Self::bare();
        let program = windows.path("Program Files/Watchpost/watchpost-agent.exe");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::copy(built("watchpost-agent.exe"), program).unwrap();
        windows
    }

    /// A fresh drive with nothing of ours on it.
    pub(super) fn bare() -> Self {
        let target = target();
        let runs = target.join("windows/wine/runs");
        fs::create_dir_all(&runs).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("drive-")
            .tempdir_in(runs)
            .unwrap()
            .keep();
        let windows = Self {
            target: target.to_owned(),
            drive: folder.join("drive"),
        };
        let made = finish(windows.script().arg("drive").arg(&windows.drive));
        assert_eq!(made.code, Some(0), "{made:?}");
        windows
    }

    fn script(&self) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/windows"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.drive.parent().unwrap())
            .env("CARGO_TARGET_DIR", &self.target)
            .env("WINEPREFIX", &self.drive)
            .stdin(Stdio::null());
        command
    }

    /// A place below `C:\`, as this side sees it.
    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.drive.join("drive_c").join(below)
    }

    /// A program of this Windows; killing the process that is started kills it.
    pub(super) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.script();
        command.arg("wine").arg(program).args(arguments);
        command
    }

    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Finished {
        self.finish(&mut self.command(program, arguments))
    }

    /// Runs a program to its end. What it says goes to files: Wine's own processes, which the first program starts, would keep
    /// a pipe open.
    pub(super) fn finish(&self, command: &mut Command) -> Finished {
        let folder = tempfile::tempdir_in(self.drive.parent().unwrap()).unwrap();
        let place = |name: &str| folder.path().join(name);
        let file = |name: &str| File::create(place(name)).unwrap();
        let status = command.stdout(file("out")).stderr(file("err")).status().unwrap();
        let text = |name: &str| String::from_utf8_lossy(&fs::read(place(name)).unwrap()).into_owned();
        Finished {
            code: status.code(),
            stdout: text("out"),
            stderr: text("err"),
        }
    }

    /// The agent's program.
    pub(super) fn agent_command(&self, arguments: &[&str]) -> Command {
        self.command(r"C:\Program Files\Watchpost\watchpost-agent.exe", arguments)
    }

    /// The agent, with the configuration in its place.
    pub(super) fn agent(&self, world: &World) -> Running {
        world.start_command("windows-agent", &mut self.agent_command(&["agent"]))
    }

    /// Windows ends its services with the last other program: somebody who is there until this is dropped.
    pub(super) fn somebody(&self, world: &World) -> Running {
        world.start_command("somebody", &mut self.command("notepad.exe", &[]))
    }

    /// One word of `watchpost-agent service`.
    pub(super) fn service(&self, word: &str) -> Finished {
        self.finish(&mut self.agent_command(&["service", word]))
    }

    /// The values of a registry key; `None` when there is no such key.
    pub(super) fn registry(&self, key: &str) -> Option<String> {
        let asked = self.run("reg.exe", &["query", key]);
        (asked.code == Some(0)).then_some(asked.stdout)
    }

    /// `agent.toml` of an agent that delivers to this world's server.
    pub(super) fn configure(&self, world: &World, id: &str, more: &str) {
        let key = world.agent_key(id);
        let text = format!(
            "[agent]\nid = \"{id}\"\n[uplink]\nurl = \"http://{}\"\nkey = \"{key}\"\n{more}",
            world.address()
        );
        let home = self.path(HOME);
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("agent.toml"), text).unwrap();
    }

    /// Compiles a C program of this folder into a place below `C:\`.
    pub(super) fn compile(&self, source: &str, program: &str) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows").join(source);
        let program = self.path(program);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let mut gcc = Command::new("x86_64-w64-mingw32-gcc-posix");
        let compiled = finish(gcc.arg("-o").arg(program).arg(source).arg("-lws2_32"));
        assert_eq!(compiled.code, Some(0), "{compiled:?}");
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        let mut end = Command::new("/usr/lib/wine/wineserver64");
        let _ = end.arg("-k").env("WINEPREFIX", &self.drive).status();
        let _ = end.args(["-w"]).env("WINEPREFIX", &self.drive).status();
        let _ = fs::remove_dir_all(self.drive.parent().unwrap());
    }
}
