//! Recorded events of Windows.

use std::io::{ErrorKind, Read};

use watchpost_agent::evtx::{Lines, RECORD_LIMIT};

#[path = "../../../crates/agent/tests/made/evtx.rs"]
mod made;

use made::{CHUNK_BYTES, Chunk, HEADER_BYTES, Part, Value, chunk_of, element, file, sum_chunk, text, units};

/// A chunk may say more than it holds, but not without end.
const CHUNK_TEXT_BYTES: usize = 16 << 20;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut mixed = Chunk::new(1);
    let parts = vec![
        Part::Element(element("Data", vec![Part::Value(0)]).with("Name", Part::Optional(1))),
        Part::Element(element(
            "Binary",
            vec![Part::Value(2), Part::Text("<&>"), Part::Cdata("a"), Part::Entity("lt")],
        )),
        Part::Character(0x41),
    ];
    let values = [
        Value::Plain(0x81, units("a\0b\0c\0")),
        text("name"),
        Value::Plain(0x0e, vec![1, 2, 3]),
    ];
    mixed.record(3, &element("Event", parts), &values);
    vec![
        file(&[chunk_of(1..3)], false),
        file(&[chunk_of(1..30), chunk_of(30..60)], true),
        file(&[mixed.finish()], false),
    ]
}

/// Checksums of all chunks fit again.
#[expect(clippy::ptr_arg, reason = "one type for all targets")]
pub(super) fn repair(bytes: &mut Vec<u8>) {
    let chunks = bytes.get_mut(HEADER_BYTES..).unwrap_or_default();
    chunks.chunks_exact_mut(CHUNK_BYTES).for_each(sum_chunk);
}

/// Lines of XML within their limits, the same each time, and an end.
pub(super) fn run(input: &[u8]) {
    let lines = read(input);
    assert!(lines == read(input), "the same bytes give the same text");
    let chunks = input.len() / CHUNK_BYTES + 1;
    assert!(
        lines.len() <= chunks * (CHUNK_TEXT_BYTES + RECORD_LIMIT),
        "the limit of a chunk"
    );
    for line in lines.split_terminator('\n') {
        assert!(
            line.len() <= RECORD_LIMIT && line.starts_with('<') && line.ends_with('>'),
            "{line:?}"
        );
    }
}

fn read(input: &[u8]) -> String {
    let mut content = Vec::new();
    if let Err(error) = Lines::new(input).read_to_end(&mut content) {
        let known = [ErrorKind::UnexpectedEof, ErrorKind::InvalidData];
        assert!(known.contains(&error.kind()), "{error}");
    }
    String::from_utf8(content).expect("it is text")
}
