//! Files that an agent gives to a service when it is asked to: only where both sides allow it, once for each command, and
//! every time with a word about it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::harness::{Running, World, wait_for};
use crate::virustotal::VirusTotal;

/// SHA-256 of `abc` (FIPS 180-2, appendix B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Scene {
    world: World,
    virustotal: VirusTotal,
    _server: Running,
}

impl Scene {
    /// A server and the configuration of an agent that may give files away from the folder `outbox`.
    fn new() -> Self {
        let (world, virustotal) = (World::new(), VirusTotal::start());
        // Server and agent read the same folder here.
        let config = world.write("config/server.toml", virustotal.section("upload = true"));
        fs::set_permissions(config, fs::Permissions::from_mode(0o600)).unwrap();
        let server = world.server();
        let key = world.agent_key("web-1");
        let log = world.write("logs/app.log", "begun\n");
        world.configure_agent("web-1", &key, log.to_str().unwrap());
        world.write("outbox/abc", "abc");
        let outbox = world.path("outbox").canonicalize().unwrap();
        world.collect_more(&format!(
            "[commands]\nallow = [\"hash\", \"lookup_upload\"]\n[lookup]\nupload_paths = [\"{}/**\"]\nupload_max = \"1kB\"\n",
            outbox.display()
        ));
        Self {
            world,
            virustotal,
            _server: server,
        }
    }

    fn agent(&self) -> Running {
        let agent = self.world.start("agent", &["agent"]);
        self.world.wait_count("log.file.path:*", 1);
        agent
    }

    /// Asks for an upload of what lies there; a query that finds what is said of it.
    fn ask(&self, path: &str) -> String {
        let path = self.world.path("").canonicalize().unwrap().join(path);
        let asked = self
            .world
            .run(&["agents", "upload", "web-1", path.to_str().unwrap()])
            .ok();
        asked.stdout.split('\'').nth(1).unwrap().to_owned()
    }

    fn one(&self, query: &str) -> Value {
        wait_for(query, || {
            let found = self.world.run(&["search", query, "--json"]);
            let mut lines = found.json_lines();
            match lines.len() {
                1 => Ok(lines.remove(0)),
                _ => Err(format!("{lines:#?} {}", found.stderr)),
            }
        })
    }
}

#[test]
fn a_file_is_given_away_once_and_everything_about_it_is_told() {
    let scene = Scene::new();
    let agent = scene.agent();
    let query = scene.ask("outbox/abc");
    let requested = scene.one(&format!("{query} event.action:upload-requested"));
    assert_eq!(requested["watchpost"]["command"]["by"], "local");
    let done = scene.one(&format!("{query} event.action:upload-done"));
    assert_eq!(done["file"]["hash"]["sha256"], ABC);
    assert_eq!(
        (&done["file"]["size"], &done["event"]["outcome"]),
        (&3.into(), &"success".into())
    );
    assert_eq!(done["watchpost"]["upload"]["service"], "virustotal");
    let link = done["watchpost"]["upload"]["link"].as_str().unwrap();
    assert!(link.ends_with(ABC), "{link}");
    let uploads = scene.virustotal.uploads();
    assert_eq!(uploads.len(), 1);
    let body = String::from_utf8_lossy(&uploads[0]);
    assert!(
        body.contains("filename=\"abc\"") && body.contains("\r\n\r\nabc\r\n"),
        "{body}"
    );
    // Nothing of the key is in what is told, or in the log.
    let everything = scene
        .world
        .run(&["search", "", "--json", "--limit", "1000"])
        .ok()
        .stdout;
    assert!(!everything.contains(crate::virustotal::KEY) && !agent.errors().contains(crate::virustotal::KEY));
    agent.kill();
    let _agent = scene.agent();
    scene.ask("outbox/absent");
    scene.one("event.action:upload-refused");
    assert_eq!(scene.virustotal.uploads().len(), 1, "not again after a kill");
}

#[test]
fn what_may_not_leave_stays_and_is_refused_with_a_reason() {
    let scene = Scene::new();
    let world = &scene.world;
    world.write("elsewhere/abc", "abc");
    world.write("outbox/large", vec![7; 1001]);
    symlink(world.path("elsewhere/abc"), world.path("outbox/link")).unwrap();
    symlink(world.path("elsewhere"), world.path("outbox/folder")).unwrap();
    let _agent = scene.agent();
    for (path, reason) in [
        ("elsewhere/abc", "lookup.upload_paths"),
        ("outbox/large", "at most 1000"),
        ("outbox/link", "cannot be opened"),
        ("outbox/folder/abc", "lookup.upload_paths"),
        ("outbox", "no regular file"),
        ("/proc/self/environ", "/proc"),
        ("/dev/null", "no regular file"),
        ("config/agent.toml", "watchpost itself"),
    ] {
        let query = scene.ask(path);
        let refused = scene.one(&format!("{query} event.action:upload-refused"));
        let said = refused["error"]["message"].as_str().unwrap();
        assert!(said.contains(reason), "{path}: {said}");
        assert_eq!(refused["event"]["outcome"], "failure");
    }
    world
        .run(&[
            "agents",
            "upload",
            "web-1",
            "/etc/hostname",
            "--service",
            "metadefender",
        ])
        .fails_with(1, &["metadefender", "upload = true"]);
    assert!(scene.virustotal.uploads().is_empty());
}

#[test]
fn a_service_that_fails_is_told_and_a_kill_in_between_does_not_send_twice() {
    let scene = Scene::new();
    let agent = scene.agent();
    scene.virustotal.set_down(true);
    let query = scene.ask("outbox/abc");
    let failed = scene.one(&format!("{query} event.action:upload-failed"));
    assert_eq!(failed["event"]["outcome"], "failure");
    scene.virustotal.set_down(false);

    scene.virustotal.set_silent(true);
    let query = scene.ask("outbox/abc");
    wait_for("the file to be on its way", || match scene.virustotal.uploads().len() {
        1 => Ok(()),
        count => Err(count.to_string()),
    });
    agent.kill();
    scene.virustotal.set_silent(false);
    let _agent = scene.agent();
    let refused = scene.one(&format!("{query} event.action:upload-refused"));
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("only the service knows"),
        "{refused}"
    );
    assert_eq!(scene.virustotal.uploads().len(), 1);
}
