//! Files that are watched on a Windows: what happens to them is told once, and heard of.

use std::fs;

use serde_json::Value;

use crate::drive::Windows;
use crate::harness::World;

/// One event, once it is there.
fn one(world: &World, query: &str) -> Value {
    world.wait_count(query, 1);
    world.run(&["search", query, "--json"]).json_lines().remove(0)
}

#[test]
fn changes_of_files_are_told_once() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    let folder = windows.path("Watched");
    fs::create_dir_all(folder.join("deep")).unwrap();
    for name in ["hosts", "old.txt", "gone.txt", "deep/program.exe"] {
        fs::write(folder.join(name), name).unwrap();
    }
    // In another case than it is in, and with other separators. What is not heard of is found within a second.
    let section = "[source.integrity]\npaths = ['c:/watched']\nexclude = ['*.TMP']\ninterval = \"1s\"\n";
    windows.configure(&world, "win-integrity", section);
    let mut agent = windows.agent(&world);
    let begun = one(&world, "event.action:integrity-baseline");
    assert_eq!(begun["watchpost"]["integrity"]["files"], 4, "{begun}");

    // At once, so that nobody sees it half written.
    let put = |name: &str, content: &str| {
        fs::write(folder.join("passing.tmp"), content).unwrap();
        fs::rename(folder.join("passing.tmp"), folder.join(name)).unwrap();
    };
    put("hosts", "127.0.0.1 bank.example");
    let modified = one(&world, "event.action:file-modified file.name:hosts");
    assert_eq!(modified["file"]["previous"]["size"], 5, "{modified}");
    assert_eq!(modified["watchpost"]["logsource"]["product"], "windows", "{modified}");
    assert_eq!(
        modified["file"]["hash"]["sha256"].as_str().unwrap().len(),
        64,
        "{modified}"
    );
    let locked = windows.run("attrib.exe", &["+r", r"C:\Watched\deep\program.exe"]);
    assert_eq!(locked.code, Some(0), "{locked:?}");
    let locked = one(&world, "event.action:file-attributes-modified");
    assert_eq!(locked["file"]["attributes"][0], "readonly", "{locked}");
    put("deep/new.txt", "x");
    one(&world, "event.action:file-created file.name:new.txt");

    // While the agent is down.
    agent.assert_running();
    agent.kill();
    fs::rename(folder.join("old.txt"), folder.join("deep/young.txt")).unwrap();
    fs::remove_file(folder.join("gone.txt")).unwrap();
    let agent = windows.agent(&world);
    let renamed = one(&world, "event.action:file-renamed");
    assert!(
        renamed["file"]["previous"]["path"]
            .as_str()
            .unwrap()
            .ends_with(r"\old.txt"),
        "{renamed}"
    );
    one(&world, "event.action:file-deleted file.name:gone.txt");
    // A restart tells nothing again, and what is left out is not told at all.
    world.wait_count("watchpost.stream:integrity", 6);
    drop(agent);
    server.stop();
}
