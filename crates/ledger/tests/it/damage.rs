//! One flipped byte anywhere, lost files, cut files: reported, everything else readable.

use proptest::prelude::*;
use watchpost_ledger::Ledger;
use watchpost_run::disk::{Disk, MemDisk, OpenMode};

use crate::harness::{Model, file_len, open, payload, read_all, segments};

/// Three segments with a handful of small records each, all acknowledged.
fn three_segments() -> (MemDisk, Model) {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    for _ in 0..2 {
        fill(&mut model, &mut ledger);
        model.roll(&mut ledger).unwrap();
    }
    fill(&mut model, &mut ledger);
    (disk.kill(), model)
}

fn fill(model: &mut Model, ledger: &mut Ledger) {
    for len in [30, 0, 61, 5] {
        model.append(ledger, len).unwrap();
    }
    model.sync(ledger).unwrap();
}

fn copy_of(disk: &MemDisk) -> MemDisk {
    disk.crash_image(0)
}

/// The same bytes, all durable, so that copies are identical.
fn settled() -> (MemDisk, Model) {
    let (disk, mut model) = three_segments();
    let (ledger, recovery) = open(&disk).unwrap();
    model.check(&ledger, &recovery);
    drop(ledger);
    for (_, path) in segments(&disk) {
        disk.open(&path, OpenMode::Write).unwrap().sync().unwrap();
    }
    (disk, model)
}

#[test]
fn any_single_flipped_byte_is_reported_and_everything_else_is_readable() {
    let (original, model) = settled();
    for (base, path) in segments(&original) {
        for offset in 0..file_len(&original, &path) {
            let disk = copy_of(&original);
            disk.flip(&path, offset).unwrap();
            let mut model = model.clone();
            model.flipped.push(base + offset);
            let (mut ledger, recovery) = open(&disk).unwrap();
            model.check(&ledger, &recovery);
            assert!(
                recovery
                    .quarantined
                    .iter()
                    .all(|damage| damage.file.is_some() && damage.first_seen)
            );
            let reported = recovery.torn_bytes + u64::from(recovery.repaired) + recovery.quarantined.len() as u64;
            let is_last = segments(&original).last().unwrap().0 == base;
            let is_old_commit = !is_last && offset + 28 >= file_len(&original, &path);
            assert!(reported > 0 || is_old_commit, "offset {offset} of {}", path.display());
            // And it goes on, with a power cut.
            fill(&mut model, &mut ledger);
            drop(ledger);
            let (ledger, recovery) = open(&disk.crash()).unwrap();
            model.check(&ledger, &recovery);
        }
    }
}

#[test]
fn a_live_reader_passes_over_a_byte_that_flips_under_it() {
    let (disk, model) = settled();
    let (ledger, _) = open(&disk).unwrap();
    let reader = ledger.reader();
    let hit = &model.acked[6];
    let (base, path) = &segments(&disk)[1];
    for at in [2, 29] {
        let damaged = disk.clone();
        damaged.flip(path, hit.position.0 + at - base).unwrap();
        let positions: Vec<_> = read_all(&reader, ledger.start()).iter().map(|r| r.position).collect();
        let expected: Vec<_> = model
            .acked
            .iter()
            .map(|r| r.position)
            .filter(|p| *p != hit.position)
            .collect();
        assert_eq!(positions, expected);
        assert_eq!(reader.holes()[0].start, hit.position);
        damaged.flip(path, hit.position.0 + at - base).unwrap();
    }
    assert_eq!(reader.clone().holes().len(), 1);
}

#[test]
fn a_missing_middle_segment_is_reported_and_the_others_are_read() {
    let (disk, model) = settled();
    let all = segments(&disk);
    disk.remove_file(&all[1].1).unwrap();
    let (mut ledger, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.missing.len(), 1);
    assert_eq!(
        (recovery.missing[0].start.0, recovery.missing[0].end.0),
        (all[1].0, all[2].0)
    );
    assert_eq!(recovery.snapshot, Some(model.snapshot.0.clone()));
    let read = read_all(&ledger.reader(), ledger.start());
    assert_eq!(read.len(), 8);
    assert_eq!(read[4].position, model.acked[8].position);
    assert_eq!(ledger.reader().holes(), recovery.missing);
    ledger.append(&[b"on"]).unwrap();
    ledger.sync().unwrap();
}

#[test]
fn a_shortened_older_segment_is_reported_as_missing() {
    let (disk, model) = settled();
    let all = segments(&disk);
    let keep = model.acked[2].position.0;
    disk.open(&all[0].1, OpenMode::Write)
        .unwrap()
        .set_len(keep + 40)
        .unwrap();
    let (ledger, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.missing[0].end.0, all[1].0);
    let read = read_all(&ledger.reader(), ledger.start());
    assert_eq!(read.len(), 10);
    assert_eq!(read[2].position, model.acked[4].position);
}

#[test]
fn both_snapshots_of_the_newest_segment_damaged_means_the_one_before_and_more_replay() {
    let (disk, model) = settled();
    let all = segments(&disk);
    let (base, path) = &all[2];
    let snapshot_bytes = model.snapshot.0.len() as u64;
    for copy in 0..2 {
        disk.flip(path, 64 + copy * (28 + snapshot_bytes) + 30).unwrap();
    }
    let (mut ledger, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.snapshot.as_deref(), Some(&b"after 4 records"[..]));
    assert!(recovery.snapshot_end.0 > all[1].0 && recovery.snapshot_end.0 < *base);
    assert_eq!(read_all(&ledger.reader(), recovery.snapshot_end).len(), 8);
    // The segment with the only good snapshot must stay, until there is a newer one.
    ledger.remove_before(ledger.end()).unwrap();
    assert_eq!(segments(&disk).len(), 2);
    ledger.roll(b"new").unwrap();
    ledger.remove_before(ledger.end()).unwrap();
    assert_eq!(segments(&disk).len(), 1);
}

#[test]
fn an_empty_or_torn_newest_segment_is_an_interrupted_roll() {
    for len in [0, 10, 64, 80, 130] {
        let (disk, mut model) = three_segments();
        let (mut ledger, _) = open(&disk).unwrap();
        model.attempted = None;
        ledger.roll(b"the snapshot of a roll that never finished").unwrap();
        drop(ledger);
        let (base, path) = segments(&disk).pop().unwrap();
        disk.open(&path, OpenMode::Write).unwrap().set_len(len).unwrap();
        let (mut ledger, recovery) = open(&disk).unwrap();
        assert_eq!(recovery.torn_bytes, len);
        model.check(&ledger, &recovery);
        assert_eq!(ledger.end().0, base, "the one before goes on");
        fill(&mut model, &mut ledger);
        model.roll(&mut ledger).unwrap();
    }
}

#[test]
fn a_file_without_one_readable_record_is_set_aside_and_positions_go_on() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    ledger.append(&[&payload(1, 900)]).unwrap();
    ledger.sync().unwrap();
    let end = ledger.end();
    drop(ledger);
    let (_, path) = segments(&disk).pop().unwrap();
    let file = disk.open(&path, OpenMode::Write).unwrap();
    file.write_at(&[0; 1020], 0).unwrap();
    let (mut ledger, recovery) = open(&disk).unwrap();
    assert!(recovery.created);
    assert_eq!(recovery.quarantined.len(), 1);
    assert!(disk.files().contains(recovery.quarantined[0].file.as_ref().unwrap()));
    assert!(ledger.start() >= end);
    ledger.append(&[b"on"]).unwrap();
    ledger.sync().unwrap();
}

#[test]
fn bytes_that_outsiders_chose_do_not_pass_for_records() {
    // A record whose payload holds a whole ledger's records, and whose header is damaged: recovery searches through it.
    let other = MemDisk::new();
    let (mut ledger, _) = open(&other).unwrap();
    for n in 0..5 {
        ledger.append(&[&payload(n, 20)]).unwrap();
    }
    ledger.sync().unwrap();
    drop(ledger);
    let (_, path) = segments(&other).pop().unwrap();
    let mut bytes = vec![0; file_len(&other, &path) as usize];
    other
        .open(&path, OpenMode::Read)
        .unwrap()
        .read_at(&mut bytes, 0)
        .unwrap();

    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let first = ledger.end();
    // So that the copied records lie at the very positions they were made for.
    ledger.append(&[&bytes[first.0 as usize + 28..]]).unwrap();
    ledger.append(&[b"last"]).unwrap();
    ledger.sync().unwrap();
    drop(ledger);
    let (base, path) = segments(&disk).pop().unwrap();
    disk.flip(&path, first.0 - base + 5).unwrap();
    let (ledger, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.quarantined.len(), 1);
    let read = read_all(&ledger.reader(), ledger.start());
    assert_eq!(read.iter().map(|r| &r.payload[..]).collect::<Vec<_>>(), [b"last"]);
}

#[test]
fn foreign_files_in_the_folder_are_left_alone() {
    let disk = MemDisk::new();
    drop(open(&disk).unwrap());
    for name in ["/ledger/notes.txt", "/ledger/1.seg", "/ledger/0000000000000000000x.seg"] {
        disk.open(name.as_ref(), OpenMode::CreateNew)
            .unwrap()
            .write_at(b"mine", 0)
            .unwrap();
    }
    let (_, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.torn_bytes, 0);
    assert_eq!(disk.files().len(), 5);
}

/// One way to ruin a file.
#[derive(Debug, Clone)]
enum Ruin {
    Overwrite(u16, Vec<u8>),
    Cut(u16),
    Remove,
}

fn ruins() -> impl Strategy<Value = Vec<(u8, Ruin)>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..100),
        (1..400usize).prop_map(|n| vec![0; n])
    ];
    let ruin = prop_oneof![
        6 => (any::<u16>(), bytes).prop_map(|(at, bytes)| Ruin::Overwrite(at, bytes)),
        2 => any::<u16>().prop_map(Ruin::Cut),
        1 => Just(Ruin::Remove),
    ];
    prop::collection::vec((any::<u8>(), ruin), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the files hold, the ledger opens, gives back only what was appended, and takes new records.
    #[test]
    fn no_ruin_keeps_the_ledger_from_opening(ruins in ruins()) {
        let (disk, model) = settled();
        for (which, ruin) in ruins {
            let files = segments(&disk);
            let Some((_, path)) = files.get(usize::from(which) % files.len().max(1)) else {
                break;
            };
            let file = disk.open(path, OpenMode::Write).unwrap();
            let place = |at: u16| file.len().unwrap() * u64::from(at) / (1 << 16);
            match ruin {
                Ruin::Overwrite(at, bytes) => file.write_at(&bytes, place(at)).unwrap(),
                Ruin::Cut(at) => file.set_len(place(at)).unwrap(),
                Ruin::Remove => disk.remove_file(path).unwrap(),
            }
            file.sync().unwrap();
        }
        let (mut ledger, _) = open(&disk).unwrap();
        let before = read_all(&ledger.reader(), ledger.start());
        for record in &before {
            let known = model.acked.iter().any(|r| r.position == record.position && r.payload == record.payload);
            prop_assert!(known, "a record from nowhere at {}", record.position);
        }
        ledger.append(&[b"on"]).unwrap();
        ledger.roll(b"state").unwrap();
        drop(ledger);
        let (ledger, recovery) = open(&disk.crash()).unwrap();
        prop_assert_eq!(recovery.snapshot.as_deref(), Some(&b"state"[..]));
        let after = read_all(&ledger.reader(), ledger.start());
        let positions = |records: &[watchpost_ledger::Record]| records.iter().map(|r| r.position.0).collect::<Vec<_>>();
        prop_assert_eq!(&positions(&after)[..before.len()], &positions(&before)[..], "{:?}", recovery);
        prop_assert_eq!(&after[before.len()].payload[..], b"on");
    }
}
