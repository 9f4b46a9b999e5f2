#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;

/// A record with its own bytes: position before and after, first part, last part and length where it was cut.
type Owned = (u64, u64, Vec<u8>, Option<(Vec<u8>, u64)>);

fn owned(record: Record<'_>) -> Owned {
    let cut = match record.body {
        Body::Whole(_) => None,
        Body::Cut { last, length, .. } => Some((last.to_vec(), length)),
    };
    (record.start, record.end, record.bytes().to_vec(), cut)
}

fn run(framing: &Framing, input: &[u8], cuts: &[usize]) -> Vec<Owned> {
    let mut framer = Framer::new(Arc::new(framing.clone()), 100);
    let mut records = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    for pair in cuts.windows(2) {
        let mut chunk = &input[pair[0]..pair[1]];
        while let Some(record) = framer.next_record(&mut chunk) {
            records.push(owned(record));
        }
        assert!(chunk.is_empty(), "a chunk is used up before None");
        assert!(framer.position() <= framer.boundary());
    }
    while let Some(record) = framer.finish() {
        records.push(owned(record));
    }
    records
}

/// The dumb way: everything in memory.
fn expected(framing: &Framing, input: &[u8]) -> Vec<Owned> {
    let mut records = Vec::new();
    let (mut start, mut rest) = (100, input);
    while !rest.is_empty() {
        let (line, behind) = match framing.find(rest, 0) {
            Some(at) => (&rest[..at], &rest[at + framing.separator.len()..]),
            None => (rest, &rest[..0]),
        };
        let terminated = line.len() < rest.len();
        let line = match line {
            [before @ .., b'\r'] if framing.separator == b"\n" && terminated => before,
            line => line,
        };
        let end = start + (rest.len() - behind.len()) as u64;
        let max = framing.max_record;
        records.push(if line.len() > max {
            let last = line[line.len() - max..].to_vec();
            (start, end, line[..max].to_vec(), Some((last, line.len() as u64)))
        } else {
            (start, end, line.to_vec(), None)
        });
        (start, rest) = (end, behind);
    }
    records
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[ab|]{0,6}".prop_map(String::into_bytes),
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"||".to_vec()),
        1 => (0usize..60).prop_map(|n| (0..n).map(|i| b'a' + (i % 26) as u8).collect()),
        1 => Just(b"BEGIN x\n".to_vec()),
        1 => Just(b"x;\n".to_vec()),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn framing() -> impl Strategy<Value = Framing> {
    let separator = prop_oneof![Just("\n"), Just("||"), Just("\n\n"), Just("aba")];
    (separator, 16usize..40).prop_map(|(separator, max)| {
        let lines = Framing::lines().with_separator(separator.as_bytes()).unwrap();
        lines.with_max_record(max).unwrap()
    })
}

proptest! {
    #[test]
    fn records_do_not_depend_on_how_the_input_is_cut(
        framing in framing(), input in text(), cuts in proptest::collection::vec(any::<usize>(), 0..12)
    ) {
        prop_assert_eq!(run(&framing, &input, &cuts), expected(&framing, &input));
    }

    #[test]
    fn groups_do_not_depend_on_how_the_input_is_cut(
        input in text(), cuts in proptest::collection::vec(any::<usize>(), 0..12), max in 16usize..40, which in 0..3
    ) {
        let mut framing = Framing::lines().with_max_record(max).unwrap();
        if which != 0 {
            framing = framing.with_break_before("^BEGIN").unwrap();
        }
        if which != 1 {
            framing = framing.with_break_after(";$").unwrap();
        }
        let records = run(&framing, &input, &cuts);
        prop_assert_eq!(&records, &run(&framing, &input, &[]));
        prop_assert_eq!(covered(&records), input.len() as u64);
        prop_assert!(records.iter().all(|record| record.2.len() <= max));
        // Whatever was gathered holds the input's lines in order.
        if records.iter().all(|record| record.3.is_none()) {
            let lines = expected(&Framing::lines(), &input);
            let joined: Vec<Vec<u8>> = records.iter().flat_map(|r| r.2.split(|b| *b == b'\n')).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(joined, lines.into_iter().map(|line| line.2).collect::<Vec<_>>());
        }
    }
}

fn utf16() -> impl Strategy<Value = (bool, TextEncoding)> {
    any::<bool>().prop_map(|little| {
        let name = if little { "utf-16le" } else { "utf-16be" };
        (little, TextEncoding::named(name).unwrap())
    })
}

proptest! {
    /// U+0A0A and its like hold the bytes of a line feed on both sides of a code unit.
    #[test]
    fn lines_of_utf16_end_at_code_units_only(
        (_, encoding) in utf16(), lines in prop::collection::vec("[a\u{0a0a}\u{0d00}\u{1f600}\u{000d}\u{0a00}]{0,12}", 0..12),
        cuts in prop::collection::vec(any::<usize>(), 0..12), max in 16usize..60, several in any::<bool>()
    ) {
        let text: String = lines.join("\n") + if lines.is_empty() { "" } else { "\n" };
        let input = encoding.encode(&text);
        let mut framing = Framing::lines().with_max_record(2 * max).unwrap();
        if several {
            framing = framing.with_break_before("^a").unwrap();
        }
        let framing = framing.with_encoding(encoding).unwrap();
        let records = run(&framing, &input, &cuts);
        prop_assert_eq!(&records, &run(&framing, &input, &[]));
        prop_assert_eq!(covered(&records), input.len() as u64);
        if records.iter().all(|record| record.3.is_none()) {
            let read: Vec<String> = records.iter().map(|record| encoding.decode(&record.2).0.into_owned()).collect();
            let trimmed = |line: &String| line.strip_suffix('\r').unwrap_or(line).to_owned();
            let mut expected: Vec<String> = Vec::new();
            for line in lines.iter().map(trimmed) {
                match expected.last_mut() {
                    Some(last) if several && !line.starts_with('a') => *last = [last.as_str(), &line].join("\n"),
                    _ => expected.push(line),
                }
            }
            prop_assert_eq!(read, expected);
        }
    }

    /// Both parts of a record that is too long hold whole characters only.
    #[test]
    fn parts_of_a_long_record_have_no_cut_characters(
        name in prop::sample::select(vec!["utf-8", "utf-16le", "utf-16be", "windows-1251", "gb18030", "shift_jis"]),
        text in "[а-я ]{40,80}", max in 16usize..40
    ) {
        let encoding = TextEncoding::named(name).unwrap();
        let bytes = encoding.encode(&text);
        let (first, invalid_first) = encoding.decode_first(&bytes[..max]);
        let (last, invalid_last) = encoding.decode_last(&bytes[bytes.len() - max..]);
        prop_assert!(!invalid_first && text.starts_with(&first), "{:?}", first);
        let resyncs = text.chars().rev().take(max / 2).any(|character| character == ' ');
        if !encoding.name().starts_with("gb") && encoding.name() != "Shift_JIS" || resyncs {
            prop_assert!(!invalid_last && text.ends_with(&*last), "{:?}", last);
        }
    }
}

#[test]
fn separators_of_all_kinds() {
    for (separator, input) in [
        ("\0", "a\0b\0"),
        ("||", "a||b||"),
        ("\r\n", "a\r\nb\r\n"),
        ("§", "a§b§"),
    ] {
        for name in ["utf-8", "utf-16le", "windows-1252"] {
            let encoding = TextEncoding::named(name).unwrap();
            let framing = Framing::lines().with_separator(separator.as_bytes()).unwrap();
            let framing = framing.with_encoding(encoding).unwrap();
            let records = run(&framing, &encoding.encode(input), &[1, 2, 3]);
            let read: Vec<_> = records
                .iter()
                .map(|record| encoding.decode(&record.2).0.into_owned())
                .collect();
            assert_eq!(read, ["a", "b"], "{separator:?} {name}");
        }
    }
}

/// Positions rise without holes; how many bytes they cover.
fn covered(records: &[Owned]) -> u64 {
    let mut at = 100;
    for record in records {
        assert_eq!(record.0, at);
        assert!(record.1 > at);
        at = record.1;
    }
    at - 100
}

#[test]
fn lines_that_continue_belong_to_the_record_before() {
    let framing = Framing::lines().with_break_before(r"^\d{4}-").unwrap();
    let input = b"2026-01-01 boom\n  at a()\n  at b()\n2026-01-02 fine\n";
    let records = run(&framing, input, &[]);
    assert_eq!(
        String::from_utf8_lossy(&records[0].2),
        "2026-01-01 boom\n  at a()\n  at b()"
    );
    assert_eq!(records[1].2, b"2026-01-02 fine");
}

#[test]
fn a_break_that_never_comes_does_not_swallow_the_input() {
    let framing = Framing::lines().with_break_before("^never").unwrap();
    let input = b"line\n".repeat(2500);
    assert_eq!(run(&framing, &input, &[]).len(), 3);
}

#[test]
fn flushing_hands_out_complete_lines_and_keeps_the_incomplete_one() {
    let framing = Arc::new(Framing::lines().with_break_before("^A").unwrap());
    let mut framer = Framer::new(framing, 0);
    let mut chunk: &[u8] = b"A\nb\nunfin";
    assert!(framer.next_record(&mut chunk).is_none());
    assert_eq!((framer.position(), framer.boundary()), (0, 4));
    assert_eq!(framer.flush().map(owned), Some((0, 4, b"A\nb".to_vec(), None)));
    assert!(framer.flush().is_none());
    let mut chunk: &[u8] = b"ished\nA\n";
    assert_eq!(
        framer.next_record(&mut chunk).map(owned),
        Some((4, 15, b"unfinished".to_vec(), None))
    );
}

#[test]
fn a_huge_record_is_kept_by_its_ends_only() {
    let framing = Arc::new(Framing::lines().with_max_record(1024).unwrap());
    let mut framer = Framer::new(framing, 0);
    let piece: Vec<u8> = (0..65_536u32).map(|i| b'a' + (i % 26) as u8).collect();
    for _ in 0..200 {
        let mut chunk = piece.as_slice();
        assert!(framer.next_record(&mut chunk).is_none());
        assert!(framer.held_bytes() < 4096);
    }
    let mut chunk: &[u8] = b"the end\n";
    let record = framer.next_record(&mut chunk).unwrap();
    let (_, end, first, cut) = owned(record);
    let (last, length) = cut.unwrap();
    assert_eq!(length, 200 * 65_536 + 7);
    assert_eq!(end, length + 1);
    assert_eq!(first, &piece[..1024]);
    assert!(last.ends_with(b"the end") && last.len() == 1024);
    assert_eq!(record.body.omitted(), length - 2048);
}

#[test]
fn limits_are_held() {
    assert!(Framing::lines().with_separator(b"").is_err());
    assert!(Framing::lines().with_separator(&[b'x'; 65]).is_err());
    assert!(Framing::lines().with_max_record(3).is_err());
    assert!(Framing::lines().with_break_before("(").is_err());
    assert!(TextEncoding::named("no such thing").is_err());
    let long = Framing::lines().with_separator(&[b'x'; 40]).unwrap();
    let wide = TextEncoding::named("utf-16le").unwrap();
    assert!(long.with_encoding(wide).is_err(), "80 bytes as it stands in the file");
}
