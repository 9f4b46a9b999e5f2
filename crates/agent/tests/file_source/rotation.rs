//! Rotation, truncation, copies, deletion.

use std::time::Duration;

use watchpost_agent::source::Notice;

use crate::world::World;

#[test]
fn a_renamed_file_is_read_to_its_end_under_its_epoch() {
    for include in ["*.log*", "*.log"] {
        let mut world = World::new();
        world.config.include = vec![world.path(include).to_string_lossy().into_owned()];
        world.append("a.log", "1\n");
        world.settle();
        world.rename("a.log", "a.log.1");
        world.append("a.log.1", "2\n");
        world.append("a.log", "3\n");
        world.settle();
        world.append("a.log.1", "4\nlast, unterminated");
        world.settle();
        assert_eq!(world.ends(), 0);
        world.pass(Duration::from_secs(301));
        world.settle();
        assert_eq!(world.ends(), 1);
        let streams = world.streams();
        let mut contents: Vec<&Vec<&str>> = streams.values().collect();
        contents.sort_unstable();
        assert_eq!(contents, [&vec!["1", "2", "4", "last, unterminated"], &vec!["3"]]);
        // Neither now nor after a restart is it read again.
        world.settle();
        world.start();
        world.settle();
        assert_eq!(world.sink.messages().len(), 5);
    }
}

#[cfg(unix)]
#[test]
fn what_ended_in_sight_is_forgotten_when_it_is_gone_and_goes_on_when_it_grows() {
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    world.rename("a.log", "a.log.1");
    world.settle();
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!((world.ends(), world.sink.checkpoints.len()), (1, 1));
    world.append("a.log.1", "2\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["1", "2"]);
    assert_eq!(
        world.streams().len(),
        2,
        "an ended epoch does not go on; a new one begins there"
    );
    std::fs::remove_file(world.path("a.log.1")).unwrap();
    for _ in 0..2 {
        world.pass(Duration::from_secs(301));
        world.settle();
    }
    assert!(world.sink.checkpoints.is_empty(), "{:?}", world.sink.checkpoints);
}

#[test]
fn copytruncate_goes_on_in_the_copy() {
    for include in ["*.log*", "*.log"] {
        for seen_between in [false, true] {
            let mut world = World::new();
            world.config.include = vec![world.path(include).to_string_lossy().into_owned()];
            world.append("a.log", "1\n");
            world.settle();
            world.append("a.log", "2\n");
            world.copy("a.log", "a.log.1");
            if seen_between {
                world.settle();
            }
            world.truncate("a.log");
            world.append("a.log", "3, longer than the old content was\n");
            world.settle();
            let mut messages = world.sink.messages();
            messages.sort_unstable();
            assert_eq!(
                messages,
                ["1", "2", "3, longer than the old content was"],
                "{include} {seen_between}"
            );
            assert_eq!(world.streams().len(), 2);
            world.pass(Duration::from_secs(301));
            world.settle();
            world.start();
            world.settle();
            assert_eq!(world.sink.messages().len(), 3, "{include} {seen_between}");
            assert_eq!(world.ends(), 1);
        }
    }
}

#[test]
fn copytruncate_while_the_agent_is_down() {
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    world.source = None;
    world.append("a.log", "2\n");
    world.copy("a.log", "a.log.1");
    world.truncate("a.log");
    world.append("a.log", "3\n");
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["1", "2", "3"]);
}

#[test]
fn a_copy_shorter_than_what_was_read_is_not_read_again() {
    for restart in [false, true] {
        let mut world = World::new();
        let first: String = (0..200).map(|n| format!("line {n}\n")).collect();
        world.append("a.log", &first);
        world.settle();
        world.copy("a.log", "a.log.1");
        world.append("a.log", "between copy and truncation\n");
        if restart {
            // The copy was never seen before the truncation.
            world.rename("a.log.1", "hidden");
            world.settle();
            world.rename("hidden", "a.log.1");
            world.source = None;
        } else {
            world.settle();
        }
        world.truncate("a.log");
        world.append("a.log", "new\n");
        world.settle();
        world.pass(Duration::from_secs(301));
        world.settle();
        world.start();
        world.settle();
        assert_eq!(world.sink.messages().len(), 202, "{restart}");
        assert_eq!(world.sink.messages()[200..], ["between copy and truncation", "new"]);
    }
}

#[test]
fn shorter_copies_stay_known_while_the_sink_is_full() {
    let mut world = World::new();
    for log in ["a.log", "b.log"] {
        let first: String = (0..200).map(|n| format!("{log} line {n}\n")).collect();
        world.append(log, &first);
        world.settle();
        world.copy(log, &format!("{log}.1"));
        world.append(log, "between copy and truncation\n");
        world.settle();
    }
    world.source = None;
    world.truncate("a.log");
    world.truncate("b.log");
    // One stream's end waits for room; the other's cannot even be told.
    world.sink.room = Some(0);
    for _ in 0..3 {
        world.poll();
    }
    world.sink.room = None;
    for _ in 0..3 {
        world.settle();
        world.pass(Duration::from_secs(301));
    }
    assert_eq!(world.sink.messages().len(), 2 * 201);
    assert_eq!(world.ends(), 2);
}

#[test]
fn a_truncation_without_a_copy_begins_anew_and_says_so() {
    let mut world = World::new();
    world.append("a.log", "1\n2\n");
    world.settle();
    world.truncate("a.log");
    world.append("a.log", "3\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["1", "2", "3"]);
    assert_eq!(world.ends(), 0, "a copy may yet come");
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.ends(), 1);
    assert!(
        world
            .notices
            .iter()
            .any(|notice| matches!(notice, Notice::Replaced { continued_in: None, .. }))
    );
}

#[test]
fn a_content_replaced_by_one_of_the_same_length_is_noticed() {
    let mut world = World::new();
    world.append("a.log", "first\n");
    world.settle();
    std::fs::write(world.path("a.log"), "other\n").unwrap();
    let file = std::fs::File::options().write(true).open(world.path("a.log")).unwrap();
    // Time stamps of file systems are coarse; a writer's would differ by more than that.
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        .unwrap();
    world.settle();
    assert_eq!(world.sink.messages(), ["first", "other"]);
}

#[test]
fn a_copy_that_turns_out_to_be_a_file_of_its_own_is_read() {
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    world.copy("a.log", "a.log.backup");
    world.settle();
    assert_eq!(world.sink.messages(), ["1"], "a copy is not read");
    world.append("a.log.backup", "own\n");
    world.append("a.log", "2\n");
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["1", "1", "2", "own"]);
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    let mut writer = std::fs::File::options().append(true).open(world.path("a.log")).unwrap();
    std::fs::remove_file(world.path("a.log")).unwrap();
    std::io::Write::write_all(&mut writer, b"2\n").unwrap();
    world.append("a.log", "3\n");
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["1", "2", "3"]);
}

#[test]
fn no_more_than_keep_open_rotated_files_stay_open() {
    let mut world = World::new();
    world.config.keep_open = 3;
    world.config.include = vec![world.path("*.log").to_string_lossy().into_owned()];
    for n in 0..6 {
        world.append("a.log", format!("{n}\n"));
        world.settle();
        world.rename("a.log", &format!("old.{n}"));
        world.settle();
    }
    world.settle();
    assert_eq!(world.ends(), 3);
    let told = world
        .notices
        .iter()
        .filter(|notice| matches!(notice, Notice::RotatedClosed { .. }))
        .count();
    assert_eq!(told, 3);
    assert_eq!(world.sink.messages().len(), 6);
}

#[test]
fn what_was_truncated_before_it_could_be_read_is_declared() {
    let mut world = World::new();
    world.policy.batch_records = 10;
    let line = |number: u64| format!("line {number:06} {}\n", "x".repeat(100));
    let width = line(0).len() as u64;
    world.append("a.log", line(0));
    world.settle();
    world.sink.room = Some(1);
    world.append("a.log", (1..10_000).map(line).collect::<Vec<_>>().concat());
    for _ in 0..5 {
        assert!(world.poll().blocked);
    }
    world.truncate("a.log");
    world.append("a.log", "new\n");
    assert!(world.poll().blocked);
    world.sink.room = None;
    world.settle();
    world.pass(Duration::from_secs(400));
    world.settle();

    let skips: Vec<_> = world.sink.headers.iter().flat_map(|header| &header.skip).collect();
    assert_eq!(skips.len(), 1, "{skips:?}");
    let messages = world.sink.messages();
    let old: Vec<&str> = messages.iter().copied().filter(|message| *message != "new").collect();
    assert!(old.len() < 10_000);
    // A line that the truncation cut goes out as far as it was read.
    let (last, whole) = old.split_last().unwrap();
    assert!(
        (0u64..)
            .zip(whole)
            .all(|(number, message)| line(number).trim_end() == *message)
    );
    assert!(line(whole.len() as u64).starts_with(last));
    assert!(skips[0].is_gap());
    assert_eq!(skips[0].from, width * whole.len() as u64 + last.len() as u64);
    assert_eq!(skips[0].to, width * 10_000);
    assert_eq!(
        world
            .sink
            .messages()
            .iter()
            .filter(|message| **message == "new")
            .count(),
        1
    );
}
