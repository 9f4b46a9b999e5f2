//! What is read, and how much of it is held.

use std::io::Write;
use std::time::Duration;

use watchpost_agent::source::file::{FileSettings, FileSourceConfig, FormatConfig};

use crate::world::{Collector, World};

#[test]
fn lines_arrive_as_they_are_appended() {
    let mut world = World::new();
    world.append("a.log", "one\ntwo\n");
    world.settle();
    world.append("a.log", "three\r\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["one", "two", "three"]);
    let header = world.sink.headers.last().unwrap();
    assert_eq!((header.from, header.to, header.events, header.raw), (8, 15, 1, 7));
    assert_eq!(
        header.stream.as_str(),
        format!("file:{}", world.path("a.log").display())
    );
    assert_eq!(header.fields.text("log.file.path"), world.path("a.log").to_str());
    assert_eq!(header.fields.text("host.name"), Some("web-1"));
    assert_eq!(header.tail.unwrap().length, 15);
}

#[cfg(unix)]
#[test]
fn an_unterminated_line_waits_and_goes_out_when_the_file_is_finished() {
    let mut world = World::new();
    world.append("a.log", "one\ntw");
    world.settle();
    assert_eq!(world.sink.messages(), ["one"]);
    world.append("a.log", "o\nthr");
    world.settle();
    assert_eq!(world.sink.messages(), ["one", "two"]);
    std::fs::remove_file(world.path("a.log")).unwrap();
    world.settle();
    assert_eq!(
        world.sink.messages().len(),
        2,
        "it may still grow while somebody holds it open"
    );
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.sink.messages(), ["one", "two", "thr"]);
    assert!(world.sink.headers.last().unwrap().end);
    assert!(world.sink.checkpoints.is_empty());
}

#[test]
fn bytes_that_are_not_utf8_are_kept_readable() {
    let mut world = World::new();
    world.append("a.log", b"caf\xe9\n\0nul\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["caf\u{fffd}", "\0nul"]);
    assert_eq!(
        world.sink.events[0].1.fields.get("watchpost.invalid_utf8"),
        Some(&true.into())
    );
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_byte_order_mark_says_how_text_is_encoded() {
    let mut world = World::new();
    // U+0A0D holds the bytes of a line feed and a carriage return.
    world.append("wide.log", utf16("\u{feff}erste\r\nüber \u{0a0d}\u{1f600}\nhal"));
    world.append("marked.log", "\u{feff}first\nsecond\n");
    world.settle();
    world.append("wide.log", utf16("b\n"));
    world.settle();
    world.start();
    world.append("wide.log", utf16("after a restart\n"));
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(
        messages,
        [
            "after a restart",
            "erste",
            "first",
            "halb",
            "second",
            "über \u{0a0d}\u{1f600}"
        ]
    );
    let (_, first) = world
        .sink
        .events
        .iter()
        .find(|(_, event)| event.message == "erste")
        .unwrap();
    assert_eq!(
        first.position,
        2 + 2 * 7,
        "positions are those of the bytes in the file"
    );
    // From the end: behind the last whole line.
    world.config.start = "end".to_owned();
    world.sink = Collector::default();
    world.start();
    world.settle();
    world.append("wide.log", utf16("new\n"));
    world.settle();
    assert_eq!(world.sink.messages(), ["new"]);
}

#[test]
fn other_encodings_by_their_names() {
    let mut world = World::new();
    world.config.encoding = Some("windows-1251".to_owned());
    world.append("a.log", b"\xcf\xf0\xe8\xe2\xe5\xf2\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["Привет"]);
    world.config.encoding = Some("klingon".to_owned());
    let refused = world.config.resolve(&world.defaults, &world.formats).unwrap_err();
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert!(reason.contains("klingon") && reason.contains("utf-16le"), "{reason}");
}

#[test]
fn a_source_tells_when_it_last_read_and_looked() {
    use watchpost_agent::source::Source;
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    let vitals = world.source.as_ref().unwrap().vitals().unwrap();
    assert_eq!(vitals.name, "file:test");
    let read = vitals.last_read.unwrap();
    world.pass(Duration::from_mins(1));
    world.settle();
    let vitals = world.source.as_ref().unwrap().vitals().unwrap();
    assert_eq!(vitals.last_read, Some(read));
    assert!(vitals.last_scan.unwrap().0 - read.0 >= 60_000_000_000);
}

#[cfg(unix)]
#[test]
fn deep_trees_loops_of_links_and_thousands_of_files() {
    let mut world = World::new();
    world.config.include = vec![world.dir.path().join("**/*.log").to_string_lossy().into_owned()];
    world.config.exclude = vec!["**/skipped/**".to_owned()];
    for folder in 0..30 {
        let folder = format!("tree/{folder}/a/b/c/d");
        std::fs::create_dir_all(world.path(&folder)).unwrap();
        for file in 0..40 {
            // All begin with the same banner.
            world.append(
                &format!("{folder}/{file}.log"),
                format!("{}\n{folder} {file}\n", "=".repeat(1500)),
            );
        }
    }
    std::fs::create_dir_all(world.path("tree/skipped")).unwrap();
    world.append("tree/skipped/x.log", "no\n");
    std::os::unix::fs::symlink(world.path("tree"), world.path("tree/0/a/loop")).unwrap();
    world.settle();
    let own: std::collections::BTreeSet<&str> = world
        .sink
        .messages()
        .into_iter()
        .filter(|message| !message.starts_with('='))
        .collect();
    assert_eq!((own.len(), world.sink.messages().len()), (1200, 2400));
    for file in 0..40 {
        world.append(&format!("tree/7/a/b/c/d/{file}.log"), "more\n");
    }
    world.start();
    world.settle();
    assert_eq!(world.sink.messages().len(), 2440);
    assert_eq!(world.streams().len(), 1200);
}

#[test]
fn a_line_of_100_megabytes_does_not_need_as_much_memory() {
    let mut world = World::new();
    let mut file = std::fs::File::create(world.path("a.log")).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"end\nnext\n").unwrap();
    world.poll();
    let before = resident_bytes();
    world.settle();
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 20 << 20, "{grown} bytes more are resident");
    let messages = world.sink.messages();
    assert_eq!(messages.len(), 3);
    assert!(messages[0].len() == 256 << 10 && messages[1].len() == 256 << 10 && messages[1].ends_with("xend"));
    assert_eq!(messages[2], "next");
    let omitted = (100 << 20) + 3 - (512 << 10);
    assert_eq!(
        world.sink.events[0].1.fields.get("watchpost.dropped_bytes"),
        Some(&omitted.into())
    );
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn lines_of_one_record_wait_for_the_next_or_for_time() {
    let mut world = World::new();
    world.config.format = Some("java".to_owned());
    let format = FormatConfig {
        break_before: Some("^[A-Z]".to_owned()),
        timeout: Some(Duration::from_secs(2).into()),
        ..FormatConfig::default()
    };
    world.formats.insert("java".to_owned(), format);
    world.append("a.log", "Boom\n  at a\n");
    world.settle();
    world.append("a.log", "  at b\nCalm\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["Boom\n  at a\n  at b"]);
    world.start();
    world.settle();
    world.pass(Duration::from_secs(3));
    world.settle();
    assert_eq!(world.sink.messages(), ["Boom\n  at a\n  at b", "Calm"]);
}

#[test]
fn batches_are_cut_by_size_number_and_time() {
    let mut world = World::new();
    world.policy.batch_records = 10;
    world.policy.interval = Duration::from_secs(1);
    let lines: String = (0..25).map(|n| format!("{n}\n")).collect();
    world.append("a.log", lines);
    world.poll();
    assert_eq!(
        world.sink.headers.iter().map(|h| h.events).collect::<Vec<_>>(),
        [10, 10]
    );
    world.pass(Duration::from_secs(1));
    world.poll();
    assert_eq!(world.sink.headers.last().unwrap().events, 5);
    world.policy.at_once = Some(watchpost_query::parse("panic").unwrap());
    world.start();
    world.append("a.log", "calm\n");
    world.poll();
    assert_eq!(world.sink.headers.len(), 3);
    world.append("a.log", "panic\n");
    world.poll();
    assert_eq!(world.sink.headers.last().unwrap().events, 2);
}

#[test]
fn a_source_whose_records_are_all_dropped_says_how_far_it_is_now_and_then() {
    let mut world = World::new();
    world.policy.drop = vec![watchpost_query::parse("noise").unwrap()];
    for _ in 0..5 {
        world.append("a.log", "noise\n");
        world.settle();
        world.pass(Duration::from_secs(3));
    }
    world.settle();
    let headers = &world.sink.headers;
    assert_eq!(headers.len(), 1);
    assert_eq!((headers[0].events, headers[0].to), (0, 30));
    assert_eq!(headers[0].dropped.get("filter"), Some(&5));
}

#[test]
fn a_full_sink_makes_files_wait() {
    let mut world = World::new();
    world.policy.batch_records = 7;
    world.sink.room = Some(2);
    let lines: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    world.append("a.log", lines.join("\n") + "\n");
    world.append("b.log", "b\n");
    for _ in 0..10 {
        assert!(world.poll().blocked);
    }
    assert_eq!(world.sink.messages().len(), 14);
    world.sink.room = None;
    world.settle();
    let a: Vec<&str> = world.sink.messages().into_iter().filter(|m| *m != "b").collect();
    assert_eq!(a, lines);
    assert_eq!(world.sink.messages().len(), 101);
}

#[cfg(unix)]
#[test]
fn files_by_several_names_are_read_once_and_empty_or_foreign_ones_not_at_all() {
    let mut world = World::new();
    world.append("a.log", "a\n");
    world.append("empty.log", "");
    world.append("old.log.zip", "not read\n");
    world.append("skip.log", "not read\n");
    std::fs::hard_link(world.path("a.log"), world.path("b.log")).unwrap();
    std::os::unix::fs::symlink(world.path("a.log"), world.path("c.log")).unwrap();
    world
        .config
        .include
        .push(world.dir.path().join("**/*.log").to_string_lossy().into_owned());
    world.config.exclude.push("skip.*".to_owned());
    world.settle();
    assert_eq!(world.sink.messages(), ["a"]);
    world.append("empty.log", "late\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["a", "late"]);
}

#[test]
fn different_files_with_equal_content_are_different_streams() {
    let mut world = World::new();
    world.append("a.log", "same\n");
    world.append("b.log", "same\n");
    world.settle();
    world.append("c.log", "same\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["same", "same", "same"]);
    assert_eq!(world.streams().len(), 3);
}

#[test]
fn a_folder_stands_for_everything_below_it_and_a_star_does_not() {
    let mut world = World::new();
    std::fs::create_dir_all(world.path("deep/er")).unwrap();
    world.append("deep/one", "1\n");
    world.append("deep/er/two", "2\n");
    world.append("three", "3\n");
    world.config.include = vec![world.path("*").to_string_lossy().into_owned()];
    world.settle();
    assert_eq!(world.sink.messages(), ["3"]);
    world.config.include = vec![world.path("deep").to_string_lossy().into_owned()];
    world.start();
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["1", "2", "3"]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_and_what_is_too_large_is_told_once() {
    let mut world = World::new();
    world.defaults.max_file = "4B".parse().unwrap();
    world.append("a.log", "large\n");
    std::os::unix::fs::symlink(world.path("loop.log"), world.path("loop.log")).unwrap();
    world.settle();
    world.append("a.log", "larger\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["large", "larger"]);
    let large = world
        .notices
        .iter()
        .filter(|n| matches!(n, watchpost_agent::source::Notice::FileTooLarge { size: 6, .. }))
        .count();
    let unreadable = world
        .notices
        .iter()
        .filter(|n| matches!(n, watchpost_agent::source::Notice::Unreadable { .. }))
        .count();
    assert_eq!(
        (large, unreadable, world.notices.len()),
        (1, 1, 2),
        "{:?}",
        world.notices
    );
    assert!(
        world
            .notices
            .iter()
            .all(|notice| notice.to_string().contains(world.dir.path().to_str().unwrap()))
    );
}

#[test]
fn a_file_that_two_sources_include_belongs_to_the_first() {
    let mut world = World::new();
    world.append("a.log", "a\n");
    world.append("b.log", "b\n");
    let first = FileSourceConfig {
        include: vec![world.path("a*").to_string_lossy().into_owned()],
        ..world.config.clone()
    };
    let second = FileSourceConfig {
        include: vec![world.dir.path().to_string_lossy().into_owned()],
        ..world.config.clone()
    };
    let resolve = |config: &FileSourceConfig| config.resolve(&world.defaults, &world.formats).unwrap();
    let mut settings = vec![resolve(&first), resolve(&second)];
    FileSettings::separate(&mut settings);
    for restarted in [false, true] {
        for (at, settings) in settings.iter().enumerate() {
            // Every source is offered all checkpoints and takes its own.
            world.start_with(settings.clone());
            world.settle();
            assert_eq!(world.source.as_ref().unwrap().followed(), 1, "{restarted} {at}");
        }
    }
    assert_eq!(world.sink.messages(), ["a", "b"]);
}

#[test]
fn a_quiet_source_asks_to_be_polled_seldom_and_a_busy_one_often() {
    let mut world = World::new();
    world.config.poll = Duration::from_secs(1).into();
    world.append("a.log", "a\n");
    world.poll();
    let busy = world.poll();
    assert!(busy.next.0 - world.now <= 200_000_000);
    world.pass(Duration::from_secs(11));
    let quiet = world.poll();
    assert_eq!(quiet.next.0 - world.now, 1_000_000_000);
    assert!(!quiet.more && quiet.read_bytes == 0);
}
