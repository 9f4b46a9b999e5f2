//! What is on a Windows, and what changes there: from Wine's registry and its table of ports to a search.

use serde_json::Value;

use crate::drive::Windows;
use crate::harness::World;

const UNINSTALL: &str = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall";
const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";

/// One event, once it is there.
fn one(world: &World, query: &str) -> Value {
    world.wait_count(query, 1);
    world.run(&["search", query, "--json"]).json_lines().remove(0)
}

fn set(windows: &Windows, key: &str, name: &str, value: &str) {
    let added = windows.run("reg.exe", &["add", key, "/v", name, "/d", value, "/f"]);
    assert_eq!(added.code, Some(0), "{added:?}");
}

fn unset(windows: &Windows, arguments: &[&str]) {
    let mut all = vec!["delete"];
    all.extend_from_slice(arguments);
    all.push("/f");
    assert_eq!(windows.run("reg.exe", &all).code, Some(0));
}

#[test]
fn programs_autoruns_and_ports_are_told_once_and_when_they_change() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    let zip = format!(r"{UNINSTALL}\7-Zip");
    set(&windows, &zip, "DisplayName", "7-Zip");
    set(&windows, &zip, "DisplayVersion", "22.01");
    windows.configure(&world, "win-inventory", "[source.inventory]\ninterval = \"1s\"\n");
    let mut agent = windows.agent(&world);
    let first = one(&world, "event.action:snapshot package.name:7-Zip");
    assert_eq!(first["watchpost"]["inventory"]["kind"], "program", "{first}");
    assert_eq!(first["package"]["version"], "22.01", "{first}");

    set(&windows, &zip, "DisplayVersion", "23.01");
    let changed = one(&world, "event.action:package-changed");
    assert_eq!(
        changed["watchpost"]["inventory"]["previous"]["package"]["version"], "22.01",
        "{changed}"
    );
    unset(&windows, &[&zip]);
    one(&world, "event.action:package-removed package.name:7-Zip");

    set(&windows, RUN, "Updater", r"C:\Users\anna\updater.exe --quiet");
    let autorun = one(&world, "watchpost.inventory.kind:autorun event.action:added");
    assert_eq!(
        autorun["process"]["command_line"], r"C:\Users\anna\updater.exe --quiet",
        "{autorun}"
    );
    assert_eq!(autorun["registry"]["value"], "Updater", "{autorun}");
    assert!(
        autorun["user"]["id"].as_str().unwrap().starts_with("S-1-5-21-"),
        "{autorun}"
    );

    // A restart tells nothing again.
    agent.assert_running();
    agent.kill();
    unset(&windows, &[RUN, "/v", "Updater"]);
    let agent = windows.agent(&world);
    one(&world, "watchpost.inventory.kind:autorun event.action:removed");
    a_port(&world, &windows);
    one(&world, "event.action:snapshot package.name:7-Zip");
    one(&world, "watchpost.inventory.kind:autorun event.action:added");
    drop(agent);
    server.stop();
}

fn a_port(world: &World, windows: &Windows) {
    // One that is free: nobody else is given it while this one is held and closed at once.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    windows.compile("listener.c", "Users/anna/listener.exe");
    let listener = world.start_command(
        "listener",
        &mut windows.command(r"C:\Users\anna\listener.exe", &[&port.to_string()]),
    );
    // Wine does not know at once whose a port is.
    let of_ours = format!("server.port:{port} process.name:listener.exe");
    let opened = one(world, &format!("event.action:port-opened {of_ours}"));
    assert_eq!(opened["server"]["ip"], "127.0.0.1", "{opened}");
    listener.kill();
    one(world, &format!("event.action:port-closed {of_ours}"));
}
