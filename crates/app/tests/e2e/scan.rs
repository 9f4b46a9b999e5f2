//! `watchpost scan files`, over real files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::harness::World;
use crate::virustotal::{KEY, VirusTotal};

/// SHA-256 of nothing, and of `abc` (FIPS 180-2, appendix B.1).
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn files_are_hashed_and_named_by_what_they_are() {
    let world = World::new();
    for (name, content) in [
        ("tree/abc", b"abc".as_slice()),
        ("tree/below/empty", b""),
        ("tree/below/script", b"#!/usr/bin/env python3\nprint()\n"),
        ("tree/program", b"\x7fELF\x02\x01\x01\0"),
        ("tree/large", &[0; 5000]),
    ] {
        let path = world.write(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    symlink("/etc/passwd", world.path("tree/link")).unwrap();
    let scanned = world
        .run(&["scan", "files", "tree", "--json", "--max-size", "1kB"])
        .ok();
    let lines = scanned.json_lines();
    let kinds: Vec<_> = lines.iter().map(|line| (&line["path"], &line["type"])).collect();
    assert_eq!(
        kinds,
        [
            (&json!("tree/abc"), &json!("text")),
            (&json!("tree/below/empty"), &json!("empty")),
            (&json!("tree/below/script"), &json!("script")),
            (&json!("tree/large"), &json!(null)),
            (&json!("tree/program"), &json!("elf")),
        ]
    );
    assert_eq!(
        lines[0],
        json!({"path": "tree/abc", "size": 3, "mode": "0640", "type": "text", "sha256": ABC})
    );
    assert_eq!(lines[1]["sha256"], NOTHING);
    assert_eq!(lines[2]["interpreter"], "/usr/bin/env python3");
    assert_eq!(
        lines[3],
        json!({"path": "tree/large", "size": 5000, "error": "it has more than 1000 bytes"})
    );
    assert!(
        scanned.stderr.contains("4 files") && scanned.stderr.contains("1 could not be looked at"),
        "{scanned:?}"
    );
    assert!(scanned.stderr.contains("1 links"), "{scanned:?}");

    let table = world.run(&["scan", "files", "tree"]).ok().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 6, "{table}");
    assert!(lines[0].contains("sha256") && lines[1].ends_with("tree/abc"), "{table}");
    assert!(lines[3].contains("script python3"), "{table}");
}

#[test]
fn what_cannot_be_looked_at_is_said_and_the_exit_code_tells() {
    let world = World::new();
    world.write("one", "abc");
    fs::create_dir(world.path("nothing")).unwrap();
    let some = world.run(&["scan", "files", "absent", "one", "--json"]).ok();
    let lines = some.json_lines();
    assert_eq!(
        (&lines[0]["path"], &lines[1]["sha256"]),
        (&json!("absent"), &json!(ABC))
    );
    assert!(
        lines[0]["error"].as_str().unwrap().contains("No such file"),
        "{lines:?}"
    );
    assert_eq!(world.run(&["scan", "files", "absent"]).code, Some(1));
    assert_eq!(world.run(&["scan", "files", "nothing"]).code, Some(3));
    assert_eq!(world.run(&["scan", "files"]).code, Some(2));
    assert_eq!(world.run(&["scan", "files", "one", "--max-size", "much"]).code, Some(2));
    let cut = world.run(&["scan", "files", "one", "one", "--max-files", "1"]).ok();
    assert!(cut.stderr.contains("--max-files"), "{cut:?}");
}

#[test]
fn lists_and_services_are_asked_and_the_worst_comes_first() {
    let world = World::new();
    let virustotal = VirusTotal::start();
    world.write("tree/a", "abc");
    world.write("tree/b", "");
    world.write("tree/c", "something else");
    world.write("tree/again", "abc");
    let list = world.write("bad.txt", format!("# ours\n{NOTHING} nothing at all\n"));
    let section = virustotal.section("per_minute = 1");
    let list = format!(
        "[[lookup.list]]\nname = \"ours\"\nkind = \"hash\"\npath = \"{}\"\n",
        list.display()
    );
    let config = world.write("config/agent.toml", section + &list);
    fs::set_permissions(config, fs::Permissions::from_mode(0o600)).unwrap();
    virustotal.learn(ABC, 45);
    let scanned = world.run(&["scan", "files", "tree", "--lookup"]).ok();
    let lines: Vec<&str> = scanned.stdout.lines().collect();
    assert!(lines[0].starts_with("verdict"), "{scanned:?}");
    assert!(
        lines[1].starts_with("malicious (virustotal 45/70)") && lines[1].ends_with("tree/a"),
        "{scanned:?}"
    );
    assert!(
        lines[2].starts_with("malicious (virustotal 45/70)") && lines[2].ends_with("tree/again"),
        "{scanned:?}"
    );
    assert!(
        lines[3].starts_with("malicious (ours)") && lines[3].ends_with("tree/b"),
        "{scanned:?}"
    );
    // The one request a minute is used up: the next file is not called harmless for that.
    assert!(
        lines[4].starts_with("waiting ") && lines[4].ends_with("tree/c"),
        "{scanned:?}"
    );
    assert_eq!(virustotal.asked().len(), 1, "no more than may be asked");
    assert!(
        scanned.stderr.contains("note: VirusTotal was not asked about 1 files"),
        "{scanned:?}"
    );
    assert!(!scanned.stderr.contains(KEY) && !scanned.stdout.contains(KEY));

    let lines = world
        .run(&["scan", "files", "tree/b", "--lookup", "--json"])
        .ok()
        .json_lines();
    assert_eq!(lines[0]["lookup"]["verdict"], "malicious");
    assert_eq!(lines[0]["lookup"]["service"], "ours");

    // With a server here, it is asked instead: the quota is its own.
    let _server = world.server();
    let lines = world
        .run(&["scan", "files", "tree/a", "--lookup", "--json"])
        .ok()
        .json_lines();
    assert_eq!(lines[0]["lookup"]["verdict"], "malicious", "{lines:?}");
    assert_eq!(virustotal.asked(), [ABC, ABC]);

    let bare = World::new();
    bare.write("one", "abc");
    bare.run(&["scan", "files", "one", "--lookup"])
        .fails_with(2, &["nobody is configured", "hint:"]);
}
