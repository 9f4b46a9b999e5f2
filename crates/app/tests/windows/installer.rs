//! The installer: its tables by another tool's eyes, and what Wine makes of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::drive::{Windows, built};
use crate::harness::{Finished, World, finish, wait_for};

const SERVICE: &str = r"HKLM\System\CurrentControlSet\Services\Watchpost";
const EVENTS: &str = r"HKLM\System\CurrentControlSet\Services\EventLog\Application\Watchpost";
const PATHS: &str = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment";
const PROGRAM: &str = "Program Files/Watchpost/watchpost-agent.exe";
const CONFIGURATION: &str = "ProgramData/Watchpost/agent.toml";

/// Rows of one of the package's tables, without the three that describe it.
fn table(name: &str) -> Vec<Vec<String>> {
    let asked = finish(Command::new("msiinfo").arg("export").arg(built("-x64.msi")).arg(name)).ok();
    let rows = asked.stdout.lines().skip(3);
    rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

/// The rest of the row that begins so.
fn row(name: &str, first: &str) -> Vec<String> {
    let rows = table(name);
    let found = rows.iter().find(|row| row[0] == first);
    found.unwrap_or_else(|| panic!("{name} has no {first}: {rows:?}"))[1..].to_vec()
}

fn number(name: &str, first: &str, column: usize) -> u32 {
    row(name, first)[column].parse().unwrap()
}

#[test]
fn the_package_says_what_it_installs_and_hides_the_key() {
    let about = finish(Command::new("msiinfo").arg("suminfo").arg(built("-x64.msi"))).ok();
    assert!(about.stdout.contains("x64;1033"), "{about:?}");
    assert_eq!(row("Property", "ProductVersion"), [env!("CARGO_PKG_VERSION")]);
    assert_eq!(row("Property", "ALLUSERS"), ["1"]);
    let service = row("ServiceInstall", "Service").join(" ");
    assert!(service.starts_with("Watchpost Watchpost agent 16 2 1 "), "{service}");
    assert!(service.contains(" service run Agent "), "{service}");
    // Stopped before files change and before it is removed (0x02, 0x20), removed (0x80), and not started (0x01).
    assert_eq!(row("ServiceControl", "ServiceEnds")[..2], ["Watchpost", "162"]);
    assert_eq!(
        row("Environment", "Path"),
        ["=-*PATH", "[~];[INSTALLDIR]", "CommandLine"]
    );

    let registered = table("Registry");
    let texts = registered.iter().find(|row| row[3] == "EventMessageFile").unwrap();
    assert_eq!(texts[4], r"#%%SystemRoot%\System32\EventCreate.exe", "expandable");

    let hidden = row("Property", "MsiHiddenProperties").remove(0);
    assert_eq!(hidden, "KEY;WatchpostSetup;CustomActionData");
    // Later, as the system, and with its data not logged (0x400, 0x800, 0x2000).
    for (action, kind) in [
        ("WatchpostSetup", 1 | 0x400 | 0x800 | 0x2000),
        ("WatchpostAnswers", 0x33 | 0x2000),
    ] {
        assert_eq!(number("CustomAction", action, 0), kind, "{action}");
    }
    for other in table("CustomAction") {
        let tells = other[3].contains("[KEY]");
        assert_eq!(tells, other[0] == "WatchpostAnswers", "{other:?}");
    }
}

#[test]
fn the_package_does_things_in_an_order_that_works() {
    let at = |action: &str| number("InstallExecuteSequence", action, 1);
    for (first, then) in [
        // The account is read before the version that is there goes.
        ("AppSearch", "RemoveExistingProducts"),
        ("RemoveExistingProducts", "InstallInitialize"),
        ("CostFinalize", "WatchpostAnswers"),
        ("InstallServices", "WatchpostSetup"),
        ("WriteRegistryValues", "WatchpostSetup"),
        ("WatchpostSetup", "InstallFinalize"),
        ("DeleteServices", "WatchpostPurge"),
        ("WatchpostPurge", "RemoveFiles"),
    ] {
        assert!(at(first) < at(then), "{first} comes after {then}");
    }
    let upgrades = table("Upgrade");
    let older = upgrades.iter().find(|row| row[6] == "OLDER").unwrap();
    // Both ends count (0x100, 0x200): a build of the same version takes the place of the other, too.
    assert_eq!(older[4], (1 | 0x100 | 0x200).to_string());
    assert_eq!(older[0], row("Property", "UpgradeCode")[0]);
}

#[test]
fn the_package_holds_the_program_that_was_built() {
    let folder = tempfile::tempdir().unwrap();
    finish(
        Command::new("msiextract")
            .arg("-C")
            .arg(folder.path())
            .arg(built("-x64.msi")),
    )
    .ok();
    let packed = fs::read(folder.path().join("Watchpost/watchpost-agent.exe")).unwrap();
    assert!(packed == fs::read(built("watchpost-agent.exe")).unwrap());
}

impl Windows {
    /// msiexec, without a window and with a log of everything at `C:\msi.log`.
    fn msiexec(&self, what: &str, properties: &[&str]) -> Finished {
        let package = self.path("watchpost.msi");
        if !package.exists() {
            fs::copy(built("-x64.msi"), package).unwrap();
        }
        let arguments = [what, r"C:\watchpost.msi", "/qn", "/l*v", r"C:\msi.log"];
        self.run("msiexec.exe", &[&arguments, properties].concat())
    }

    fn install(&self, properties: &[&str]) {
        let done = self.msiexec("/i", properties);
        assert_eq!(done.code, Some(0), "{done:?} {}", text(&self.path("msi.log")));
    }

    /// Windows' installer waits until the service has stopped. Wine's does not, and could not remove its program then.
    fn remove(&self, properties: &[&str]) {
        self.service("stop").ok();
        self.msiexec("/x", properties).ok();
    }

    fn has_program(&self) -> bool {
        self.path(PROGRAM).exists()
    }
}

/// UTF-8 or UTF-16.
fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', "")
}

#[test]
fn a_silent_installation_collects_and_what_is_removed_is_gone() {
    let (world, windows) = (World::new(), Windows::bare());
    let server = world.server();
    let _somebody = windows.somebody(&world);
    let (key, url) = (world.agent_key("win-7"), format!("http://{}", world.address()));
    let (key_given, server_given) = (format!("KEY={key}"), format!("SERVER={url}"));
    windows.install(&[&server_given, &key_given, "ID=win-7"]);
    assert!(windows.has_program());
    let expected = format!("[agent]\nid = \"win-7\"\n[uplink]\nurl = \"{url}\"\nkey = \"{key}\"\n");
    assert_eq!(text(&windows.path(CONFIGURATION)), expected);
    let service = windows.registry(SERVICE).unwrap();
    assert!(service.contains(r#"watchpost-agent.exe" service run"#), "{service}");
    assert!(windows.registry(EVENTS).unwrap().contains("EventCreate.exe"));
    assert!(windows.registry(PATHS).unwrap().contains(r"C:\Program Files\Watchpost"));
    assert_not_told(&key, &text(&windows.path("msi.log")));
    assert!(windows.service("status").ok().stdout.contains("running"));
    wait_for("the first event", || match world.count("agent.id:win-7") {
        0 => Err(text(&windows.path("ProgramData/Watchpost/log/agent.log"))),
        _ => Ok(()),
    });

    windows.remove(&[]);
    assert_removed(&windows);
    assert_eq!(text(&windows.path(CONFIGURATION)), expected);

    // What is configured stays, whatever a later installation is given.
    windows.install(&["SERVER=http://127.0.0.1:9", "KEY=wp_other", "ID=win-8"]);
    assert_eq!(text(&windows.path(CONFIGURATION)), expected);
    windows.remove(&["PURGE=1"]);
    assert_removed(&windows);
    assert!(!windows.path("ProgramData/Watchpost").exists());
    server.stop();
}

/// Wine, other than Windows, lists hidden properties too, at the end of its log. Nothing else tells the secret there.
fn assert_not_told(secret: &str, log: &str) {
    let hidden = row("Property", "MsiHiddenProperties").remove(0);
    let mut told = 0;
    for line in log.lines().filter(|line| line.contains(secret)) {
        let name = line
            .strip_prefix("Property(S): ")
            .and_then(|rest| rest.split(' ').next());
        let is_hidden = name.is_some_and(|name| hidden.split(';').any(|hidden| hidden == name));
        assert!(is_hidden, "{line}");
        told += 1;
    }
    assert!(
        told > 0,
        "Wine hides them now: nothing of the secret may be there any more"
    );
}

fn assert_removed(windows: &Windows) {
    assert!(!windows.has_program());
    assert!(!windows.path("Program Files/Watchpost").exists());
    assert_eq!(windows.registry(SERVICE), None);
    assert_eq!(windows.registry(EVENTS), None);
    assert!(!windows.registry(PATHS).unwrap().contains("Watchpost"));
}

#[test]
fn without_a_server_nothing_is_started_and_without_sense_nothing_is_installed() {
    let (world, windows) = (World::new(), Windows::bare());
    let _somebody = windows.somebody(&world);
    let refused = windows.msiexec("/i", &["SERVER=https://127.0.0.1:9", "KEY=wp_x", "CA=sha256:short"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(!windows.path(CONFIGURATION).exists());
    windows.install(&[]);
    assert!(windows.has_program());
    assert!(!windows.path(CONFIGURATION).exists());
    assert_eq!(windows.service("status").stdout.trim(), "stopped");
}
