use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use watchpost_agent::files::look_at;
use watchpost_agent::source::process::ProcessSection;
use watchpost_event::Event;
use watchpost_kit::{ByteSize, Clock, SystemClock};

use crate::world::{Read, World, sh};

const SUM: &str = "process.hash.sha256";

/// A program of its own content, which sleeps.
fn program(dir: &TempDir, name: &str, more: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    let mut bytes = fs::read("/bin/sleep").unwrap();
    bytes.extend_from_slice(more);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn sum_of(path: &Path) -> String {
    look_at(path, u64::MAX, |_| true).unwrap().sha256.to_string()
}

fn started(world: &mut World, program: &Path) -> Event {
    let text = program.display().to_string();
    world.wait_for(|event| event.action() == "process-started" && event.text("process.executable") == text)
}

#[test]
fn the_event_of_a_start_has_the_hash_of_what_ran_even_when_it_was_deleted_or_replaced() {
    let mut world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let (deleted, replaced) = (program(&dir, "deleted", b"1"), program(&dir, "replaced", b"2"));
    let expected = [sum_of(&deleted), sum_of(&replaced)];
    let other = program(&dir, "other", b"3");
    let script = format!(
        "{0} 2 & rm {0}; {1} 2 & mv {2} {1}; wait",
        deleted.display(),
        replaced.display(),
        other.display()
    );
    // What is removed before it has begun to run does not run: the shell waits until both do.
    let script = script
        .replace("& rm", "& sleep 0.5; rm")
        .replace("& mv", "& sleep 0.5; mv");
    let mut shell = sh(&script);
    for (path, expected) in [&deleted, &replaced].into_iter().zip(&expected) {
        assert_eq!(started(&mut world, path).text(SUM), expected, "{}", path.display());
    }
    shell.wait().unwrap();
    // The same name with another content has another hash.
    let mut shell = sh(&format!("{} 0.3; true", replaced.display()));
    let pid = world.wait_for(|event| event.action() == "process-started" && event.text(SUM) == sum_of(&replaced));
    assert_eq!(pid.text("process.executable"), replaced.display().to_string());
    shell.wait().unwrap();
}

#[test]
fn a_script_has_the_hash_of_its_interpreter_and_a_large_program_none() {
    let section = ProcessSection {
        hash_max: ByteSize(1_000_000),
        ..ProcessSection::default()
    };
    let mut world = World::with(&section, false);
    let dir = tempfile::tempdir().unwrap();
    let large = program(&dir, "large", &vec![0; 1_000_000]);
    let small = program(&dir, "small", b"4");
    let script = format!("{} 0.4; {} 0.4; true", large.display(), small.display());
    let mut shell = sh(&script);
    assert_eq!(started(&mut world, &large).fields.get(SUM), None);
    assert_eq!(started(&mut world, &small).text(SUM), sum_of(&small));
    shell.wait().unwrap();
}

#[test]
fn what_is_found_by_polling_is_hashed_too_and_off_is_off() {
    let section = ProcessSection {
        interval: Duration::from_millis(50).into(),
        ..ProcessSection::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let path = program(&dir, "polled", b"5");
    let mut world = World::with(&section, true);
    let mut shell = sh(&format!("{} 1; true", path.display()));
    assert_eq!(started(&mut world, &path).text(SUM), sum_of(&path));
    shell.wait().unwrap();

    let off = ProcessSection { hash: false, ..section };
    let mut world = World::with(&off, true);
    let mut shell = sh(&format!("{} 1; true", path.display()));
    assert_eq!(started(&mut world, &path).fields.get(SUM), None);
    shell.wait().unwrap();
}

#[test]
fn a_storm_of_starts_loses_nothing_and_is_hashed() {
    const RUNS: usize = 1000;
    let mut counts = Vec::new();
    for hash in [false, true] {
        let section = ProcessSection {
            hash,
            ..ProcessSection::default()
        };
        let mut world = World::with(&section, false);
        let marker = world.marker("storm");
        let clock = SystemClock::new();
        let (begun, used) = (clock.monotonic(), cpu_ms());
        let mut shell = sh(&format!(
            "i=0; while [ $i -lt {RUNS} ]; do /bin/true {marker}; i=$((i+1)); done; /bin/sleep 0.3 || /bin/sleep {marker}-last"
        ));
        let parent = i64::from(shell.id());
        let mut ended = false;
        world.wait_until("the shell's end", |_| {
            ended = ended || shell.try_wait().unwrap().is_some();
            ended.then_some(())
        });
        let took = clock.monotonic().saturating_sub(begun);
        world.settle();
        let starts: Vec<&Event> = world
            .spool
            .events
            .iter()
            .filter(|event| event.action() == "process-started" && event.number("process.parent.pid") == Some(parent))
            .collect();
        let lost = world.lost("kernel-events-lost") + world.lost("queue-full");
        let hashed = starts.iter().filter(|event| event.fields.get(SUM).is_some()).count();
        let known = starts.iter().filter(|event| event.mentions(&marker)).count();
        eprintln!(
            "hash {hash}: {} starts in {took:?}, {lost} lost, {known} command lines, {hashed} hashes, {} ms of this process",
            starts.len(),
            cpu_ms() - used
        );
        assert!(lost > 0 || starts.len() == RUNS + 1, "{} starts", starts.len());
        counts.push((known, hashed));
    }
    assert_eq!(counts[0].1, 0);
    let (known, hashed) = counts[1];
    // As many as have a command line, but for the few that ended between the two looks.
    assert!(hashed * 10 >= known * 8, "{hashed} hashes, {known} command lines");
}

/// Processor time of this process.
fn cpu_ms() -> i64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<i64>().unwrap();
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    (ticks(11) + ticks(12)) * 10
}
