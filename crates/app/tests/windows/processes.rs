//! Who started what on Windows: from Wine's list of processes to a search, to SQL and to a message.

use std::process::Command;

use serde_json::Value;

use crate::drive::Windows;
use crate::harness::{World, finish, wait_for};
use crate::telegram::Telegram;

fn found(world: &World, query: &str) -> Vec<Value> {
    world.run(&["search", query, "--json"]).json_lines()
}

/// One event, once it is there.
fn one(world: &World, query: &str) -> Value {
    world.wait_count(query, 1);
    found(world, query).remove(0)
}

/// A row of another tool's: `security_events` in the server's SQLite file.
fn rows(world: &World, process: &str) -> Vec<Value> {
    const SCRIPT: &str = "import json, sqlite3, sys\n\
        base = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n\
        rows = base.execute('select username, process_name, agent_id, message from security_events \
        where process_name = ? order by timestamp_ns', (sys.argv[2],))\n\
        print(json.dumps(rows.fetchall()))\n";
    let base = world.path("data/server/catalog.db");
    let asked = finish(Command::new("python3").args(["-c", SCRIPT]).arg(base).arg(process)).ok();
    serde_json::from_str(&asked.stdout).unwrap()
}

/// A server that tells of watched programs.
fn server(world: &World, telegram: &Telegram) -> crate::harness::Running {
    let channel = telegram.channel("template = \"[{{ time }}] User {{ user.name }} started {{ process.title }}\"");
    let path = world.write("config/server.toml", channel);
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world.server()
}

const BROWSER: &str = r"C:\Users\anna\AppData\Local\Google\chrome.exe";
const STARTED: &str = "process.name:chrome.exe event.action:process-started event.kind:event";

#[test]
fn a_browser_is_one_launch_in_search_in_sql_and_in_a_message() {
    let (world, windows, telegram) = (World::new(), Windows::new(), Telegram::start());
    let server = server(&world, &telegram);
    windows.configure(&world, "win-1", "[source.process]\ninterval = \"100ms\"\n");
    let mut agent = windows.agent(&world);
    // Watching has begun when something of this test is told.
    wait_for("the first process", || {
        agent.assert_running();
        windows.run("cmd.exe", &["/c", "ping", "-n", "2", "127.0.0.1"]);
        match world.count("process.name:cmd.exe") {
            0 => Err(agent.errors()),
            _ => Ok(()),
        }
    });
    let explorer = world.start_command("explorer", &mut windows.command("explorer.exe", &[r"C:\"]));
    let notepad = world.start_command("notepad", &mut windows.command("notepad.exe", &[]));
    windows.compile("browser.c", "Users/anna/AppData/Local/Google/chrome.exe");
    assert_eq!(windows.run(BROWSER, &[]).code, Some(7));
    world.wait_count(STARTED, 4);
    world.wait_count("process.name:notepad.exe event.action:process-started", 1);
    let name = assert_one_launch(&world);
    let mut sql = rows(&world, "chrome.exe");
    // The alert is the server's own.
    sql.retain(|row| row[2] != "@server");
    assert!(sql.len() >= 4, "{sql:?}");
    assert!(
        sql.iter()
            .all(|row| row[0] == name && row[1] == "chrome.exe" && row[2] == "win-1"),
        "{sql:?}"
    );
    assert_told_once(&telegram, &name);
    drop((explorer, notepad));
    agent.kill();
    server.stop();
}

/// The launch with everything there is to know of it, its children, and its end; the user's name.
fn assert_one_launch(world: &World) -> String {
    let launched = one(world, &format!("{STARTED} watchpost.launch:true"));
    let process = &launched["process"];
    assert_eq!(
        (&process["title"], &process["executable"]),
        (&"Chrome".into(), &BROWSER.into()),
        "{launched}"
    );
    assert!(
        process["command_line"].as_str().unwrap().contains("chrome.exe"),
        "{launched}"
    );
    assert_eq!(process["hash"]["sha256"].as_str().map(str::len), Some(64), "{launched}");
    assert!(
        launched["user"]["id"].as_str().unwrap().starts_with("S-1-5-21-"),
        "{launched}"
    );
    assert_eq!(launched["watchpost"]["logsource"]["product"], "windows", "{launched}");
    let child = found(world, &format!("{STARTED} watchpost.launch:false")).remove(0);
    assert_eq!(child["process"]["parent"]["name"], "chrome.exe", "{child}");
    assert_eq!(child["process"]["parent"]["pid"], process["pid"], "{child}");
    let line = child["process"]["command_line"].as_str().unwrap();
    assert!(line.ends_with("\" --type=renderer"), "{child}");
    let ended = one(world, "process.exit_code:7 event.action:process-stopped");
    assert_eq!(ended["process"]["pid"], process["pid"], "{ended}");
    let lived = ended["event"]["duration"].as_u64().unwrap();
    assert!((5_900_000_000..30_000_000_000).contains(&lived), "{ended}");
    launched["user"]["name"].as_str().unwrap().to_owned()
}

fn assert_told_once(telegram: &Telegram, name: &str) {
    let told = wait_for("the messages", || {
        let texts = telegram.texts();
        let of = |title: &str| texts.iter().any(|text| text.ends_with(title));
        if of("started Chrome") && of("started Проводник") {
            Ok(texts)
        } else {
            Err(format!("{texts:?}"))
        }
    });
    let chrome: Vec<&String> = told.iter().filter(|text| text.contains("Chrome")).collect();
    assert_eq!(chrome.len(), 1, "{told:?}");
    let (time, rest) = chrome[0].split_once("] ").unwrap();
    assert_eq!(rest, format!("User {name} started Chrome"));
    assert_eq!(time.len(), "[2026-11-20 22:41:07".len(), "{told:?}");
}

#[test]
fn the_agent_says_how_it_is_through_its_pipe_and_has_its_data_alone() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    windows.configure(&world, "win-2", "[source.system]\n");
    let mut agent = windows.agent(&world);
    let status = wait_for("the agent's answer", || {
        agent.assert_running();
        let asked = windows.finish(&mut windows.agent_command(&["agent", "status", "--json"]));
        let status: Value = serde_json::from_str(&asked.stdout).map_err(|_| asked.stderr.clone())?;
        if status["uplink"]["state"] == "delivering" {
            Ok(status)
        } else {
            Err(status.to_string())
        }
    });
    assert_eq!(status["agent"], "win-2", "{status}");
    let told = one(&world, "event.action:system-information");
    let os = told["host"]["os"]["full"].as_str().unwrap();
    assert!(os.contains("Windows"), "{told}");
    windows
        .finish(&mut windows.agent_command(&["agent"]))
        .fails_with(1, &["another watchpost", "Watchpost"]);
    windows
        .finish(&mut windows.agent_command(&["search", "error"]))
        .fails_with(2, &["WATCHPOST_URL"]);
    windows.finish(&mut windows.agent_command(&["config", "check"])).ok();
    agent.kill();
    windows
        .finish(&mut windows.agent_command(&["agent", "status"]))
        .fails_with(1, &["no agent runs"]);
    server.stop();
}
