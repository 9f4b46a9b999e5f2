use std::path::Path;
use std::sync::atomic::Ordering;

use rustix::process::{Pid, Signal, kill_process};
use watchpost_agent::source::{Notice, Rewound, Source as _};
use watchpost_event::Epoch;

use crate::world::{NEXT_BOOT, World, write_journal};

#[test]
fn a_restart_loses_nothing_and_doubles_nothing() {
    let mut world = World::new();
    world.policy.batch_records = 7;
    let lines = world.lines(0..30);
    world.append(&lines);
    world.until_events(30);
    for round in 1..4 {
        world.stop();
        let lines = world.lines(round * 30..(round + 1) * 30);
        world.append(&lines);
        world.until_events((round + 1) * 30);
    }
    world.assert_entries(120);
}

#[test]
fn what_comes_while_it_follows_arrives_and_rings_the_bell() {
    let mut world = World::new();
    let lines = world.lines(0..3);
    world.append(&lines);
    world.until_events(3);
    for round in 1..4 {
        world.until("rest", |world| world.poll().read_bytes == 0);
        let rings = world.rings.load(Ordering::SeqCst);
        let lines = world.lines(round * 3..(round + 1) * 3);
        world.append(&lines);
        let deadline = std::time::Duration::from_secs(20);
        let begun = watchpost_kit::Clock::monotonic(&world.clock);
        while world.rings.load(Ordering::SeqCst) == rings {
            assert!(
                watchpost_kit::Clock::monotonic(&world.clock).saturating_sub(begun) < deadline,
                "no bell"
            );
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        world.until_events((round + 1) * 3);
    }
    world.assert_entries(12);
}

#[test]
fn a_reboot_between_two_runs_hides_nothing() {
    let mut world = World::new();
    let lines = world.lines(0..4);
    world.append(&lines[..2]);
    world.until_events(2);
    world.stop();
    world.append(&lines[2..]);
    let mut lines = world.lines(4..7);
    for line in &mut lines {
        line.boot = NEXT_BOOT;
    }
    world.append(&lines);
    world.until_events(7);
    world.assert_entries(7);
}

#[test]
fn entries_vacuumed_away_take_no_others_with_them() {
    let mut world = World::new();
    let lines = world.lines(0..10);
    world.append(&lines[..3]);
    world.until_events(3);
    world.stop();
    // Another journal, in which the cursor's entry and its neighbours are gone.
    std::fs::remove_file(world.journal.path().join("test.journal")).unwrap();
    write_journal(&world.journal.path().join("later.journal"), &lines[5..]);
    world.until_events(8);
    let expected = ["entry 5", "entry 6", "entry 7", "entry 8", "entry 9"];
    assert_eq!(world.messages()[3..], expected);
}

#[test]
fn the_death_of_the_child_is_survived() {
    let mut world = World::new();
    let lines = world.lines(0..5);
    world.append(&lines);
    world.until_events(5);
    for round in 1..4 {
        let child = world.source.as_ref().unwrap().child().unwrap();
        let pid = Pid::from_raw(i32::try_from(child).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        let lines = world.lines(round * 5..(round + 1) * 5);
        world.append(&lines);
        world.until("another child", |world| {
            let now = world.source.as_ref().unwrap().child();
            now.is_some_and(|now| now != child)
        });
        world.until_events((round + 1) * 5);
    }
    world.assert_entries(20);
    assert!(
        world
            .notices
            .iter()
            .any(|notice| matches!(notice, Notice::Journal { .. })),
        "{:?}",
        world.notices
    );
}

#[test]
fn the_child_ends_with_the_source() {
    let mut world = World::new();
    world.poll();
    let child = world.source.as_ref().unwrap().child().unwrap();
    let entry = format!("/proc/{child}");
    assert!(Path::new(&entry).exists());
    world.stop();
    let begun = watchpost_kit::Clock::monotonic(&world.clock);
    while Path::new(&entry).exists() {
        let waited = watchpost_kit::Clock::monotonic(&world.clock).saturating_sub(begun);
        assert!(waited.as_secs() < 20, "it is still there");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn starting_at_the_end_leaves_out_what_was_there_and_misses_nothing_after() {
    let mut world = World::new();
    world.section.start = "end".to_owned();
    let old = [world.line("old"), world.line("newest of the old")];
    world.append(&old);
    world.until("the place", |world| world.server.dropped("before-start") == 1);
    assert!(world.messages().is_empty());
    world.stop();
    // Written while the agent was down, before it had seen any event.
    world.time = watchpost_kit::Clock::now(&world.clock) / 1000;
    let lines = [world.line("entry a"), world.line("entry b")];
    world.append(&lines);
    world.until_events(2);
    assert_eq!(world.messages(), ["entry a", "entry b"]);
}

#[test]
fn starting_some_time_back_leaves_out_what_is_older() {
    let mut world = World::new();
    world.section.start = "30m".to_owned();
    let old = world.line("old");
    world.time += 3_000_000_000;
    let young = world.line("young");
    world.append(&[old, young]);
    world.until_events(1);
    assert_eq!(world.messages(), ["young"]);
}

#[test]
fn an_empty_folder_is_waited_for() {
    let mut world = World::new();
    world.section.start = "end".to_owned();
    world.poll();
    world.time = watchpost_kit::Clock::now(&world.clock) / 1000;
    let lines = [world.line("entry a"), world.line("entry b")];
    world.append(&lines);
    world.until_events(2);
    assert_eq!(world.messages(), ["entry a", "entry b"]);
}

#[test]
fn a_folder_that_is_missing_is_told_once() {
    let mut world = World::new();
    world.section.directory = Some(world.journal.path().join("none"));
    world.until("a complaint", |world| !world.notices.is_empty());
    let child_died_again = |world: &mut World| {
        let before = world.source.as_ref().unwrap().child();
        world.until("another child", |world| {
            let now = world.source.as_ref().unwrap().child();
            now.is_some() && now != before
        });
    };
    child_died_again(&mut world);
    child_died_again(&mut world);
    assert_eq!(world.notices.len(), 1, "{:?}", world.notices);
    let told = world.notices[0].to_string();
    assert!(told.contains("No such file or directory"), "{told}");
}

#[test]
fn what_a_server_lost_is_read_again_at_the_same_positions() {
    let mut world = World::new();
    world.policy.batch_records = 5;
    let lines = world.lines(0..20);
    world.append(&lines);
    world.until_events(20);
    let boundary = world.server.headers[1].to;
    let key = world.server.key();
    world.server.lose_behind(boundary);
    let now = world.now();
    let source = world.source.as_mut().unwrap();
    assert_eq!(source.rewind(&key, boundary, now), Rewound::Again);
    world.until_events(20);
    world.assert_entries(20);
    // A place it never was at cannot be gone back to.
    let source = world.source.as_mut().unwrap();
    assert_eq!(source.rewind(&key, 1_000, now), Rewound::Gone { resumes_at: Some(20) });
}

#[test]
fn another_epoch_takes_what_waited_for_room_with_it() {
    let mut world = World::new();
    let lines = world.lines(0..3);
    world.append(&lines);
    world.until_events(3);
    world.server.full = true;
    let lines = world.lines(3..6);
    world.append(&lines);
    world.until("a full sink", |world| world.poll().blocked);
    let key = world.server.key();
    world.source.as_mut().unwrap().change_epoch(&key, Epoch(99));
    world.server.take_over(Epoch(99));
    world.server.full = false;
    world.until_events(6);
    world.assert_entries(6);
    assert_eq!(world.server.headers.last().unwrap().epoch, Epoch(99));
    assert!(world.server.headers.iter().all(|header| header.skip.is_empty()));
}
