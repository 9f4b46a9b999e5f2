//! Records to batches through the public surface.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, Fields, Origin, StreamId, Timestamp};
use watchpost_pipeline::{Codec, Decoder, Framer, Framing, Pipeline, TimeZone};

const NOW: Timestamp = Timestamp(1_763_678_467_000_000_000);

fn origin() -> Origin {
    Origin {
        agent: AgentId::new("web-1").unwrap(),
        stream: StreamId::new("file:/var/log/x").unwrap(),
        epoch: Epoch(7),
        fields: [("host.name", "web-1".into())].into_iter().collect::<Fields>(),
    }
}

fn run(pipeline: &Pipeline, framing: Framing, input: &[u8]) -> (Decoded, bool) {
    let origin = origin();
    let mut batch = BatchBuilder::new(origin.agent.clone(), origin.stream.clone(), origin.epoch, 0);
    let mut processor = pipeline.processor(origin);
    let mut framer = Framer::new(Arc::new(framing), 0);
    let (mut chunk, mut at_once, mut to) = (input, false, 0);
    while let Some(record) = framer.next_record(&mut chunk) {
        to = record.end;
        at_once |= processor.process(&record, record.end, NOW, &mut batch);
    }
    let bytes = batch.finish(to).unwrap();
    (Decoded::from_bytes(&bytes, Limits::default()).unwrap(), at_once)
}

fn pipeline(codec: Codec) -> Pipeline {
    Pipeline::new(Decoder::new(codec, TimeZone::UTC))
}

fn query(text: &str) -> watchpost_query::Query {
    watchpost_query::parse(text).unwrap()
}

#[test]
fn plain_lines_keep_positions_nul_bytes_and_what_is_not_utf8() {
    let (decoded, at_once) = run(&pipeline(Codec::Plain), Framing::lines(), b"a\0b\r\n\nbad \xff\xfe\n");
    assert!(!at_once);
    let events: Vec<_> = decoded
        .events
        .iter()
        .map(|e| (e.position, e.message.as_str()))
        .collect();
    assert_eq!(events, [(5, "a\0b"), (13, "bad \u{fffd}\u{fffd}")]);
    assert_eq!(
        decoded.events[1].fields.get("watchpost.invalid_utf8"),
        Some(&true.into())
    );
    assert_eq!((decoded.header.read, decoded.header.raw), (3, 13));
    assert_eq!(decoded.header.dropped.get("empty"), Some(&1));
}

#[test]
fn filters_drop_and_count_and_errors_flush() {
    for codec in [Codec::Plain, Codec::Auto] {
        let dropping = pipeline(codec).with_drop([query("noise")]);
        let (decoded, at_once) = run(&dropping, Framing::lines(), b"noise 1\nsignal\nnoise 2\n");
        assert_eq!(decoded.events.len(), 1);
        assert!(!at_once);
        assert_eq!(decoded.header.dropped.get("filter"), Some(&2));
        let eager = pipeline(codec).with_at_once(Some(query("log.level:>=error OR panic")));
        assert!(run(&eager, Framing::lines(), b"fine\npanic\n").1);
        assert!(!run(&eager, Framing::lines(), b"fine\n").1);
    }
    let eager = pipeline(Codec::Json).with_at_once(Some(query("log.level:>=error")));
    assert!(run(&eager, Framing::lines(), b"{\"level\":\"error\",\"msg\":\"x\"}\n").1);
}

#[test]
fn filters_on_constant_fields_hold_for_plain_lines_too() {
    let all = pipeline(Codec::Plain).with_drop([query("host.name:web-1")]);
    assert!(run(&all, Framing::lines(), b"x\ny\n").0.events.is_empty());
    let none = pipeline(Codec::Plain).with_drop([query("host.name:web-2")]);
    assert_eq!(run(&none, Framing::lines(), b"x\ny\n").0.events.len(), 2);
    let eager = pipeline(Codec::Plain).with_at_once(Some(query("host.name:web-1")));
    assert!(run(&eager, Framing::lines(), b"x\n").1);
}

#[test]
fn over_long_records_become_two_marked_events() {
    let line = format!("Nov 20 10:00:00 h sshd[1]: {}é{}\n", "a".repeat(200), "z".repeat(999));
    for codec in [Codec::Auto, Codec::Plain, Codec::Json, Codec::Syslog, Codec::Access] {
        let framing = Framing::lines().with_max_record(128).unwrap();
        let (decoded, _) = run(&pipeline(codec), framing, line.as_bytes());
        let [first, last] = decoded.events.as_slice() else {
            panic!("two events: {decoded:?}");
        };
        assert_eq!((first.n, last.n), (0, 1));
        assert_eq!(first.time, last.time);
        assert_eq!(last.message, "z".repeat(128));
        let omitted = line.len() as u64 - 1 - 256;
        let overlong = watchpost_event::Overlong { records: 1, omitted };
        assert_eq!(decoded.header.overlong, overlong, "for the delivery report");
        for (event, part) in [(first, "first"), (last, "last")] {
            assert_eq!(event.position, line.len() as u64);
            assert_eq!(event.fields.get("watchpost.truncated"), Some(&true.into()));
            assert_eq!(event.fields.text("watchpost.part"), Some(part));
            assert_eq!(event.fields.get("watchpost.dropped_bytes"), Some(&omitted.into()));
        }
        if matches!(codec, Codec::Auto | Codec::Syslog) {
            assert_eq!(first.fields.text("process.name"), Some("sshd"));
        }
    }
    let framing = Framing::lines().with_max_record(16).unwrap();
    let (decoded, _) = run(
        &pipeline(Codec::Plain),
        framing,
        "123456789012345é678901234567890é\n".as_bytes(),
    );
    assert_eq!(decoded.events[0].message, "123456789012345", "no half characters");
    assert!(
        decoded
            .events
            .iter()
            .all(|event| event.fields.get("watchpost.invalid_utf8").is_none())
    );
}
