//! Files on Windows: read while others write, rename and remove them, and exactly once over kills.

use std::fs;

use crate::drive::Windows;
use crate::harness::{World, wait_for};
use crate::numbered::{append, assert_exactly, assert_no_gap};

const FILES: &str = r"[[source.file]]
name = 'app'
include = ['C:\Logs\App\*.log']
start = 'beginning'
poll = '100ms'
";
const LINES: u64 = 50_000;
const KILLS: u64 = 10;

#[test]
fn fifty_thousand_lines_arrive_once_each_over_ten_kills_and_rotations() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    windows.configure(&world, "win-1", FILES);
    let log = windows.path("Logs/App/app.log");
    let part = LINES / KILLS;
    for round in 0..KILLS {
        let mut agent = windows.agent(&world);
        let from = round * part;
        append(&log, from..from + part / 2);
        // In the middle of it, wherever that is: at least something new was read.
        wait_for("lines of this round", || {
            agent.assert_running();
            let count = world.count("numbered");
            if count > from { Ok(()) } else { Err(count.to_string()) }
        });
        append(&log, from + part / 2..from + part);
        if round % 3 == 2 {
            // By Windows' own rules: what the agent has open can be renamed.
            let older = format!(r"C:\Logs\App\app.{round}.old");
            windows
                .run("cmd.exe", &["/c", "move", r"C:\Logs\App\app.log", &older])
                .ok();
        }
        agent.kill();
    }
    let mut agent = windows.agent(&world);
    world.wait_count("numbered", LINES);
    assert_exactly(&world, 0..LINES);
    assert_no_gap(&world);
    // A file in use can be removed, too: it is gone when nobody has it open any more.
    windows.run("cmd.exe", &["/c", "del", r"C:\Logs\App\app.log"]).ok();
    agent.assert_running();
    agent.kill();
    wait_for("the file to be gone", || {
        let there = fs::exists(&log).unwrap();
        if there { Err("it is there".to_owned()) } else { Ok(()) }
    });
    server.stop();
}

#[test]
fn what_happens_in_a_folder_is_heard_of_long_before_the_next_look() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    let seldom = r"[[source.file]]
name = 'app'
include = ['C:\Logs\App\*.log']
start = 'beginning'
poll = '10m'
";
    windows.configure(&world, "win-1", seldom);
    let file = |name: &str| windows.path(&format!("Logs/App/{name}"));
    append(&file("first.log"), 0..10);
    let agent = windows.agent(&world);
    world.wait_count("numbered", 10);
    append(&file("first.log"), 10..20);
    world.wait_count("numbered", 20);
    append(&file("second.log"), 20..30);
    world.wait_count("numbered", 30);
    // What takes a name that is followed.
    append(&file("third.part"), 30..40);
    windows
        .run(
            "cmd.exe",
            &["/c", "move", r"C:\Logs\App\third.part", r"C:\Logs\App\third.log"],
        )
        .ok();
    world.wait_count("numbered", 40);
    assert_exactly(&world, 0..40);
    agent.kill();
    server.stop();
}

#[test]
fn a_log_in_utf_16_is_read_and_paths_are_the_same_in_any_case() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    let sources =
        "[[source.file]]\ninclude = ['c:/LOGS/**/*.TXT']\nexclude = ['c:\\logs\\secret\\**']\nstart = \"beginning\"\n";
    windows.configure(&world, "win-1", sources);
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    for (name, text) in [
        ("Logs/Deep/setup.txt", "Установка готова\r\n"),
        ("Logs/Secret/key.txt", "not for you\r\n"),
    ] {
        let path = windows.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, utf16(text)).unwrap();
    }
    let agent = windows.agent(&world);
    world.wait_count("\"Установка готова\"", 1);
    assert_eq!(world.count("\"not for you\""), 0);
    agent.kill();
    server.stop();
}
