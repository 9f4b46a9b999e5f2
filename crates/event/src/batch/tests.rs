use super::*;
use crate::{AgentId, Epoch, Event, Fields, StreamId, json};
use proptest::prelude::*;
use serde_json::{Value, json};

fn builder(from: u64) -> BatchBuilder {
    BatchBuilder::new(
        AgentId::new("web-1").expect("name"),
        StreamId::new("file:/var/log/x").expect("name"),
        Epoch(7),
        from,
    )
}

fn sample() -> Vec<u8> {
    let mut batch = builder(0);
    batch.set_fields([("host.name", Value::from("web-1"))].into_iter().collect());
    batch.set_fingerprints(Some(Fingerprint::of(b"head")), Some(Fingerprint::of(b"tail")));
    batch.declare_skip(Skip {
        from: 0,
        to: 10,
        reason: Skip::BEFORE_START.into(),
        records: 0,
    });
    batch.count_read(3, 90);
    batch.count_dropped("filter", 1);
    batch.push_plain(Timestamp(1_700_000_000_000_000_001), 40, "first \"line\"\t\u{1}");
    batch.push(
        &Event::new(Timestamp(-5), 100, "second")
            .with("user.name", "anna")
            .with("t", 3)
            .with("~x", "tilde"),
    );
    batch.finish(120).expect("encodes")
}

/// The wire format, byte for byte. It changes only together with `VERSION`: agents and servers of
/// different age read each other's batches, and spools outlive upgrades.
#[test]
fn golden_bytes() {
    let bytes = sample();
    let size = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    let header = String::from_utf8_lossy(&bytes[4..4 + size]).into_owned();
    let golden = include_str!("../../testdata/batch-v1.header.json").trim_end();
    // The frame's own bytes may change with the zstd library; what it holds may not.
    let cut = |text: &str| text.split(",\"frame\":").next().map(str::to_owned);
    assert_eq!(cut(&header), cut(golden));
    assert!(golden.ends_with(&header[header.find("\"fields\"").expect("fields")..]));
    let lines = zstd::bulk::decompress(&bytes[4 + size..], 64 << 10).expect("frame");
    assert_eq!(
        String::from_utf8_lossy(&lines),
        include_str!("../../testdata/batch-v1.frame.ndjson")
    );
    let stored = include_bytes!("../../testdata/batch-v1.bin");
    let old = Decoded::from_bytes(stored, Limits::default()).expect("a stored batch of version 1 still reads");
    let new = Decoded::from_bytes(&bytes, Limits::default()).expect("reads");
    assert_eq!(old.events, new.events);
}

#[test]
fn reads_back_what_was_written() {
    let decoded = Decoded::from_bytes(&sample(), Limits::default()).expect("reads");
    assert_eq!(decoded.events[0].message, "first \"line\"\t\u{1}");
    assert_eq!(decoded.events[1].fields.get("t"), Some(&json!(3)));
    assert_eq!(decoded.events[1].fields.get("~x"), Some(&json!("tilde")));
    let json = decoded.views().next().expect("one").to_json();
    assert_eq!(json["host"]["name"], "web-1");
    assert_eq!(json["watchpost"]["position"], 40);
}

#[test]
fn every_flipped_byte_and_every_cut_is_an_error_or_changes_nothing_but_the_header_text() {
    let bytes = sample();
    for cut in 0..bytes.len() {
        assert!(Batch::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let size = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    for at in 4 + size..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x40;
        assert!(
            matches!(Batch::read(&bad), Err(EventError::Checksum { .. })),
            "flip at {at}"
        );
    }
}

#[test]
fn a_bomb_is_refused_before_it_fills_memory() {
    let mut batch = builder(0);
    batch.push_plain(Timestamp(0), 1, &"a".repeat(3 << 20));
    let bytes = batch.finish(1).expect("encodes");
    let limits = Limits {
        decompressed: 1 << 20,
        line: 1 << 20,
    };
    assert!(matches!(
        Decoded::from_bytes(&bytes, limits),
        Err(EventError::Bomb { .. })
    ));
}

#[test]
fn lines_that_are_no_events_are_named_and_passed_over() {
    let header = Batch::read(&sample()).expect("reads").0.header;
    let frame = zstd::bulk::compress(
        b"{\"t\":1,\"p\":20,\"m\":\"ok\"}\nnonsense\n{\"t\":1,\"p\":30,\"m\":\"ok\"}\n",
        1,
    )
    .expect("zstd");
    let batch = Batch {
        header,
        frame: &frame,
        bytes: &[],
    };
    let decoded = Decoded::from_batch(&batch, Envelope::default(), Limits::default()).expect("reads");
    assert_eq!(
        (decoded.events.len(), decoded.rejected.len(), decoded.rejected[0].p),
        (2, 1, 20)
    );
}

/// What a batch of the sample's header and these lines comes to.
fn decode_lines(lines: &str, skip_to: Option<u64>) -> Decoded {
    let header = Batch::read(&sample()).expect("reads").0.header;
    let frame = zstd::bulk::compress(lines.as_bytes(), 1).expect("zstd");
    let batch = Batch {
        header,
        frame: &frame,
        bytes: &[],
    };
    let envelope = Envelope {
        skip_to,
        ..Envelope::default()
    };
    Decoded::from_batch(&batch, envelope, Limits::default()).expect("reads")
}

#[test]
fn a_line_that_would_repeat_names_without_end_is_rejected() {
    let inner: Vec<String> = (0..2_000).map(|n| format!("\"k{n}\":0")).collect();
    let long = format!(
        "{{\"t\":1,\"p\":20,\"{}\":{{{}}}}}\n",
        "x".repeat(2_000),
        inner.join(",")
    );
    let good = "{\"t\":1,\"p\":30,\"m\":\"ok\"}\n";
    let decoded = decode_lines(&format!("{long}{good}"), None);
    assert_eq!((decoded.events.len(), decoded.rejected_lines), (1, 1));
    assert!(
        decoded.rejected[0].error.contains("dotted names"),
        "{:?}",
        decoded.rejected
    );
}

#[test]
fn many_lines_that_repeat_names_are_rejected_together() {
    let line: Vec<String> = (0..400).map(|n| format!("\"{n}\":0,")).collect();
    let (line, head) = (line.concat(), format!("\"{}\":{{", "x".repeat(2_000)));
    let lines: Vec<String> = (20..100)
        .map(|p| format!("{{\"p\":{p},{head}{line}\"m\":0}}}}\n"))
        .collect();
    let lines = lines.concat();
    let decoded = decode_lines(&lines, None);
    assert_eq!(decoded.events.len() as u64 + decoded.rejected_lines, 80);
    let names: usize = decoded
        .events
        .iter()
        .flat_map(|event| event.fields.iter())
        .map(|(name, _)| name.len())
        .sum();
    assert!(
        decoded.rejected_lines > 0 && names < (16 << 20) + 4 * lines.len(),
        "{names}"
    );
}

#[test]
fn rejected_lines_are_counted_beyond_those_listed() {
    let decoded = decode_lines(&"x\n".repeat(5_000), None);
    assert_eq!((decoded.rejected.len(), decoded.rejected_lines), (1_000, 5_000));
}

#[test]
fn a_place_is_taken_once() {
    let places = [(20, 0), (20, 2), (20, 1), (20, 0), (20, 1), (30, 0), (40, 5), (40, 5)];
    let lines: Vec<String> = places
        .iter()
        .enumerate()
        .map(|(at, (p, n))| format!("{{\"t\":1,\"p\":{p},\"n\":{n},\"m\":\"line {at}\"}}\n"))
        .collect();
    let lines = lines.concat();
    let decoded = decode_lines(&lines, None);
    let kept: Vec<_> = decoded.events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(kept, ["line 0", "line 1", "line 2", "line 5", "line 6"]);
    let refused: Vec<_> = decoded.rejected.iter().map(|bad| (bad.p, bad.n)).collect();
    assert_eq!(refused, [(20, 0), (20, 1), (40, 5)]);
    assert!(decoded.rejected[0].error.contains("same position and n"));
    assert_eq!(
        decode_lines(&lines, Some(30)).rejected,
        decoded.rejected,
        "alike for everyone who reads it"
    );
}

#[test]
fn envelope_reads_back_and_skips_what_was_known() {
    let envelope = Envelope {
        received_at: Timestamp(9),
        principal: "key:1".into(),
        skip_to: Some(40),
        kept: 1,
        rejected: 0,
        limits: Some(Limits {
            decompressed: 10_000,
            line: 1_000,
        }),
    };
    let mut record = envelope.to_bytes();
    record.extend_from_slice(&sample());
    let lowered = Limits {
        decompressed: 1,
        line: 1,
    };
    let decoded = Decoded::from_record(&record, lowered).expect("reads by its own limits");
    assert_eq!(decoded.envelope, envelope);
    assert_eq!(
        decoded.events.iter().map(|event| event.position).collect::<Vec<_>>(),
        [100]
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z~.]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_event_reads_back(time: i64, position in 1u64.., n: u32, message: String,
                            names in proptest::collection::vec(("[a-z~@]{1,6}", any_value()), 0..5)) {
        let fields: Fields = names.into_iter().filter(|(name, _)| name != "@timestamp" && name != "message").collect();
        let event = Event { time: Timestamp(time), position, n, message, fields };
        let mut line = Vec::new();
        json::write_line(&mut line, &event);
        let text = std::str::from_utf8(&line).expect("UTF-8");
        prop_assert_eq!(text.matches('\n').count(), 1);
        prop_assert_eq!(json::read_event(text, Timestamp(0)).expect("reads"), event);
    }

    #[test]
    fn rubbish_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Batch::read(&bytes);
        let _ = Envelope::read(&bytes);
        let _ = json::read_event(&String::from_utf8_lossy(&bytes), Timestamp(0));
    }
}
