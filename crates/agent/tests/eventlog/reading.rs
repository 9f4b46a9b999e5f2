use proptest::prelude::*;
use watchpost_agent::source::eventlog::{EventLogSection, From, Request};
use watchpost_agent::source::{EventLogNotice, Notice, Rewound, Source};

use super::world::{Script, World};

#[test]
fn events_come_once_with_their_fields_and_their_channels_stream() {
    let script = Script::default();
    script.write("Security", 1..=20);
    script.write("System", [5]);
    let mut world = World::of(&script, &["Security", "system", "System"], "beginning");
    world.polls(4);
    script.write("System", [6]);
    world.polls(4);
    let of = |channel: &str| {
        let stream = format!("eventlog:{channel}");
        let batches = world
            .batches()
            .into_iter()
            .filter(|batch| batch.header.stream.as_str() == stream);
        batches.flat_map(|batch| batch.events).count()
    };
    assert_eq!(of("Security"), 20);
    assert_eq!(
        world.notices.len(),
        1,
        "only the test's log tells names by their case: {:?}",
        world.notices
    );
    let event = &world.events()[0];
    assert_eq!(event.fields.text("winlog.channel"), Some("Security"));
    assert_eq!(event.fields.text("watchpost.logsource.product"), Some("windows"));
}

#[test]
fn at_the_end_nothing_of_before_comes_and_everything_of_after() {
    let script = Script::default();
    script.write("Security", 1..=20);
    let mut world = World::of(&script, &["Security"], "end");
    world.polls(3);
    assert_eq!(world.numbers(), Vec::<u64>::new());
    // The place is known before the first event came: what comes while the agent is down is not missed.
    world.kill();
    script.write("Security", [21, 22]);
    world.polls(3);
    assert_eq!(world.numbers(), [21, 22]);
    assert_eq!(world.lost(), []);
}

#[test]
fn an_empty_channel_is_read_from_its_first_event() {
    let script = Script::default();
    script.write("Security", []);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(2);
    script.write("Security", [1, 2]);
    world.polls(3);
    assert_eq!(world.numbers(), [1, 2]);
}

#[test]
fn what_the_log_wrote_over_is_counted() {
    let script = Script::default();
    script.write("Security", 1..=10);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(3);
    script.change(|state| state.channels.get_mut("Security").unwrap().events.clear());
    script.write("Security", 31..=33);
    world.kill();
    world.polls(3);
    assert_eq!(world.numbers(), (1..=10).chain(31..=33).collect::<Vec<_>>());
    assert_eq!(world.lost(), [(20, "overwritten".to_owned())]);
}

fn filtered(start: &str) -> EventLogSection {
    EventLogSection {
        channels: vec!["Security".to_owned()],
        query: "*[System[Level<=3]]".to_owned(),
        start: start.to_owned(),
        ..EventLogSection::default()
    }
}

#[test]
fn with_a_filter_a_gap_is_told_though_nobody_knows_how_large_it_is() {
    let script = Script::default();
    script.write("Security", [2, 4, 6]);
    let mut world = World::new(&script, filtered("beginning"));
    world.polls(3);
    assert_eq!(world.lost(), [], "a filter leaves numbers out");
    script.change(|state| state.channels.get_mut("Security").unwrap().events.clear());
    script.write("Security", [40, 50]);
    world.kill();
    world.polls(3);
    assert_eq!(world.numbers(), [2, 4, 6, 40, 50]);
    assert_eq!(world.lost(), [(1, "overwritten".to_owned())]);
}

#[test]
fn a_log_made_anew_is_read_from_its_beginning_and_told() {
    // With fewer events than were read before, with as many, and with more.
    for events in [3, 10, 15] {
        let script = Script::default();
        script.write("Security", 1..=10);
        let mut world = World::of(&script, &["Security"], "beginning");
        world.polls(3);
        script.change(|state| state.channels.get_mut("Security").unwrap().make_anew());
        script.write("Security", 1..=events);
        world.kill();
        world.polls(3);
        assert_eq!(world.numbers(), (1..=10).chain(1..=events).collect::<Vec<_>>());
        assert_eq!(world.notices, [restarted()]);
        assert_eq!(world.lost(), []);
    }
}

#[test]
fn a_log_made_anew_while_it_is_read_is_told() {
    let script = Script::default();
    script.write("Security", 1..=10);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(3);
    script.change(|state| {
        state.channels.get_mut("Security").unwrap().make_anew();
        state.fails = true;
    });
    script.write("Security", 1..=3);
    world.polls(40);
    assert_eq!(world.numbers(), (1..=10).chain(1..=3).collect::<Vec<_>>());
    assert!(world.notices.contains(&restarted()), "{:?}", world.notices);
}

fn restarted() -> Notice {
    Notice::EventLog(EventLogNotice::Restarted {
        channel: "Security".to_owned(),
    })
}

#[test]
fn a_log_that_is_cleared_and_empty_loses_nothing_that_was_read() {
    let script = Script::default();
    script.write("Security", 1..=10);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(3);
    script.change(|state| state.channels.get_mut("Security").unwrap().events.clear());
    world.kill();
    world.polls(3);
    script.write("Security", 11..=12);
    world.polls(3);
    assert_eq!(world.numbers(), (1..=12).collect::<Vec<_>>());
    assert_eq!(world.lost(), []);
    assert_eq!(world.notices, []);
}

#[test]
fn with_a_filter_the_end_is_the_end_of_the_whole_log() {
    let script = Script::default();
    script.write("Security", [2, 4, 5]);
    let mut world = World::new(&script, filtered("end"));
    world.polls(3);
    world.kill();
    script.write("Security", [6, 7, 8]);
    world.polls(3);
    assert_eq!(world.numbers(), [6, 8]);
    assert_eq!(world.lost(), []);
}

#[test]
fn events_of_a_while_back_come_and_older_ones_are_no_loss() {
    let script = Script::default();
    // A second apart; the test's clock begins at the hundredth.
    script.write("Security", (1..=30).chain(60..=100));
    let mut world = World::of(&script, &["Security"], "50s");
    world.polls(10);
    assert_eq!(world.numbers(), (60..=100).collect::<Vec<_>>());
    assert_eq!(world.lost(), []);
    script.write("Security", [103]);
    world.polls(3);
    assert_eq!(world.lost(), [(2, "overwritten".to_owned())], "from now on holes are");
}

#[test]
fn what_is_overwritten_while_there_is_no_room_is_counted_and_told() {
    let script = Script::default();
    script.write("Security", 1..=20);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.spool.room = 1;
    world.polls(5);
    let read = world.numbers().len() as u64;
    world.pass(60);
    world.polls(5);
    script.change(|state| state.channels.get_mut("Security").unwrap().events.clear());
    script.write("Security", 101..=110);
    world.spool.room = usize::MAX;
    world.polls(20);
    let lost: u64 = world.lost().iter().map(|(records, _)| records).sum();
    let numbers = world.numbers();
    assert!(numbers.ends_with(&(101..=110).collect::<Vec<_>>()), "{numbers:?}");
    assert_eq!(
        numbers.len() as u64 + lost,
        110,
        "{read} were read before, {lost} are lost: {numbers:?}"
    );
    let [Notice::EventLog(EventLogNotice::Missed { channel, records })] = world.notices.as_slice() else {
        panic!("{:?}", world.notices)
    };
    assert_eq!((channel.as_str(), *records), ("Security", lost));
    assert!(world.notices[0].to_string().contains("wevtutil set-log \"Security\""));
}

#[test]
fn answers_that_are_too_large_are_asked_for_in_parts() {
    let script = Script::default();
    script.write("Security", 1..=200);
    script.change(|state| state.most = 5);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(4000);
    assert_eq!(world.numbers(), (1..=200).collect::<Vec<_>>());
}

#[test]
fn a_query_in_xml_is_refused_with_what_to_write_instead() {
    let section = EventLogSection {
        query: "<QueryList><Query Id=\"0\"/></QueryList>".to_owned(),
        ..EventLogSection::default()
    };
    let error = section.resolve().unwrap_err().to_string();
    assert!(error.contains("XPath of its Select"), "{error}");
}

#[test]
fn the_time_to_begin_with_goes_into_the_query_beside_a_filter() {
    let since = From::Since("2026-11-20T08:00:00.123456789Z".parse().unwrap());
    let of = |query: &str, from: From<'_>| {
        let request = Request {
            channel: "A&B/Operational",
            query,
            from,
            render: false,
        };
        request.whole_query()
    };
    assert_eq!(of("*[System[Level<=3]]", From::Oldest), "*[System[Level<=3]]");
    assert_eq!(
        of("*", since),
        "*[System[TimeCreated[@SystemTime >= '2026-11-20T08:00:00.123Z']]]"
    );
    assert_eq!(
        of("*[System[Level<=3]]", since),
        "<QueryList><Query Id=\"0\" Path=\"A&amp;B/Operational\">\
         <Select Path=\"A&amp;B/Operational\">*[System[Level&lt;=3]]</Select>\
         <Suppress Path=\"A&amp;B/Operational\">*[System[TimeCreated[@SystemTime &lt; '2026-11-20T08:00:00.123Z']]]\
         </Suppress></Query></QueryList>"
    );
}

#[test]
fn a_channel_that_may_not_be_read_is_told_once_and_tried_again() {
    let script = Script::default();
    script.write("Security", 1..=3);
    script.change(|state| state.denied = true);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(400);
    let [Notice::EventLog(EventLogNotice::Unreadable { channel, reason })] = world.notices.as_slice() else {
        panic!("{:?}", world.notices)
    };
    assert_eq!(channel, "Security");
    assert!(reason.contains("Event Log Readers"), "{reason}");
    let tries = script.opened();
    assert!((3..40).contains(&tries), "{tries} in a hundred seconds");
    script.change(|state| state.denied = false);
    world.polls(300);
    assert_eq!(world.numbers(), [1, 2, 3]);
}

#[test]
fn channels_that_the_host_does_not_have_are_told_only_where_somebody_named_them() {
    let script = Script::default();
    script.write("Security", [1]);
    let mut world = World::of(&script, &[], "beginning");
    world.polls(10);
    assert_eq!(world.notices, []);
    assert_eq!(world.numbers(), [1]);
    let mut world = World::of(&script, &["Sekurity"], "beginning");
    world.polls(10);
    assert!(world.notices[0].to_string().contains("Sekurity"), "{:?}", world.notices);
}

#[test]
fn globs_find_channels_in_any_case() {
    let script = Script::default();
    script.write("Microsoft-Windows-A/Operational", [1]);
    script.write("Microsoft-Windows-B/Operational", [2]);
    script.write("Other", [3]);
    let mut world = World::of(&script, &["microsoft-windows-*/operational"], "beginning");
    world.polls(3);
    script.write("Microsoft-Windows-C/Operational", [4]);
    world.polls(3000);
    let mut numbers = world.numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 4]);
}

#[test]
fn the_agents_own_entries_are_passed_over() {
    let script = Script::default();
    script.write("Application", [1, 2, 3]);
    script.change(|state| {
        let second = &mut state.channels.get_mut("Application").unwrap().events[1].1;
        *second = second.replace("'Test'", "'Watchpost'");
    });
    let mut world = World::of(&script, &["Application"], "beginning");
    world.polls(3);
    assert_eq!(world.numbers(), [1, 3]);
    assert_eq!(world.lost(), []);
}

#[test]
fn a_full_spool_leaves_events_in_the_log() {
    let script = Script::default();
    script.write("Security", 1..=100);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.spool.room = 2;
    world.polls(5);
    assert!(world.poll().blocked);
    assert_eq!(world.spool.taken.len(), 2);
    world.spool.room = usize::MAX;
    world.polls(20);
    assert_eq!(world.numbers(), (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_server_that_lost_something_gets_it_again() {
    let script = Script::default();
    script.write("Security", 1..=30);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(10);
    let key = world.spool.taken[0].key.clone();
    let to = world.spool.taken[1].to;
    world.spool.taken.truncate(2);
    assert_eq!(world.source.rewind(&key, to, world.now), Rewound::Again);
    world.polls(10);
    assert_eq!(world.numbers(), (1..=30).collect::<Vec<_>>());
    assert_eq!(
        world.source.rewind(&key, 3, world.now),
        Rewound::Gone { resumes_at: Some(30) }
    );
}

#[test]
fn an_error_while_reading_is_told_and_nothing_is_missed() {
    let script = Script::default();
    script.write("Security", 1..=10);
    let mut world = World::of(&script, &["Security"], "beginning");
    world.polls(2);
    script.write("Security", 11..=20);
    script.change(|state| state.fails = true);
    world.polls(60);
    assert_eq!(world.numbers(), (1..=20).collect::<Vec<_>>());
    assert!(world.notices[0].to_string().contains("the service was restarted"));
}

proptest! {
    #[test]
    fn every_event_comes_exactly_once_whenever_the_agent_is_killed(
        steps in proptest::collection::vec((0u64..30, any::<bool>(), 0usize..4), 1..25),
    ) {
        let script = Script::default();
        script.write("Security", 1..=1);
        let mut world = World::of(&script, &["Security"], "beginning");
        let mut written = 1;
        for (more, kill, room) in steps {
            script.write("Security", written + 1..=written + more);
            written += more;
            world.spool.room = room;
            world.polls(2);
            if kill {
                world.kill();
            }
        }
        world.spool.room = usize::MAX;
        world.polls(120);
        prop_assert_eq!(world.numbers(), (1..=written).collect::<Vec<_>>());
        prop_assert_eq!(world.lost(), []);
    }
}
