//! Compressed files.

use std::io::Write;
use std::time::Duration;

use watchpost_agent::source::file::Decompress;
use watchpost_agent::source::{Notice, Rewound};
use watchpost_event::{StreamKey, Timestamp};

use crate::world::{Collector, World};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Packer {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

pub(crate) const PACKERS: [Packer; 4] = [Packer::Gzip, Packer::Zstd, Packer::Xz, Packer::Bzip2];

impl Packer {
    pub(crate) fn pack(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::bulk::compress(content, 1).unwrap(),
            Self::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Self::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Xz => "xz",
            Self::Bzip2 => "bz2",
        }
    }
}

fn lines(range: std::ops::Range<u32>) -> String {
    range
        .map(|n| format!("line {n} {}\n", "x".repeat(n as usize % 80)))
        .collect()
}

impl World {
    /// As compressing tools do: a new file is written, then the old one is removed.
    fn compress(&self, from: &str, to: &str, packer: Packer) {
        let content = std::fs::read(self.path(from)).unwrap();
        std::fs::write(self.path(to), packer.pack(&content)).unwrap();
        std::fs::remove_file(self.path(from)).unwrap();
    }

    /// Long enough for files to count as written.
    fn rest(&mut self) {
        for _ in 0..3 {
            self.pass(Duration::from_secs(2));
            self.settle();
        }
    }

    /// Every line `0..count` arrived, each once.
    fn assert_lines(&self, count: u32) {
        let mut numbers: Vec<u32> = self
            .sink
            .messages()
            .iter()
            .map(|message| message.split(' ').nth(1).unwrap().parse().unwrap())
            .collect();
        numbers.sort_unstable();
        let expected: Vec<u32> = (0..count).collect();
        assert!(numbers == expected, "{} of {count}: {numbers:?}", numbers.len());
    }
}

#[test]
fn a_compressed_file_is_read_once_whatever_it_is_called() {
    for packer in PACKERS {
        for name in ["a.log", "b.log.1.packed"] {
            let mut world = World::new();
            let content = lines(0..5000) + "line 5000 unterminated";
            world.append(name, packer.pack(content.as_bytes()));
            world.rest();
            world.assert_lines(5001);
            let last = world.sink.headers.last().unwrap();
            assert_eq!((last.to, last.end), (content.len() as u64, true), "{packer:?}");
            assert!(world.notices.is_empty(), "{:?}", world.notices);
            world.rest();
            world.start();
            world.rest();
            world.assert_lines(5001);
            // Nor under another name, nor as a copy of its bytes.
            world.rename(name, "c.log");
            world.copy("c.log", "d.log");
            world.rest();
            world.start();
            world.rest();
            world.assert_lines(5001);
        }
    }
}

#[test]
fn several_members_are_one_content() {
    for packer in PACKERS {
        let mut world = World::new();
        let mut bytes = packer.pack(lines(0..100).as_bytes());
        bytes.extend(packer.pack(b""));
        bytes.extend(packer.pack(lines(100..300).as_bytes()));
        world.append("a.log.gz", &bytes);
        world.rest();
        world.assert_lines(300);
        // A member more: what was read is not read again.
        world.append("a.log.gz", packer.pack(lines(300..310).as_bytes()));
        world.rest();
        world.assert_lines(310);
        assert_eq!(world.streams().len(), 2, "an ended epoch does not go on");
    }
}

#[test]
fn a_followed_file_that_is_rotated_and_compressed_is_not_read_again() {
    for include in ["*.log*", "*.log"] {
        for packer in PACKERS {
            let mut world = World::new();
            world.config.include = vec![world.path(include).to_string_lossy().into_owned()];
            world.append("a.log", lines(0..500));
            world.settle();
            world.append("a.log", lines(500..600));
            world.rename("a.log", "a.log.1");
            world.append("a.log", lines(600..650));
            world.settle();
            let packed = format!("a.log.2.{}", packer.ending());
            world.compress("a.log.1", &packed, packer);
            world.append("a.log", lines(650..700));
            world.rest();
            world.assert_lines(700);
            world.start();
            world.rest();
            world.pass(Duration::from_secs(400));
            world.rest();
            world.rename(&packed, "a.log.3.gz");
            world.rest();
            world.start();
            world.rest();
            world.assert_lines(700);
            assert_eq!(world.ends(), 1, "{include} {packer:?}");
        }
    }
}

#[test]
fn rotated_out_of_the_globs_and_back_in_when_it_is_compressed() {
    for restart in [false, true] {
        let mut world = World::new();
        world.config.include = ["a.log", "a.log*.gz"]
            .map(|name| world.path(name).to_string_lossy().into_owned())
            .to_vec();
        world.append("a.log", lines(0..500));
        world.settle();
        world.rename("a.log", "a.log.1");
        world.append("a.log", lines(500..600));
        world.settle();
        for generation in 1..3 {
            // Long after it was read to its end.
            world.pass(Duration::from_secs(400));
            world.settle();
            world.rename(&format!("a.log.{generation}"), &format!("a.log.{}", generation + 1));
            world.settle();
            if restart {
                world.start();
                world.settle();
            }
        }
        world.pass(Duration::from_secs(400));
        world.settle();
        world.compress("a.log.3", "a.log.3.gz", Packer::Gzip);
        world.rest();
        world.assert_lines(600);
        std::fs::remove_file(world.path("a.log.3.gz")).unwrap();
        world.pass(Duration::from_secs(400));
        world.rest();
        assert_eq!(world.sink.checkpoints.len(), 1, "what is gone is forgotten");
    }
}

#[test]
fn several_generations_while_the_agent_was_down() {
    for include in ["*.log*", "*.log"] {
        let mut world = World::new();
        world.config.start = "end".to_owned();
        world.config.include = vec![world.path(include).to_string_lossy().into_owned()];
        world.append("a.log", "old 0\n");
        world.settle();
        world.append("a.log", lines(0..300));
        world.settle();
        world.source = None;
        world.append("a.log", lines(300..1000));
        world.compress("a.log", "a.log.3.zst", Packer::Zstd);
        let all = include == "*.log*";
        if all {
            world.append("a.log.2", lines(1000..2000));
            world.compress("a.log.2", "a.log.2.gz", Packer::Gzip);
            world.append("a.log.1", lines(2000..3000));
        }
        let from = if all { 3000 } else { 1000 };
        world.append("a.log", lines(from..from + 500));
        world.rest();
        world.assert_lines(from + 500);
        world.pass(Duration::from_secs(400));
        world.rest();
        world.start();
        world.rest();
        world.assert_lines(from + 500);
    }
}

#[test]
fn copied_truncated_and_compressed() {
    for seen in [false, true] {
        let mut world = World::new();
        world.append("a.log", lines(0..400));
        world.settle();
        world.append("a.log", lines(400..800));
        world.copy("a.log", "a.log.1");
        if seen {
            world.settle();
        }
        world.truncate("a.log");
        world.compress("a.log.1", "a.log.1.xz", Packer::Xz);
        world.append("a.log", lines(800..900));
        world.rest();
        world.assert_lines(900);
        world.pass(Duration::from_secs(400));
        world.rest();
        world.start();
        world.rest();
        world.assert_lines(900);
    }
}

#[test]
fn a_restart_in_the_middle_goes_on_there() {
    for packer in PACKERS {
        let mut world = World::new();
        world.policy.batch_records = 100;
        world.append("a.log.gz", packer.pack(lines(0..3000).as_bytes()));
        world.sink.room = Some(0);
        world.settle_blocked();
        for _ in 0..40 {
            world.sink.room = Some(1);
            world.settle_blocked();
            world.start();
            world.pass(Duration::from_secs(2));
        }
        assert!(world.sink.messages().len() >= 3000, "{}", world.sink.messages().len());
        world.sink.room = None;
        world.rest();
        world.assert_lines(3000);
        assert_eq!(world.streams().len(), 1, "one epoch");
    }
}

impl World {
    fn settle_blocked(&mut self) {
        for _ in 0..50 {
            self.pass(Duration::from_secs(2));
            if self.poll().blocked {
                return;
            }
        }
    }
}

#[test]
fn an_unexpected_end_waits_for_more() {
    for packer in PACKERS {
        let mut world = World::new();
        let bytes = packer.pack(lines(0..4000).as_bytes());
        let (first, second) = bytes.split_at(bytes.len() - 7);
        world.append("a.log.gz", first);
        world.rest();
        assert!(world.sink.messages().is_empty(), "{packer:?}");
        world.append("a.log.gz", second);
        world.rest();
        world.assert_lines(4000);
        assert!(world.notices.is_empty(), "{:?}", world.notices);
    }
}

#[test]
fn what_ends_too_early_is_waited_for_whatever_time_the_file_bears() {
    for packer in PACKERS {
        let mut world = World::new();
        let bytes = packer.pack(lines(0..4000).as_bytes());
        let (first, second) = bytes.split_at(bytes.len() * 2 / 3);
        world.append("a.log.gz", first);
        let file = std::fs::File::options()
            .append(true)
            .open(world.path("a.log.gz"))
            .unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
            .unwrap();
        world.rest();
        world.start();
        world.rest();
        assert!(world.sink.messages().is_empty(), "{packer:?}");
        world.append("a.log.gz", second);
        world.rest();
        world.assert_lines(4000);
        assert!(world.notices.is_empty(), "{packer:?} {:?}", world.notices);
    }
}

/// Compressing was broken off: a part stays beside the file that it was made of.
#[test]
fn a_part_beside_its_original_is_not_read() {
    for (count, packer) in [10, 40, 5000]
        .into_iter()
        .flat_map(|count| PACKERS.map(|packer| (count, packer)))
    {
        for ended in [false, true] {
            let mut world = World::new();
            world.append("a.log", lines(0..count));
            world.settle();
            world.rename("a.log", "a.log.1");
            world.settle();
            if ended {
                world.pass(Duration::from_secs(400));
                world.rest();
                world.start();
                world.rest();
            }
            assert_eq!(world.ends(), usize::from(ended));
            let bytes = packer.pack(&std::fs::read(world.path("a.log.1")).unwrap());
            let (first, second) = bytes.split_at(bytes.len() * 9 / 10);
            world.append("a.log.1.gz", first);
            world.rest();
            world.pass(Duration::from_secs(301));
            world.rest();
            world.assert_lines(count);
            assert!(world.notices.is_empty(), "{packer:?} {:?}", world.notices);
            world.append("a.log.1.gz", second);
            std::fs::remove_file(world.path("a.log.1")).unwrap();
            world.rest();
            world.pass(Duration::from_secs(400));
            world.rest();
            world.start();
            world.rest();
            world.assert_lines(count);
        }
    }
}

/// A gzip file in two parts; so many bytes can be unpacked of the first alone.
fn gzip_in_two(content: &[u8], first: usize) -> (Vec<u8>, Vec<u8>) {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&content[..first]).unwrap();
    encoder.flush().unwrap();
    let length = encoder.get_ref().len();
    encoder.write_all(&content[first..]).unwrap();
    let mut whole = encoder.finish().unwrap();
    let second = whole.split_off(length);
    (whole, second)
}

/// More was read than a copy holds, and of that copy a compressor has written a part: nothing of it is new. The part may
/// be shorter than a head, as long as one, or longer and yet shorter than every place that is remembered.
#[test]
fn a_part_of_a_shorter_copy_is_not_read() {
    let copied = lines(0..60);
    for part in [1, 255, 256, 1023, 1024, 1025, 1500, copied.len() - 1, copied.len()] {
        for (include, restart) in [("*.log*", true), ("*.log*", false), ("*.gz", true), ("*.gz", false)] {
            let mut world = World::new();
            let globs = ["a.log", include].map(|glob| world.path(glob).to_string_lossy().into_owned());
            world.config.include = globs.to_vec();
            world.append("a.log", &copied);
            world.settle();
            world.copy("a.log", "a.log.1");
            world.append("a.log", lines(60..70));
            world.settle();
            world.truncate("a.log");
            world.append("a.log", lines(70..80));
            let (first, second) = gzip_in_two(copied.as_bytes(), part);
            world.append("a.log.1.gz", first);
            if restart {
                world.start();
            }
            for _ in 0..2 {
                world.rest();
                world.pass(Duration::from_secs(301));
            }
            assert_eq!(world.sink.messages().len(), 80, "{part} {include} {restart}");
            world.append("a.log.1.gz", second);
            std::fs::remove_file(world.path("a.log.1")).unwrap();
            world.rest();
            world.pass(Duration::from_secs(301));
            world.rest();
            world.start();
            world.rest();
            assert_eq!(world.sink.messages().len(), 80, "{part} {include} {restart}, whole");
            world.assert_lines(80);
        }
    }
}

#[test]
fn the_first_bytes_of_a_compressed_file_are_no_text() {
    for packer in PACKERS {
        let mut world = World::new();
        let name = format!("a.log.{}", packer.ending());
        let bytes = packer.pack(lines(0..10).as_bytes());
        world.append(&name, &bytes[..2]);
        world.rest();
        world.pass(Duration::from_secs(301));
        world.rest();
        assert!(world.sink.messages().is_empty(), "{packer:?}");
        world.append(&name, &bytes[2..]);
        world.rest();
        world.assert_lines(10);
    }
}

#[test]
fn a_shorter_copy_stays_known_while_compressed_files_are_looked_at() {
    let mut world = World::new();
    // Holds nothing, so that nothing is kept of it: it is looked at anew after every start.
    world.append("z.log.gz", Packer::Gzip.pack(b""));
    world.append("a.log", lines(0..200));
    world.settle();
    world.copy("a.log", "a.log.1");
    world.append("a.log", lines(200..210));
    world.settle();
    world.truncate("a.log");
    world.append("a.log", lines(210..220));
    world.rest();
    for _ in 0..2 {
        world.pass(Duration::from_secs(400));
        world.rest();
        world.assert_lines(220);
        world.start();
        world.rest();
        world.assert_lines(220);
    }
}

#[test]
fn what_stays_cut_short_is_read_as_far_as_it_goes_and_told() {
    let mut world = World::new();
    let content = lines(0..20_000);
    let bytes = Packer::Gzip.pack(content.as_bytes());
    world.append("a.log.gz", &bytes[..bytes.len() * 2 / 3]);
    world.rest();
    assert!(world.sink.messages().is_empty());
    world.pass(Duration::from_secs(301));
    world.rest();
    let messages = world.sink.messages();
    assert!(messages.len() > 5000, "{}", messages.len());
    let told = |notice: &&Notice| matches!(notice, Notice::PackedIncomplete { reason: None, position, .. } if *position > 100_000);
    assert_eq!(world.notices.iter().filter(told).count(), 1, "{:?}", world.notices);
    let whole: Vec<&str> = content.lines().take(messages.len() - 1).collect();
    assert_eq!(messages[..messages.len() - 1], whole, "no line is cut but the last");
    assert!(world.sink.headers.last().unwrap().end);
}

#[test]
fn damage_is_told_with_its_place_and_what_lies_before_is_read() {
    for packer in PACKERS {
        let mut world = World::new();
        let mut bytes = packer.pack(lines(0..60_000).as_bytes());
        let middle = bytes.len() * 3 / 4;
        for byte in &mut bytes[middle..middle + 64] {
            *byte ^= 0x5a;
        }
        world.append("a.log.gz", &bytes);
        world.append("b.log", lines(0..10));
        world.rest();
        world.pass(Duration::from_secs(301));
        world.rest();
        let damaged = |notice: &&Notice| matches!(notice, Notice::PackedIncomplete { reason: Some(_), path, .. } if path.ends_with("a.log.gz"));
        assert_eq!(
            world.notices.iter().filter(damaged).count(),
            1,
            "{packer:?} {:?}",
            world.notices
        );
        assert!(world.sink.messages().len() > 10, "{packer:?} others are read");
        let read = world.sink.messages().len();
        world.pass(Duration::from_secs(301));
        world.rest();
        assert_eq!(world.sink.messages().len(), read, "once");
    }
}

#[test]
fn the_server_asks_for_an_earlier_place() {
    for packer in PACKERS {
        let mut world = World::new();
        world.policy.batch_records = 100;
        world.append("a.log.gz", packer.pack(lines(0..5000).as_bytes()));
        world.rest();
        world.assert_lines(5000);
        let key = StreamKey::of(&world.sink.headers[0]);
        for batch in [30, 0] {
            let to = world.sink.headers[batch].from;
            world.sink.lose_behind(&key, to);
            let now = Timestamp(world.now);
            let rewound = world.source.as_mut().unwrap().rewind(&key, to, now);
            assert_eq!(rewound, Rewound::Again);
            world.rest();
            world.assert_lines(5000);
        }
    }
}

#[test]
fn a_file_that_unpacks_to_very_much_is_taken_in_small_steps() {
    let mut world = World::new();
    world.defaults.max_file = "10MB".parse().unwrap();
    let content = vec![b'x'; 100 << 20];
    world.append("bomb.log.gz", Packer::Gzip.pack(&content));
    world.append("a.log", "beside\n");
    world.pass(Duration::from_secs(2));
    let mut polls = 0;
    while world.sink.messages().len() < 3 {
        let activity = world.poll();
        assert!(activity.read_bytes <= 20 << 20, "{}", activity.read_bytes);
        polls += 1;
        assert!(polls < 500);
    }
    assert_eq!(world.sink.messages()[0], "beside");
    assert!(polls > 10, "{polls}");
    let large = |notice: &&Notice| matches!(notice, Notice::FileTooLarge { size: 104_857_600, .. });
    assert_eq!(world.notices.iter().filter(large).count(), 1, "{:?}", world.notices);
}

#[test]
fn switched_off_they_are_left_alone() {
    let mut world = World::new();
    world.defaults.decompress = Decompress::Off;
    world.append("a.log.gz", Packer::Gzip.pack(b"not read\n"));
    world.append("b.log", "read\n");
    world.rest();
    assert_eq!(world.sink.messages(), ["read"]);
}

#[test]
fn where_reading_begins_holds_for_compressed_files_too() {
    let mut world = World::new();
    world.append("old.log.gz", Packer::Gzip.pack(b"old\n"));
    world.append("new.log.gz", Packer::Gzip.pack(b"new\n"));
    let old = std::fs::File::options()
        .append(true)
        .open(world.path("old.log.gz"))
        .unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .unwrap();
    for (start, expected) in [("end", vec![]), ("1h", vec!["new"]), ("beginning", vec!["old", "new"])] {
        world.config.start = start.to_owned();
        world.sink = Collector::default();
        world.start();
        world.rest();
        assert_eq!(world.sink.messages(), expected, "{start}");
    }
    world.config.start = "end".to_owned();
    world.sink = Collector::default();
    world.start();
    world.rest();
    world.append("later.log.gz", Packer::Gzip.pack(b"later\n"));
    world.rest();
    assert_eq!(world.sink.messages(), ["later"], "later files from their beginning");
}
