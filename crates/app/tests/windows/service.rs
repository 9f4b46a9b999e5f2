//! The agent as a service of Wine's service manager.

use std::fs;
use std::time::{Duration, Instant};

use crate::drive::Windows;
use crate::harness::World;
use crate::numbered::{append, assert_exactly, assert_no_gap};

const FILES: &str = r"[[source.file]]
name = 'app'
include = ['C:\Logs\App\*.log']
start = 'beginning'
poll = '100ms'
";
const HALF: u64 = 20_000;
const KEY: &str = r"HKLM\System\CurrentControlSet\Services\Watchpost";

#[test]
fn a_service_is_installed_starts_delivers_stops_in_order_and_is_removed() {
    let (world, windows) = (World::new(), Windows::new());
    let server = world.server();
    windows.configure(&world, "win-1", FILES);
    let _somebody = windows.somebody(&world);
    assert_eq!(windows.service("status").code, Some(3));
    windows.service("install").ok();
    let registered = windows.registry(KEY).unwrap();
    assert!(
        registered.contains(r#"watchpost-agent.exe" service run"#),
        "{registered}"
    );
    assert!(registered.contains("LocalSystem"), "{registered}");
    assert_eq!(windows.service("status").code, Some(1));

    let log = windows.path("Logs/App/app.log");
    append(&log, 0..HALF);
    windows.service("start").ok();
    assert!(windows.service("status").ok().stdout.contains("running"));
    world.wait_count("numbered", HALF);
    append(&log, HALF..2 * HALF);
    #[expect(clippy::disallowed_methods, reason = "how long the service takes")]
    let began = Instant::now();
    windows.service("stop").ok();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(windows.service("status").stdout.contains("stopped"));

    // What was under way when it stopped is neither lost nor twice.
    windows.service("start").ok();
    world.wait_count("numbered", 2 * HALF);
    assert_exactly(&world, 0..2 * HALF);
    assert_no_gap(&world);
    windows.service("purge").fails_with(1, &["runs"]);
    windows.service("uninstall").ok();
    assert_eq!(windows.service("status").code, Some(3));
    assert_eq!(windows.registry(KEY), None);
    let folder = windows.path("ProgramData/Watchpost");
    assert!(folder.join("agent.toml").exists());
    windows.service("purge").ok();
    assert!(!folder.exists());
    server.stop();
}

#[test]
fn a_service_that_cannot_start_says_why_in_its_log() {
    let (world, windows) = (World::new(), Windows::new());
    let _somebody = windows.somebody(&world);
    let folder = windows.path("ProgramData/Watchpost");
    fs::create_dir_all(&folder).unwrap();
    let configure = |text: &str| fs::write(folder.join("agent.toml"), text).unwrap();
    let log = || fs::read_to_string(folder.join("log/agent.log")).unwrap_or_default();

    configure("[agent]\nid = \"win-1\"\n");
    windows.service("install").ok();
    windows.service("start").fails_with(1, &["Stopped", "agent.log"]);
    assert!(
        log().contains("the service failed") && log().contains("uplink.url"),
        "{}",
        log()
    );

    // Not even the place of the log is known then.
    configure("[agnt]\nid = \"win-1\"\n");
    windows.service("start").fails_with(1, &["Stopped"]);
    assert!(log().contains("agnt"), "{}", log());
    windows.service("uninstall").ok();
}
