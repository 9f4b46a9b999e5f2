#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use watchpost_event::Fingerprint;

use super::content::{Packed, PackedPrint, Step};
use super::kind::{Kind, Sniffed, sniff};
use super::survey::{Candidate, Ending, Progress, Survey};
use super::unpack::{Unpacked, Unpacker};
use crate::source::file::checkpoint::{Bytes, Mark};

const KINDS: [Kind; 4] = [Kind::Gzip, Kind::Zstd, Kind::Xz, Kind::Bzip2];

fn pack(kind: Kind, content: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Kind::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Kind::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Kind::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        // Of text there is none; `crate::evtx` has tests of its own.
        Kind::Evtx => unreachable!("it is not packed from text"),
    }
}

fn file_of(bytes: &[u8]) -> Arc<File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Arc::new(file)
}

/// Everything that comes out, and how it ends. Steps are limited: nothing may go on for ever.
fn unpack(kind: Kind, bytes: &[u8], fuel: u64, chunk: usize) -> (Vec<u8>, Unpacked) {
    let mut unpacker = Unpacker::new(&file_of(bytes), kind).unwrap();
    let mut content = Vec::new();
    let mut buffer = vec![0; chunk];
    for _ in 0..2_000_000 {
        unpacker.refuel(fuel);
        match unpacker.read(&mut buffer).unwrap() {
            Unpacked::Bytes(count) => content.extend_from_slice(&buffer[..count]),
            Unpacked::Pause => {}
            end => return (content, end),
        }
    }
    panic!("{kind:?} never ends");
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let lines = (0u32..4000).prop_map(|count| (0..count).flat_map(|n| format!("line {n}\n").into_bytes()).collect());
    prop_oneof![lines, prop::collection::vec(any::<u8>(), 0..5000)]
}

fn kind() -> impl Strategy<Value = Kind> {
    (0usize..4).prop_map(|at| KINDS[at])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_packed_comes_out(
        kind in kind(), parts in prop::collection::vec(content(), 1..4), fuel in 1u64..5000, chunk in 1usize..5000
    ) {
        let packed: Vec<u8> = parts.iter().flat_map(|part| pack(kind, part)).collect();
        prop_assert_eq!(sniff(&packed, Path::new("a.log")), Sniffed::Packed(kind));
        let (content, end) = unpack(kind, &packed, fuel, chunk);
        prop_assert_eq!(end, Unpacked::End);
        prop_assert!(content == parts.concat());
    }

    #[test]
    fn a_cut_file_gives_its_beginning(kind in kind(), content in content(), cut in any::<prop::sample::Index>()) {
        let packed = pack(kind, &content);
        let cut = cut.index(packed.len());
        let (read, end) = unpack(kind, &packed[..cut], 4096, 4096);
        prop_assert!(content.starts_with(&read));
        prop_assert!(end != Unpacked::End || cut == 0, "{:?} at {} of {}", end, cut, packed.len());
    }

    /// Damaged or made up: it ends, without more memory than is allowed and without a panic.
    #[test]
    fn whatever_the_bytes_are_it_ends(
        kind in kind(), content in content(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut packed = pack(kind, &content);
        for (at, value) in flips {
            let at = at.index(packed.len());
            packed[at] = value;
        }
        let (read, _) = unpack(kind, &packed, 4096, 4096);
        prop_assert!(read.len() < 64 << 20);
    }

    #[test]
    fn noise_behind_a_magic_number_ends(kind in kind(), noise in prop::collection::vec(any::<u8>(), 0..3000)) {
        let mut packed = pack(kind, b"");
        packed.truncate(10);
        packed.extend(noise);
        let (read, _) = unpack(kind, &packed, 4096, 4096);
        prop_assert!(read.len() < 64 << 20);
    }

    #[test]
    fn a_survey_knows_size_head_and_every_place_it_looked_for(
        kind in kind(), content in content(), places in prop::collection::vec(any::<prop::sample::Index>(), 1..5), budget in 500u64..100_000
    ) {
        let mark = |at: usize| Mark {
            position: at as u64,
            tail: Fingerprint::of(&content[at.saturating_sub(1024)..at]),
        };
        let marks: Vec<Mark> = places.iter().map(|place| mark(place.index(content.len() + 1))).collect();
        let mut survey = Survey::new(&file_of(&pack(kind, &content)), kind).unwrap();
        let candidate = Candidate {
            key: watchpost_event::StreamKey {
                agent: watchpost_event::AgentId::new("a").unwrap(),
                stream: watchpost_event::StreamId::new("file:/a").unwrap(),
                epoch: watchpost_event::Epoch(1),
            },
            path: "/a".into(),
            head: Fingerprint::of(b""),
            mark: marks[0],
            marks: marks.clone(),
        };
        let mut buffer = vec![0; 4096];
        let ending = loop {
            let progress = survey.step(&mut buffer, budget).unwrap();
            if progress != Progress::More && !survey.knows_what_to_look_for() {
                survey.look_for(vec![candidate.clone()]);
            }
            if let Progress::Done(ending) = progress {
                break ending;
            }
        };
        prop_assert_eq!(ending, Ending::Whole);
        prop_assert_eq!(survey.content_bytes(), content.len() as u64);
        prop_assert!(survey.begins_with(Fingerprint::of(&content[..content.len().min(1024)])).unwrap());
        for mark in marks {
            prop_assert!(survey.has(mark).unwrap(), "{}", mark.position);
            let other = Mark { tail: Fingerprint::of(b"something else"), ..mark };
            prop_assert!(!survey.has(other).unwrap());
        }
    }

    /// Going to any place and reading on gives what lies there.
    #[test]
    fn reading_goes_on_anywhere(kind in kind(), content in content(), places in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let bytes = pack(kind, &content);
        let print = PackedPrint {
            bytes: bytes.len() as u64,
            print: Fingerprint::of(b""),
            content: content.len() as u64,
        };
        let mut packed = Packed::new(file_of(&bytes), kind, print).unwrap();
        prop_assert!(content.starts_with(packed.head(100)));
        let mut buffer = vec![0; 777];
        for place in places {
            let place = place.index(content.len() + 1);
            while !packed.is_at(place as u64) {
                prop_assert_ne!(packed.approach(place as u64, &mut buffer).unwrap(), Step::Changed);
            }
            prop_assert_eq!(packed.before().bytes(), &content[place.saturating_sub(1024)..place]);
            if place < content.len() {
                let Step::Bytes(count) = packed.step(&mut buffer).unwrap() else {
                    return Err(TestCaseError::fail("nothing came"));
                };
                prop_assert_eq!(&buffer[..count], &content[place..place + count]);
            }
        }
    }
}

#[test]
fn a_window_larger_than_allowed_is_refused() {
    // RFC 8878 §3.1.1.1.2: a frame that asks for a window of 1 GiB, by its exponent.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0];
    let (read, end) = unpack(Kind::Zstd, &frame, 4096, 4096);
    assert!(read.is_empty());
    assert!(matches!(end, Unpacked::Damaged(_)), "{end:?}");
}

#[test]
fn many_empty_members_do_not_hold_a_call_up() {
    let bytes = pack(Kind::Gzip, b"").repeat(10_000);
    let mut unpacker = Unpacker::new(&file_of(&bytes), Kind::Gzip).unwrap();
    let mut buffer = [0; 100];
    let mut pauses = 0;
    loop {
        unpacker.refuel(10_000);
        match unpacker.read(&mut buffer).unwrap() {
            Unpacked::Pause => pauses += 1,
            Unpacked::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(pauses > 5, "{pauses}");
}

#[test]
fn text_is_not_taken_for_compressed() {
    for text in ["B", "BZh", "BZhang joined\n", "(", "7zXZ", "line\n", "\u{1}x"] {
        assert_eq!(sniff(text.as_bytes(), Path::new("a.log")), Sniffed::Plain, "{text:?}");
    }
    for (begin, name) in [
        (&b"\x1f\x8b"[..], "a.log"),
        (b"\xfd7zX", "a.log"),
        (b"BZh9", "a.bz2"),
        (b"\xff", "a.log"),
    ] {
        assert_eq!(sniff(begin, Path::new(name)), Sniffed::Unclear, "{begin:?}");
    }
    assert_eq!(sniff(b"not compressed at all", Path::new("a.gz")), Sniffed::Plain);
}
