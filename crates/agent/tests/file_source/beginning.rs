//! Where reading begins, and where it goes on.

use std::time::Duration;

use watchpost_agent::source::Rewound;
use watchpost_agent::source::file::{FileDefaults, FileSourceConfig};
use watchpost_event::{Epoch, StreamKey, Timestamp};

use crate::world::World;

#[test]
fn from_the_end_leaves_out_what_is_there_and_declares_it() {
    let mut world = World::new();
    world.config.start = "end".to_owned();
    world.append("a.log", "old\nhalf");
    world.settle();
    world.append("a.log", " line\nnew\n");
    world.append("b.log", "appeared later\n");
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["appeared later", "half line", "new"]);
    let first = &world.sink.headers[0];
    assert_eq!((first.from, first.to, first.events), (0, 4, 0));
    assert_eq!((first.skip[0].to, first.skip[0].reason.as_str()), (4, "before-start"));
}

#[test]
fn what_was_written_while_nobody_looked_is_read_after_a_restart() {
    let mut world = World::new();
    world.config.start = "end".to_owned();
    world.append("a.log", "old\n");
    world.settle();
    world.append("a.log", "meanwhile 1\n");
    world.rename("a.log", "a.log.1");
    world.append("a.log", "meanwhile 2\n");
    world.append("c.log", "meanwhile 3\n");
    world.start();
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["meanwhile 1", "meanwhile 2", "meanwhile 3"]);
}

#[test]
fn a_time_back_is_found_by_the_records_own_times() {
    let mut world = World::new();
    world.config.start = "1h".to_owned();
    world.config.codec = "syslog".parse().unwrap();
    let line = |minutes: i64| {
        let time = Timestamp(world.now - minutes * 60_000_000_000);
        format!("{time} web-1 app[1]: {minutes} minutes ago {}\n", "x".repeat(200))
    };
    let lines: String = (0..10_000).rev().map(line).collect();
    world.append("a.log", lines);
    world.settle();
    let messages = world.sink.messages();
    assert_eq!(messages.len(), 60, "{:?}", messages.first());
    assert!(messages[0].starts_with("59 minutes ago"));
}

#[test]
fn a_time_back_takes_plain_files_by_their_own_time() {
    let mut world = World::new();
    world.config.start = "1h".to_owned();
    world.append("new.log", "new\n");
    world.append("old.log", "old\n");
    let old = std::time::SystemTime::now_minus(Duration::from_hours(2), world.now);
    let file = std::fs::File::options()
        .write(true)
        .open(world.path("old.log"))
        .unwrap();
    file.set_modified(old).unwrap();
    world.settle();
    assert_eq!(world.sink.messages(), ["new"]);
}

#[test]
fn recent_shows_the_last_records_of_a_quiet_file_too() {
    let mut world = World::new();
    world.config.start = "recent".to_owned();
    let line = |n: u32| format!("record {n}\n");
    world.append("long.log", (0..5_000).map(line).collect::<String>());
    world.append("short.log", "one\ntwo\nhalf");
    let old = std::time::SystemTime::now_minus(Duration::from_hours(24 * 60), world.now);
    for name in ["long.log", "short.log"] {
        let file = std::fs::File::options().write(true).open(world.path(name)).unwrap();
        file.set_modified(old).unwrap();
    }
    world.settle();
    let messages = world.sink.messages();
    let all = messages.iter().map(|message| &**message);
    let (long, short): (Vec<&str>, Vec<&str>) = all.partition(|message| message.starts_with("record"));
    assert_eq!((long.len(), long[0]), (100, "record 4900"));
    assert_eq!(short, ["one", "two"]);
}

trait Before {
    fn now_minus(back: Duration, now: i64) -> Self;
}

impl Before for std::time::SystemTime {
    fn now_minus(back: Duration, now: i64) -> Self {
        Self::UNIX_EPOCH + Duration::from_nanos(u64::try_from(now).unwrap()) - back
    }
}

#[test]
fn an_inode_used_again_is_not_taken_for_the_old_file() {
    let mut world = World::new();
    world.append("a.log", "first content\n");
    world.settle();
    world.source = None;
    // Written over in place: the same inode, another content, longer than the old one.
    std::fs::write(world.path("a.log"), "second content, longer than the first\n").unwrap();
    world.settle();
    assert_eq!(
        world.sink.messages(),
        ["first content", "second content, longer than the first"]
    );
    assert_eq!(world.streams().len(), 2);
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.ends(), 1, "the old content ends after a while");
}

#[test]
fn files_that_begin_alike_are_told_apart_by_what_follows() {
    let mut world = World::new();
    let banner = "=".repeat(2000) + "\n";
    world.append("a.log", format!("{banner}a 1\n"));
    world.settle();
    world.rename("a.log", "a.log.1");
    world.append("a.log", format!("{banner}b 1\n"));
    world.settle();
    world.append("a.log.1", "a 2\n");
    world.append("a.log", "b 2\n");
    world.start();
    world.settle();
    let streams = world.streams();
    let mut contents: Vec<Vec<&str>> = streams.values().map(|messages| messages[1..].to_vec()).collect();
    contents.sort_unstable();
    assert_eq!(contents, [["a 1", "a 2"], ["b 1", "b 2"]]);
}

fn key_of(world: &World) -> StreamKey {
    StreamKey::of(&world.sink.headers[0])
}

#[cfg(unix)]
#[test]
fn what_a_server_lost_is_read_again() {
    let mut world = World::new();
    world.policy.batch_records = 2;
    world.append("a.log", "1\n2\n3\n4\n5\n6\n");
    world.settle();
    let key = key_of(&world);
    let now = Timestamp(world.now);
    world.sink.lose_behind(&key, 4);
    assert_eq!(world.source.as_mut().unwrap().rewind(&key, 4, now), Rewound::Again);
    world.settle();
    assert_eq!(world.sink.messages(), ["1", "2", "3", "4", "5", "6"]);
    std::fs::remove_file(world.path("a.log")).unwrap();
    world.pass(Duration::from_secs(301));
    world.settle();
    world.pass(Duration::from_secs(301));
    world.settle();
    let rewound = world.source.as_mut().unwrap().rewind(&key, 4, now);
    assert_eq!(rewound, Rewound::Gone { resumes_at: None });
}

#[test]
fn a_rewind_before_the_start_declares_the_start_again() {
    let mut world = World::new();
    world.config.start = "end".to_owned();
    world.append("a.log", "old\n");
    world.settle();
    world.append("a.log", "new\n");
    world.settle();
    let key = key_of(&world);
    world.sink.lose_behind(&key, 0);
    let now = Timestamp(world.now);
    assert_eq!(world.source.as_mut().unwrap().rewind(&key, 0, now), Rewound::Again);
    world.settle();
    assert_eq!(world.sink.messages(), ["new"]);
}

#[test]
fn a_content_that_ended_can_be_read_again_while_it_is_there() {
    let mut world = World::new();
    world.append("a.log", "1\n2\n");
    world.settle();
    world.rename("a.log", "a.log.1");
    world.settle();
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.ends(), 1);
    let key = key_of(&world);
    world.sink.lose_behind(&key, 0);
    let now = Timestamp(world.now);
    assert_eq!(world.source.as_mut().unwrap().rewind(&key, 0, now), Rewound::Again);
    world.settle();
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.sink.messages(), ["1", "2"]);
    assert_eq!(world.ends(), 1);
}

#[test]
fn after_a_conflict_positions_go_on_under_the_new_epoch() {
    let mut world = World::new();
    world.append("a.log", "1\n");
    world.settle();
    let key = key_of(&world);
    world.source.as_mut().unwrap().change_epoch(&key, Epoch(99));
    // The delivery side declares what lies before.
    let header = world.sink.headers[0].clone();
    world.sink.take_over(&header, Epoch(99));
    world.append("a.log", "2\n");
    world.settle();
    let header = world.sink.headers.last().unwrap();
    assert_eq!((header.epoch, header.from, header.to), (Epoch(99), 2, 4));
    world.start();
    world.append("a.log", "3\n");
    world.settle();
    assert_eq!(world.sink.messages(), ["1", "2", "3"]);
    assert_eq!(world.sink.headers.last().unwrap().epoch, Epoch(99));
}

#[test]
fn an_agent_that_lost_its_state_goes_on_where_the_server_stands() {
    let mut world = World::new();
    world.append("a.log", "a 1\n");
    world.append("b.log", "b 1\n");
    world.settle();
    world.rename("b.log", "b.log.1");
    world.settle();
    world.pass(Duration::from_secs(301));
    world.settle();
    assert_eq!(world.ends(), 1);
    let reports = world.sink.reports();
    world.sink.checkpoints.clear();
    world.append("a.log", "a 2\n");
    world.rename("a.log", "a.log.1");
    world.append("a.log", "c 1\n");
    world.start().adopt(&reports);
    world.settle();
    let mut messages = world.sink.messages();
    messages.sort_unstable();
    assert_eq!(messages, ["a 1", "a 2", "b 1", "c 1"]);
}

#[test]
fn settings_are_checked() {
    let check = |config: FileSourceConfig| config.resolve(&FileDefaults::default(), &std::collections::BTreeMap::new());
    let good = FileSourceConfig {
        include: vec!["/var/log/*.log".to_owned()],
        ..FileSourceConfig::default()
    };
    assert!(check(good.clone()).is_ok());
    for bad in [
        FileSourceConfig::default(),
        FileSourceConfig {
            include: vec!["/x/[".to_owned()],
            ..good.clone()
        },
        FileSourceConfig {
            start: "soon".to_owned(),
            ..good.clone()
        },
        FileSourceConfig {
            format: Some("none".to_owned()),
            ..good.clone()
        },
        FileSourceConfig {
            separator: Some(String::new()),
            ..good.clone()
        },
        FileSourceConfig { keep_open: 0, ..good },
    ] {
        assert!(check(bad).is_err());
    }
    let text =
        r#"{"name":"x","include":["/a"],"start":"6h","codec":"json","poll":"2s","close_after":"1m","keep_open":3}"#;
    assert!(check(serde_json::from_str(text).unwrap()).is_ok());
    assert!(serde_json::from_str::<FileSourceConfig>(r#"{"scan_interval":"1s"}"#).is_err());
}
