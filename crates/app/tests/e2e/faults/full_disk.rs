//! Real full disks: a small file system in memory for the server, and one for the agent.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::numbered::LINES;
use super::place::{AGENT, Place, configure};
use super::proxy::Proxy;
use crate::harness::{World, finish, wait_for};

/// A small file system, unmounted when dropped.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not allowed, which is said loudly, and is a failure where CI runs.
    fn mount(path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mounted = finish(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs"])
                .arg(&path),
        );
        if mounted.code == Some(0) {
            return Some(Self { path });
        }
        #[expect(clippy::disallowed_methods, reason = "how CI says that it is one")]
        let ci = std::env::var_os("CI").is_some();
        assert!(!ci, "CI must be able to mount a file system: {mounted:?}");
        #[expect(clippy::print_stderr, reason = "nobody may think that this was tested")]
        {
            eprintln!("NOT TESTED: a full disk, since this user cannot mount one: {mounted:?}");
        }
        None
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Writes until nothing fits any more.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for piece in [1 << 20, 4096, 1] {
            while file.write_all(&vec![7; piece]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

/// A place whose `data/NAME` is a small disk. Nothing is kept free, so that writes really fail.
fn on_small_disk(name: &str) -> Option<(Place, SmallDisk)> {
    let world = World::new();
    let disk = SmallDisk::mount(world.path("data").join(name))?;
    world.write("config/server.toml", "[store.retention]\nkeep_free = \"0%\"\n");
    let server = world.server();
    let proxy = Proxy::to(world.address());
    configure(&world, Some(AGENT), &world.agent_key(AGENT), proxy.port);
    let agent = world.start_command(
        "agent",
        world.command(&["agent"]).env("WATCHPOST__SPOOL__KEEP_FREE", "0%"),
    );
    Some((Place::over(agent, server, proxy, world), disk))
}

fn wait_said(log: &Path, any: &[&str]) {
    wait_for("the full disk to be told", || {
        let said = fs::read_to_string(log).unwrap_or_default();
        if any.iter().any(|words| said.contains(words)) {
            Ok(())
        } else {
            Err(said)
        }
    });
}

const NO_SPACE: &str = "No space left on device";

#[test]
fn a_servers_full_disk_makes_agents_wait_and_loses_nothing() {
    let Some((mut place, disk)) = on_small_disk("server") else {
        return;
    };
    place.write(1_000);
    place.arrives();
    disk.fill();
    place.write(20_000);
    wait_said(&place.world.path("data/log/server.log"), &[NO_SPACE]);
    wait_said(&place.world.path("data/log/agent.log"), &["cannot deliver now"]);
    place.server.as_mut().unwrap().assert_running();
    assert!(
        place.world.count(LINES) >= 1_000,
        "what was stored can be searched meanwhile"
    );
    disk.make_room();
    place.arrives();
    place.world.run(&["store", "verify"]).ok();
}

#[test]
fn an_agents_full_disk_makes_files_wait_and_loses_nothing() {
    let Some((mut place, disk)) = on_small_disk("agent") else {
        return;
    };
    place.write(1_000);
    place.arrives();
    disk.fill();
    place.write(20_000);
    wait_said(&place.world.path("data/log/agent.log"), &[NO_SPACE]);
    place.agent.as_mut().unwrap().assert_running();
    disk.make_room();
    place.arrives();
}

/// Killed while the disk is full, and started again before there is room.
#[test]
fn both_start_on_a_full_disk() {
    let Some((mut place, disk)) = on_small_disk("server") else {
        return;
    };
    place.write(1_000);
    place.arrives();
    disk.fill();
    place.write(5_000);
    wait_said(&place.world.path("data/log/server.log"), &[NO_SPACE]);
    place.kill_server();
    let listen = format!("server.listen=[\"http://{}\"]", place.world.address());
    let mut server = place.world.start("server", &["server", "--set", &listen]);
    // It may refuse to start, with the reason; it may not damage anything.
    wait_for("the server to answer or to end", || {
        if server.ended() || place.world.run(&["store", "stats"]).code == Some(0) {
            Ok(())
        } else {
            Err(server.errors())
        }
    });
    if server.ended() {
        assert!(server.errors().contains(NO_SPACE), "{}", server.errors());
    }
    server.kill();
    disk.make_room();
    place.start_server();
    place.arrives();
}
