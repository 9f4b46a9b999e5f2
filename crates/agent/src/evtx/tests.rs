#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{ErrorKind, Read};

use proptest::prelude::*;

use super::{Lines, RECORD_LIMIT};

#[path = "../../tests/made/evtx.rs"]
mod made;

use made::{CHUNK_BYTES, Chunk, Element, HEADER_BYTES, Part, Value, element, events, null, text, units, word};

/// All lines, and how the file ends.
fn read(bytes: &[u8]) -> (Vec<String>, Option<(ErrorKind, String)>) {
    let mut lines = Lines::new(bytes);
    let mut all = String::new();
    let mut buffer = [0; 1000];
    let mut content = Vec::new();
    let end = loop {
        match lines.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => content.extend_from_slice(&buffer[..count]),
            Err(error) => break Some((error.kind(), error.to_string())),
        }
    };
    all.push_str(std::str::from_utf8(&content).unwrap());
    (all.lines().map(str::to_owned).collect(), end)
}

fn one(element: &Element, values: &[Value]) -> String {
    let mut chunk = Chunk::new(1);
    chunk.record(9, element, values);
    let (lines, end) = read(&made::file(&[chunk.finish()], false));
    assert_eq!((lines.len(), &end), (1, &None), "{lines:?}");
    lines[0].clone()
}

fn value(kind: u8, bytes: &[u8]) -> String {
    let line = one(
        &element("V", vec![Part::Value(0)]),
        &[Value::Plain(kind, bytes.to_vec())],
    );
    line.strip_prefix("<V>")
        .unwrap()
        .strip_suffix("</V>")
        .unwrap()
        .to_owned()
}

/// Each number's event, in this order.
fn assert_words(lines: &[String], numbers: impl Iterator<Item = u64>) {
    let numbers: Vec<u64> = numbers.collect();
    assert_eq!(lines.len(), numbers.len());
    for (line, number) in lines.iter().zip(numbers) {
        assert!(line.contains(&word(number)), "{number}: {line}");
    }
}

#[test]
fn an_event_is_what_windows_would_write() {
    let (lines, end) = read(&events(std::slice::from_ref(&(7..8))));
    assert_eq!(end, None);
    let expected = concat!(
        r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>"#,
        r#"<Provider Name="Microsoft-Windows-Sysmon" Guid="{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"/>"#,
        "<EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>",
        "<Keywords>0x8000000000000000</Keywords>",
        r#"<TimeCreated SystemTime="2026-01-02T03:04:05.0000007Z"/><EventRecordID>7</EventRecordID><Correlation/>"#,
        "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>desk-7.example.com</Computer>",
        r#"<Security UserID="S-1-5-18"/></System><EventData>"#,
        r#"<Data Name="Image">C:\Windows\System32\cmd.exe</Data>"#,
        r#"<Data Name="CommandLine">cmd.exe /c &quot;echo made-00007 &gt; C:\a&amp;b&quot;</Data>"#,
        r#"<Data Name="ProcessId">4242</Data></EventData></Event>"#,
    );
    assert_eq!(lines, [expected]);
}

#[test]
fn chunks_are_read_in_their_order() {
    let (lines, end) = read(&events(&[1..101, 101..140, 140..240]));
    assert_eq!(end, None);
    assert_words(&lines, 1..240);
}

#[test]
fn values_are_the_text_of_their_kind() {
    let guid = [
        0x5f, 0x38, 0x70, 0x57, 0x2a, 0xc2, 0xe0, 0x43, 0xbf, 0x4c, 6, 0xf5, 0x69, 0x8f, 0xfb, 0xd9,
    ];
    let time = [0xea, 7, 1, 0, 5, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0];
    let kinds: [(u8, &[u8], &str); 22] = [
        (0x02, b"caf\xe9\0", "café"),
        (0x03, &[0xff], "-1"),
        (0x04, &[0xff], "255"),
        (0x05, &[0xfe, 0xff], "-2"),
        (0x06, &[0xfe, 0xff], "65534"),
        (0x07, &[0xfd, 0xff, 0xff, 0xff], "-3"),
        (0x08, &[0xfd, 0xff, 0xff, 0xff], "4294967293"),
        (0x09, &[0xff; 8], "-1"),
        (0x0a, &[0xff; 8], "18446744073709551615"),
        (0x0b, &1.5f32.to_le_bytes(), "1.5"),
        (0x0c, &(-0.25f64).to_le_bytes(), "-0.25"),
        (0x0d, &[1, 0, 0, 0], "true"),
        (0x0d, &[0, 0, 0, 0], "false"),
        (0x0e, &[0xde, 0xad, 1], "DEAD01"),
        (0x0f, &guid, "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"),
        (0x10, &[0x34, 0x12, 0, 0], "0x1234"),
        (0x10, &[0x34, 0x12, 0, 0, 1, 0, 0, 0], "0x100001234"),
        (0x12, &time, "2026-01-02T03:04:05.006Z"),
        (
            0x13,
            &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0],
            "S-1-5-32-544",
        ),
        (0x14, &[0x20, 0, 0, 0], "0x20"),
        (0x06, &[1], "01"),
        (0x77, &[1, 2], "0102"),
    ];
    for (kind, bytes, expected) in kinds {
        assert_eq!(value(kind, bytes), expected, "{kind:#x}");
    }
    assert_eq!(
        value(0x01, &units("one\r\ntwo\tthree\u{1}<&>\"\0\0")),
        "one&#13;&#10;two&#9;three&#1;&lt;&amp;&gt;&quot;"
    );
    assert_eq!(value(0x01, &[0x3d, 0xd8, b'a', 0]), "\u{fffd}a");
    assert_eq!(value(0x01, &units("🦀")), "🦀");
    assert_eq!(value(0x11, &u64::MAX.to_le_bytes()), u64::MAX.to_string());
}

#[test]
fn an_array_repeats_its_element() {
    let strings = Value::Plain(0x81, units("a\0\0<c>\0"));
    let numbers = Value::Plain(0x86, vec![1, 0, 2, 0]);
    let parts = vec![
        Part::Element(element("S", vec![Part::Value(0)]).with("k", Part::Text("v"))),
        Part::Element(element("N", vec![Part::Value(1)])),
    ];
    let line = one(&element("E", parts), &[strings, numbers]);
    assert_eq!(
        line,
        r#"<E><S k="v">a</S><S k="v"></S><S k="v">&lt;c&gt;</S><N>1</N><N>2</N></E>"#
    );
}

#[test]
fn text_may_have_many_parts() {
    let parts = vec![
        Part::Text("a<"),
        Part::Cdata("b&\n"),
        Part::Character(0x2713),
        Part::Entity("amp"),
        Part::Value(0),
        Part::Optional(1),
        Part::Value(99),
    ];
    let line = one(&element("E", parts), &[text("c"), null()]);
    assert_eq!(line, "<E>a&lt;b&amp;&#10;✓&amp;c</E>");
}

#[test]
fn names_cannot_be_markup() {
    let line = one(&element("a b><c", vec![Part::Text("x")]).with("", Part::Text("y")), &[]);
    assert_eq!(line, r#"<a_b__c _="y">x</a_b__c>"#);
}

#[test]
fn a_damaged_chunk_is_told_and_the_others_are_read() {
    let mut bytes = events(&[1..51, 51..101, 101..151]);
    let second = HEADER_BYTES + CHUNK_BYTES;
    bytes[second..second + 8].fill(b'?');
    let (lines, end) = read(&bytes);
    assert_words(&lines, (1..51).chain(101..151));
    let (kind, why) = end.unwrap();
    assert_eq!(kind, ErrorKind::InvalidData);
    assert!(
        why.contains("damaged chunks: 1, records left out of others: 0; first, chunk 2: it does not begin"),
        "{why}"
    );
}

#[test]
fn a_damaged_record_is_left_out_and_the_others_of_its_chunk_are_read() {
    let mut bytes = events(std::slice::from_ref(&(1..4)));
    let records: Vec<usize> = (HEADER_BYTES..bytes.len() - 4)
        .filter(|at| bytes[*at..].starts_with(b"**\0\0"))
        .collect();
    assert_eq!(records.len(), 3);
    bytes[records[1] + 4..records[1] + 8].fill(0xff);
    let (lines, end) = read(&bytes);
    assert_words(&lines, [1, 3].into_iter());
    let (_, why) = end.unwrap();
    assert!(
        why.contains("damaged chunks: 1, records left out of others: 1"),
        "{why}"
    );
    assert!(why.contains("records' checksum"), "{why}");
}

#[test]
fn a_file_that_ends_too_early_is_read_as_far_as_it_goes() {
    let whole = events(&[1..51, 51..101]);
    let (lines, end) = read(&whole[..HEADER_BYTES + CHUNK_BYTES + 8_000]);
    assert!(lines.len() > 50 && lines.len() < 100, "{}", lines.len());
    assert_words(&lines, 1..=lines.len() as u64);
    assert_eq!(end.unwrap().0, ErrorKind::UnexpectedEof);
    let (lines, end) = read(&whole[..HEADER_BYTES + CHUNK_BYTES]);
    assert_words(&lines, 1..51);
    assert_eq!(
        end.unwrap().0,
        ErrorKind::UnexpectedEof,
        "the header says that there are two"
    );
    for bytes in [0, 8, 4095] {
        assert_eq!(read(&whole[..bytes]).0.len(), 0);
    }
}

#[test]
fn a_file_that_was_not_closed_is_read_without_a_word() {
    let mut last = made::chunk_of(51..61);
    // Its header is written later than its records.
    last[48..56].fill(0);
    let mut bytes = made::file(&[made::chunk_of(1..51), last], true);
    bytes[42] = 1;
    bytes.extend(vec![0; 2 * CHUNK_BYTES]);
    let (lines, end) = read(&bytes);
    assert_words(&lines, 1..61);
    assert_eq!(end, None);
}

/// Each value holds the template around it many times: written out there would be more than any memory holds.
#[test]
fn what_grows_without_end_is_cut_off() {
    let many = |index: u16| vec![Part::Value(index); 400];
    let mut nested = Value::Plain(1, units(&"x".repeat(8000)));
    for template in 10..16 {
        nested = Value::Nested(template, element("E", many(0)), vec![nested]);
    }
    let mut chunk = Chunk::new(1);
    chunk.record(1, &element("E", many(0)), &[nested]);
    let (lines, end) = read(&made::file(&[chunk.finish()], false));
    assert_eq!(lines.len(), 0);
    assert!(end.unwrap().1.contains("too long"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn noise_behind_the_magic_number_ends(noise in prop::collection::vec(any::<u8>(), 0..9000)) {
        let mut bytes = super::MAGIC.to_vec();
        bytes.extend(noise);
        let (lines, _) = read(&bytes);
        prop_assert_eq!(lines.len(), 0);
    }

    /// Checksums are made to fit, so that what is changed is believed.
    #[test]
    fn whatever_a_chunk_holds_it_ends(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30), fits in any::<bool>()
    ) {
        let mut chunk = made::chunk_of(1..20);
        let used = u32::from_le_bytes(chunk[48..52].try_into().unwrap()) as usize;
        for (at, byte) in changes {
            let at = at.index(used);
            chunk[at] = byte;
        }
        if fits {
            made::sum_chunk(&mut chunk);
        }
        let (lines, _) = read(&made::file(&[chunk], false));
        prop_assert!(lines.iter().all(|line| line.len() <= RECORD_LIMIT && line.starts_with('<')));
    }

    /// However it is read, the text is the same: places in it mean the same each time.
    #[test]
    fn reading_in_pieces_gives_the_same(piece in 1usize..3000) {
        let bytes = events(&[1..30, 30..60]);
        let mut whole = String::new();
        Lines::new(bytes.as_slice()).read_to_string(&mut whole).unwrap();
        let mut lines = Lines::new(bytes.as_slice());
        let mut buffer = vec![0; piece];
        let mut content = Vec::new();
        loop {
            let count = lines.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            content.extend_from_slice(&buffer[..count]);
        }
        prop_assert!(content == whole.as_bytes());
    }
}
