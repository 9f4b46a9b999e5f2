use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use watchpost_agent::source::process::{ProcessSection, WatchEntry};

use crate::world::{Read, World, sh};

#[test]
fn two_thousand_short_lives_are_all_told_or_declared() {
    const RUNS: usize = 2000;
    let mut world = World::new();
    let marker = world.marker("burst");
    let mut shell = sh(&format!(
        "i=0; while [ $i -lt {RUNS} ]; do /bin/true {marker}; i=$((i+1)); done"
    ));
    let parent = i64::from(shell.id());
    let mut ended = false;
    world.wait_until("the shell's end", |_| {
        ended = ended || shell.try_wait().unwrap().is_some();
        ended.then_some(())
    });
    world.wait_until("what became of all", |spool| {
        let told = spool.starts_of(parent).len() as u64;
        (told + spool.lost("kernel-events-lost") + spool.lost("queue-full") >= RUNS as u64).then_some(())
    });
    world.settle();
    let starts = world.spool.starts_of(parent);
    let pids: BTreeSet<i64> = starts.iter().map(|event| event.pid()).collect();
    assert_eq!(pids.len(), starts.len(), "nothing is told twice");
    let lost = world.lost("kernel-events-lost") + world.lost("queue-full");
    // A declared loss counts messages of all kinds and of everyone, so it can only be more than what is missing here.
    assert!(
        if lost == 0 {
            starts.len() == RUNS
        } else {
            starts.len() as u64 + lost >= RUNS as u64
        },
        "{} starts, {lost} lost",
        starts.len()
    );
    let known = starts.iter().filter(|event| event.mentions(&marker)).count();
    let users = starts.iter().filter(|event| event.text("user.id") == "0").count();
    eprintln!(
        "{} starts, {lost} lost, {known} command lines, {users} users",
        starts.len()
    );
    // How many depends on what else the machine does in the millisecond that each of them lives: 92 to 99 in a hundred.
    assert!(known * 2 >= starts.len(), "{known} command lines of {}", starts.len());
    assert_eq!(users, starts.len(), "the user is known even of what is gone");
    let ends = world
        .spool
        .events
        .iter()
        .filter(|event| event.action() == "process-stopped" && pids.contains(&event.pid()))
        .count();
    assert!(lost > 0 || ends == RUNS, "{ends} ends");
}

#[test]
fn fifty_milliseconds_are_enough_to_know_everything() {
    let mut world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let before = world.now();
    // Also a word that has to be quoted; it is one more time to sleep.
    let marker = format!("0.000{}", before.0);
    // A busy machine may be late; ten times it will not.
    let seen = (0..10).find_map(|_| {
        let mut shell = sh(&format!("cd {}; /bin/sleep 0.05 ' {marker}'; true", folder.display()));
        shell.wait().unwrap();
        let parent = i64::from(shell.id());
        let first = world.wait_until("its start", |spool| spool.starts_of(parent).first().copied().cloned());
        first.mentions(&marker).then_some((first, shell))
    });
    let (event, shell) = seen.unwrap();
    assert_eq!(event.text("process.name"), "sleep");
    assert_eq!(
        event.command_line(),
        Some(format!("/bin/sleep 0.05 ' {marker}'").as_str())
    );
    let args = serde_json::json!(["/bin/sleep", "0.05", format!(" {marker}")]);
    assert_eq!(event.fields.get("process.args"), Some(&args));
    assert!(event.text("process.executable").ends_with("/sleep"));
    assert_eq!(event.text("process.working_directory"), folder.to_str().unwrap());
    assert_eq!((event.text("user.id"), event.text("user.name")), ("0", "root"));
    assert_eq!(event.number("process.parent.pid"), Some(i64::from(shell.id())));
    assert!(event.text("process.parent.command_line").contains(&marker));
    assert_eq!(event.text("watchpost.from"), "connector");
    let start: watchpost_event::Timestamp = event.text("process.start").parse().unwrap();
    assert!(before.0 - 20_000_000 <= start.0 && start <= event.time && event.time <= world.now());
    let shell_name = event.text("process.parent.name").to_owned();
    let message = format!(
        "root started /bin/sleep 0.05 ' {marker}' (pid {}, from {shell_name})",
        event.pid()
    );
    assert_eq!(event.message, message);
    for query in [
        "event.kind:event AND event.category:process AND event.type:start",
        "watchpost.logsource.product:linux AND watchpost.logsource.category:process_creation",
    ] {
        assert!(world.matches(query, &event), "{query}");
    }
    assert_eq!(event.fields.get("watchpost.system"), None);
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_program_of_many_processes_is_one_launch() {
    let dir = tempfile::tempdir().unwrap();
    // Each lives long enough to be looked at on a busy machine too.
    let browser = dir.path().join("wp-browser-bin");
    fs::copy("/bin/sleep", &browser).unwrap();
    let wrapper = dir.path().join("wp-browser");
    let text = browser.display();
    // As browsers do: a script that becomes the program, which starts itself again and again.
    let zygote = dir.path().join("wp-browser-zygote");
    executable(&zygote, &format!("#!/bin/sh\n{text} 0.51 & {text} 0.52 & wait\n"));
    executable(
        &wrapper,
        &format!("#!/bin/sh\n{} &\nwait\nexec {text} 0.53\n", zygote.display()),
    );
    let section = ProcessSection {
        watch: vec![
            WatchEntry {
                title: "Browser".to_owned(),
                names: vec![
                    "WP-Browser".to_owned(),
                    "wp-browser-bin".to_owned(),
                    "wp-browser-zygote".to_owned(),
                ],
                paths: vec![format!("{}/**", dir.path().display())],
            },
            WatchEntry {
                title: "Browser".to_owned(),
                names: vec!["wp-browser".to_owned()],
                paths: Vec::new(),
            },
        ],
        system: "process.executable:*wp-browser-bin AND process.args:0.52".to_owned(),
        ..ProcessSection::default()
    };
    let mut world = World::with(&section, false);
    let mut shell = sh(&format!("{0} first; {0} second; true", wrapper.display()));
    shell.wait().unwrap();
    world.wait_until("both endings", |spool| {
        let is = |event: &&watchpost_event::Event| event.action() == "process-started" && event.mentions("0.53");
        let mine = |event: &&watchpost_event::Event| event.mentions(dir.path().to_str().unwrap());
        (spool.events.iter().filter(is).filter(mine).count() == 2).then_some(())
    });
    let starts = world.starts(dir.path().to_str().unwrap());
    let titled: Vec<_> = starts
        .iter()
        .filter(|event| event.text("process.title") == "Browser")
        .collect();
    let launches: Vec<_> = titled
        .iter()
        .filter(|event| event.fields.get("watchpost.launch") == Some(&true.into()))
        .collect();
    // Each run: the script, two children of the zygote, and the script become the program.
    assert_eq!(titled.len(), 8, "{titled:#?}");
    assert_eq!(launches.len(), 2, "{launches:#?}");
    assert!(launches.iter().all(|event| event.text("process.name") == "wp-browser"));
    let system = starts
        .iter()
        .filter(|event| event.fields.get("watchpost.system") == Some(&true.into()));
    assert_eq!(system.count(), 2);
}

#[test]
fn what_is_to_be_ignored_is_counted_and_the_agents_own_is_not_even_that() {
    let section = ProcessSection {
        ignore: "process.args:ignored-by-test".to_owned(),
        ..ProcessSection::default()
    };
    let mut world = World::with(&section, false);
    let marker = world.marker("own");
    let mut own = std::process::Command::new("/bin/sleep")
        .args(["0", &marker])
        .spawn()
        .unwrap();
    own.wait().unwrap();
    // Long enough for its arguments to be read, whatever else runs here.
    let mut shell = sh(&format!(
        "/bin/sh -c 'sleep 0.3; true' ignored-by-test {marker}; /bin/sh -c 'sleep 0.3; true' last {marker}; true"
    ));
    world.wait_for(|event| event.mentions("last") && event.mentions(&marker));
    shell.wait().unwrap();
    let starts = world.starts(&marker);
    assert_eq!(starts.len(), 1, "{starts:#?}");
    let ignored: u64 = world
        .spool
        .headers
        .iter()
        .filter_map(|header| header.dropped.get("ignore"))
        .copied()
        .sum();
    assert_eq!(ignored, 1);
    let own_pid = i64::from(own.id());
    assert!(world.spool.events.iter().all(|event| event.pid() != own_pid));
}
