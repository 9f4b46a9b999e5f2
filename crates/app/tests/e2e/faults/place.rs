//! A server, an agent that reaches it through a line with weather, and one file of numbered lines.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::numbered::{LINES, append, assert_exactly, assert_no_gap};
use super::proxy::Proxy;
use crate::harness::{Running, World, wait_for};

pub(super) const AGENT: &str = "web-1";
/// The smallest spool there is.
pub(super) const SPOOL_BYTES: u64 = 1 << 20;

pub(super) struct Place {
    // In the order in which they may go.
    pub(super) agent: Option<Running>,
    pub(super) server: Option<Running>,
    pub(super) proxy: Proxy,
    pub(super) world: World,
    written: u64,
}

/// An agent's configuration that reads `logs/*.log*` from the beginning and gives up on a request after a second.
/// Without a name it makes one for itself.
pub(super) fn configure(world: &World, name: Option<&str>, key: &str, port: u16) {
    let include = world.path("logs/*.log*");
    let include = include.display();
    let id = name
        .map(|name| format!("[agent]\nid = \"{name}\"\n"))
        .unwrap_or_default();
    let text = format!(
        "{id}[uplink]\nurl = \"http://127.0.0.1:{port}\"\nkey = \"{key}\"\ntimeout = \"1s\"\n\
         [spool]\nmax_bytes = {SPOOL_BYTES}\n[send]\nbatch_bytes = \"20kB\"\n\
         [[source.file]]\nname = \"test\"\ninclude = [\"{include}\"]\nstart = \"beginning\"\npoll = \"20ms\"\n"
    );
    let path = world.write("config/agent.toml", text);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

impl Place {
    pub(super) fn new() -> Self {
        let world = World::new();
        let server = world.server();
        let proxy = Proxy::to(world.address());
        configure(&world, Some(AGENT), &world.agent_key(AGENT), proxy.port);
        let agent = world.start("agent", &["agent"]);
        Self::over(agent, server, proxy, world)
    }

    /// Of what was started by hand.
    pub(super) fn over(agent: Running, server: Running, proxy: Proxy, world: World) -> Self {
        Self {
            agent: Some(agent),
            server: Some(server),
            proxy,
            world,
            written: 0,
        }
    }

    /// The file lines are written to.
    pub(super) fn log(&self) -> PathBuf {
        self.world.path("logs/app.log")
    }

    /// Writes so many further lines; their numbers.
    pub(super) fn write(&mut self, lines: u64) -> Range<u64> {
        let numbers = self.written..self.written + lines;
        append(&self.log(), numbers.clone());
        self.written = numbers.end;
        numbers
    }

    pub(super) fn kill_agent(&mut self) {
        self.agent.take().unwrap().kill();
    }

    pub(super) fn kill_server(&mut self) {
        self.server.take().unwrap().kill();
    }

    pub(super) fn start_agent(&mut self) {
        self.agent = Some(self.world.start("agent", &["agent"]));
    }

    pub(super) fn start_server(&mut self) {
        self.server = Some(self.world.server());
    }

    /// Everything written so far arrives, each line once, with no gap.
    pub(super) fn arrives(&mut self) {
        self.arrives_with_gaps();
        assert_no_gap(&self.world);
    }

    /// The same without a look at the delivery report.
    pub(super) fn arrives_with_gaps(&mut self) {
        self.world.wait_count(LINES, self.written);
        assert_exactly(&self.world, 0..self.written);
        self.agent.as_mut().unwrap().assert_running();
    }

    /// Waits until the spool has grown beyond so many bytes.
    pub(super) fn wait_spooled(&self, bytes: u64) {
        wait_for("the spool to grow", || {
            let now = folder_bytes(&self.world.path("data/agent/spool"));
            if now > bytes {
                Ok(())
            } else {
                Err(format!("{now} of {bytes} bytes"))
            }
        });
    }

    /// The spool's limit holds, a segment's beginning more or less.
    pub(super) fn assert_spool_within_limit(&self) {
        let bytes = folder_bytes(&self.world.path("data/agent/spool"));
        assert!(
            bytes <= SPOOL_BYTES + SPOOL_BYTES / 4,
            "the spool takes {bytes} bytes, {SPOOL_BYTES} are allowed"
        );
    }
}

/// Bytes of the files in a folder.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap();
    // A segment may be removed while they are counted.
    entries
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
        .sum()
}

/// Copies a folder with everything in it, as `cp -a` does.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
