//! Batches as they come from the network and from disks.

use serde_json::Value;
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Batch, BatchBuilder, Decoded, Envelope, Epoch, Event, Skip, StreamId, Timestamp};

/// Small limits, so that going beyond them is cheap.
const LIMITS: Limits = Limits {
    decompressed: 256 << 10,
    line: 4 << 10,
};

/// A batch of a few events, with everything a header can have.
pub(super) fn sample(from: u64, to: u64) -> Vec<u8> {
    let agent = AgentId::new("web-1").expect("a name");
    let stream = StreamId::new("file:/var/log/app.log").expect("a name");
    let mut batch = BatchBuilder::new(agent, stream, Epoch(7), from);
    batch.count_read(to - from, 100 * (to - from));
    for position in from + 1..=to {
        let time = Timestamp::from_seconds(1_795_132_800 + position as i64);
        let event = Event::new(time, position, format!("line {position} of a sample\u{301}"));
        batch.push(&event.with("host.name", "web-1").with("http.response.status_code", 200));
    }
    batch.finish(to).expect("it encodes")
}

fn with_skip() -> Vec<u8> {
    let agent = AgentId::new("web-1").expect("a name");
    let mut batch = BatchBuilder::new(agent, StreamId::new("process").expect("a name"), Epoch(u64::MAX), 10);
    batch.count_dropped("filter", 3);
    batch.declare_skip(Skip {
        from: 12,
        to: 20,
        reason: Skip::SPOOL_FULL.to_owned(),
        records: 8,
    });
    batch.set_end();
    batch.finish(20).expect("it encodes")
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let two = [sample(0, 3), sample(3, 5)].concat();
    vec![sample(0, 1), sample(5, 40), with_skip(), two, Vec::new()]
}

/// The first batch's lengths and checksum fit its bytes again, where its header is still JSON.
pub(super) fn repair(bytes: &mut Vec<u8>) {
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'}').filter(|end| *end > 4) else {
        return;
    };
    // The frame begins behind the header: the first place where what stands before it is a JSON object.
    let header_end = (5..=end + 1).find(|end| bytes[end - 1] == b'}' && is_object(&bytes[4..*end]));
    let Some(header_end) = header_end else { return };
    let Ok(mut header) = serde_json::from_slice::<Value>(&bytes[4..header_end]) else {
        return;
    };
    let frame = bytes.split_off(header_end);
    header["frame"] = frame.len().into();
    header["crc"] = crc32c::crc32c(&frame).into();
    let header = header.to_string();
    *bytes = [&(header.len() as u32).to_le_bytes(), header.as_bytes(), &frame].concat();
}

fn is_object(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value.is_object())
}

pub(super) fn run(input: &[u8]) {
    let mut rest = input;
    while let Ok((batch, after)) = Batch::read(rest) {
        assert!(after.len() < rest.len(), "a batch of no bytes");
        assert_eq!(batch.bytes.len() + after.len(), rest.len());
        check(&batch, Envelope::default());
        rest = after;
    }
}

/// Whatever is accepted lies in its range, in order, within the limits.
fn check(batch: &Batch<'_>, envelope: Envelope) {
    let skip_to = envelope.skip_to.unwrap_or(0);
    let Ok(decoded) = Decoded::from_batch(batch, envelope, LIMITS) else {
        return;
    };
    let header = &decoded.header;
    assert!(header.from <= header.to);
    let mut before = header.from;
    for event in &decoded.events {
        assert!(event.position >= before && event.position > header.from && event.position <= header.to);
        assert!(event.position > skip_to);
        assert!(event.message.len() <= LIMITS.line);
        before = event.position;
    }
    for view in decoded.views() {
        assert!(view.to_json().is_object());
    }
}

/// What stands in a frame: JSON lines, compressed anew for every input.
pub(super) fn texts() -> Vec<Vec<u8>> {
    let frames = [sample(0, 3), sample(7, 30)].map(|bytes| {
        let (batch, _) = Batch::read(&bytes).expect("it reads");
        zstd::bulk::decompress(batch.frame, LIMITS.decompressed).expect("it is small")
    });
    let mut texts = frames.to_vec();
    texts.push(vec![b' '; 300 << 10]);
    texts.push(b"{}\n[]\nnull\n\"\\ud800\"\n{\"p\":18446744073709551615}\n".to_vec());
    texts
}

pub(super) fn run_text(text: &[u8]) {
    let frame = zstd::bulk::compress(text, 1).expect("memory");
    let mut header = serde_json::json!({ "v": 1, "agent": "a", "stream": "s", "epoch": "0000000000000007",
        "from": 0, "to": 1_000_000, "read": 1, "events": u32::MAX, "raw": 1 });
    header["frame"] = frame.len().into();
    header["crc"] = crc32c::crc32c(&frame).into();
    let header = header.to_string();
    let bytes = [&(header.len() as u32).to_le_bytes(), header.as_bytes(), &frame].concat();
    let (batch, _) = Batch::read(&bytes).expect("the header is whole");
    check(&batch, Envelope::default());
}

pub(super) fn envelopes() -> Vec<Vec<u8>> {
    let envelope = |skip_to| Envelope {
        received_at: Timestamp(1_795_132_800_000_000_000),
        principal: "key:17".to_owned(),
        skip_to,
        ..Envelope::default()
    };
    [None, Some(2)]
        .map(|skip_to| [envelope(skip_to).to_bytes(), sample(0, 5)].concat())
        .to_vec()
}

pub(super) fn run_envelope(input: &[u8]) {
    let Ok((envelope, bytes)) = Envelope::read(input) else {
        return;
    };
    if let Ok((batch, _)) = Batch::read(bytes) {
        check(&batch, envelope);
    }
}
