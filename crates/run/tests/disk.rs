//! The disk's contract, held by both implementations, and the crash model of the one in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use watchpost_run::{Disk, DiskFile, Fault, MemDisk, OpenMode, RealDisk, read_exact_at};

fn create(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Arc<dyn DiskFile> {
    let file = disk.open(path, OpenMode::CreateNew).unwrap();
    file.write_at(bytes, 0).unwrap();
    file
}

fn create_durable(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Arc<dyn DiskFile> {
    let file = create(disk, path, bytes);
    file.sync().unwrap();
    disk.sync_dir(path.parent().unwrap()).unwrap();
    file
}

fn contents(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

fn error_kind<T>(result: std::io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.kind(),
    }
}

fn names(disk: &dyn Disk, path: &Path) -> Vec<String> {
    let entries = disk.read_dir(path).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

/// What every disk does.
fn contract(disk: &dyn Disk, root: &Path) {
    files_are_read_and_written_at_positions(disk, root);
    names_are_made_once_renamed_over_and_removed(disk, root);
    folders_nest_and_must_be_empty_to_go(disk, root);
    a_removed_file_stays_readable_through_its_handle(disk, root);
    a_lock_is_held_once(disk, root);
    let space = disk.space(root).unwrap();
    assert!(space.available <= space.total && space.total > 0);
}

fn files_are_read_and_written_at_positions(disk: &dyn Disk, root: &Path) {
    let path = root.join("positions");
    let file = create(disk, &path, b"hello");
    assert!(!file.is_empty().unwrap());
    file.write_at(b"world", 10).unwrap();
    assert_eq!(contents(disk, &path), b"hello\0\0\0\0\0world");
    let mut buf = [0; 4];
    assert_eq!(file.read_at(&mut buf, 13).unwrap(), 2);
    assert_eq!(file.read_at(&mut buf, 15).unwrap(), 0);
    assert_eq!(file.read_at(&mut buf, 1 << 40).unwrap(), 0);
    assert_eq!(
        error_kind(read_exact_at(&*file, &mut buf, 13)),
        ErrorKind::UnexpectedEof
    );
    file.set_len(3).unwrap();
    file.set_len(4).unwrap();
    file.sync().unwrap();
    assert_eq!(contents(disk, &path), b"hel\0");
    let reader = disk.open(&path, OpenMode::Read).unwrap();
    assert!(reader.write_at(b"x", 0).is_err());
    assert!(reader.set_len(0).is_err());
    let writer = disk.open(&path, OpenMode::Write).unwrap();
    writer.write_at(b"J", 0).unwrap();
    assert_eq!(contents(disk, &path), b"Jel\0");
    disk.remove_file(&path).unwrap();
}

fn names_are_made_once_renamed_over_and_removed(disk: &dyn Disk, root: &Path) {
    let (a, b) = (root.join("a"), root.join("b"));
    assert_eq!(error_kind(disk.open(&a, OpenMode::Read)), ErrorKind::NotFound);
    assert_eq!(error_kind(disk.open(&a, OpenMode::Write)), ErrorKind::NotFound);
    create(disk, &a, b"first");
    assert_eq!(error_kind(disk.open(&a, OpenMode::CreateNew)), ErrorKind::AlreadyExists);
    create(disk, &b, b"second");
    disk.rename(&b, &a).unwrap();
    disk.sync_dir(root).unwrap();
    assert_eq!(contents(disk, &a), b"second");
    assert_eq!(names(disk, root), ["a"]);
    assert_eq!(error_kind(disk.rename(&b, &a)), ErrorKind::NotFound);
    assert_eq!(error_kind(disk.remove_file(&b)), ErrorKind::NotFound);
    let orphan = root.join("missing").join("c");
    assert_eq!(error_kind(disk.open(&orphan, OpenMode::CreateNew)), ErrorKind::NotFound);
    assert_eq!(error_kind(disk.rename(&a, &orphan)), ErrorKind::NotFound);
    disk.remove_file(&a).unwrap();
    assert_eq!(names(disk, root), Vec::<String>::new());
}

fn folders_nest_and_must_be_empty_to_go(disk: &dyn Disk, root: &Path) {
    let deep = root.join("x").join("y");
    disk.create_dir_all(&deep).unwrap();
    disk.create_dir_all(&deep).unwrap();
    create(disk, &deep.join("file"), b"12345");
    let entries = disk.read_dir(&deep).unwrap();
    assert_eq!(
        (entries[0].name.as_str(), entries[0].is_dir, entries[0].len),
        ("file", false, 5)
    );
    let entries = disk.read_dir(root).unwrap();
    assert_eq!(
        (entries[0].name.as_str(), entries[0].is_dir, entries[0].len),
        ("x", true, 0)
    );
    // Windows says the latter.
    let refused = [ErrorKind::IsADirectory, ErrorKind::PermissionDenied];
    assert!(refused.contains(&error_kind(disk.open(&deep, OpenMode::Read))));
    assert!(disk.open(&deep, OpenMode::CreateNew).is_err());
    assert_eq!(error_kind(disk.remove_dir(&deep)), ErrorKind::DirectoryNotEmpty);
    assert!(disk.create_dir_all(&deep.join("file")).is_err());
    disk.remove_file(&deep.join("file")).unwrap();
    disk.remove_dir(&deep).unwrap();
    disk.remove_dir(&root.join("x")).unwrap();
    assert_eq!(error_kind(disk.read_dir(&deep)), ErrorKind::NotFound);
    assert_eq!(error_kind(disk.sync_dir(&deep)), ErrorKind::NotFound);
}

fn a_removed_file_stays_readable_through_its_handle(disk: &dyn Disk, root: &Path) {
    let path = root.join("gone");
    let file = create(disk, &path, b"still here");
    disk.remove_file(&path).unwrap();
    let mut buf = [0; 10];
    read_exact_at(&*file, &mut buf, 0).unwrap();
    assert_eq!(&buf, b"still here");
}

fn a_lock_is_held_once(disk: &dyn Disk, root: &Path) {
    let path = root.join("lock");
    let guard = disk.lock(&path).unwrap();
    assert_eq!(error_kind(disk.lock(&path)), ErrorKind::WouldBlock);
    drop(guard);
    drop(disk.lock(&path).unwrap());
    disk.remove_file(&path).unwrap();
}

#[test]
fn the_disk_in_memory_keeps_the_contract() {
    contract(&MemDisk::new(), Path::new("/"));
    let disk = MemDisk::new();
    disk.create_dir_all(Path::new("/var/lib/x")).unwrap();
    contract(&disk, Path::new("/var/lib/x"));
}

#[test]
fn the_real_disk_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract(&RealDisk, dir.path());
}

#[cfg(unix)]
#[test]
fn the_real_disk_makes_files_only_their_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a").join("b");
    RealDisk.create_dir_all(&folder).unwrap();
    create(&RealDisk, &folder.join("file"), b"secret");
    let _lock = RealDisk.lock(&folder.join("lock")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&dir.path().join("a")), 0o700);
    assert_eq!(mode(&folder.join("file")), 0o600);
    assert_eq!(mode(&folder.join("lock")), 0o600);
}

#[test]
fn unsynced_bytes_are_kept_lost_and_torn_in_some_crash() {
    let old = vec![1_u8; 4096];
    let new = vec![2_u8; 4096];
    let disk = MemDisk::new();
    let path = Path::new("/f");
    let file = create_durable(&disk, path, &old);
    file.write_at(&new, 0).unwrap();
    let (mut kept, mut lost, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let found = contents(&disk.crash_image(seed), path);
        for sector in found.chunks(512) {
            assert!(
                sector.iter().all(|byte| *byte == sector[0]),
                "a sector is written whole or not at all"
            );
        }
        if found == old {
            lost += 1;
        } else if found == new {
            kept += 1;
        } else {
            torn += 1;
        }
    }
    assert!(kept > 10 && lost > 10 && torn > 10, "{kept} {lost} {torn}");
}

#[test]
fn a_crash_repeats_itself_by_seed() {
    let disk = MemDisk::new();
    let file = create_durable(&disk, Path::new("/f"), &[0; 10_000]);
    for n in 0..50_u8 {
        file.write_at(&[n; 700], u64::from(n) * 131).unwrap();
    }
    for seed in 0..20 {
        let one = contents(&disk.crash_image(seed), Path::new("/f"));
        assert_eq!(one, contents(&disk.crash_image(seed), Path::new("/f")));
    }
}

#[test]
fn a_name_without_sync_dir_may_be_lost_though_its_bytes_were_synced() {
    let disk = MemDisk::new();
    create(&disk, Path::new("/f"), b"x").sync().unwrap();
    let found: BTreeSet<usize> = (0..100).map(|seed| disk.crash_image(seed).files().len()).collect();
    assert_eq!(found, BTreeSet::from([0, 1]));
    disk.sync_dir(Path::new("/")).unwrap();
    assert!((0..100).all(|seed| disk.crash_image(seed).files().len() == 1));
}

#[test]
fn a_rename_is_old_or_new_and_never_both() {
    let disk = MemDisk::new();
    let (current, next) = (Path::new("/current"), Path::new("/next"));
    create_durable(&disk, current, b"old");
    create(&disk, next, b"new").sync().unwrap();
    disk.rename(next, current).unwrap();
    create(&disk, next, b"later").sync().unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let image = disk.crash_image(seed);
        let bytes = contents(&image, current);
        assert!(bytes == b"old" || bytes == b"new");
        if image.files().contains(&PathBuf::from(next)) && contents(&image, next) == b"later" {
            assert_eq!(
                bytes, b"new",
                "a later life of the source name implies that the rename happened"
            );
        }
        seen.insert(bytes);
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_failed_sync_loses_what_it_covered_for_good() {
    let disk = MemDisk::new();
    let path = Path::new("/f");
    let file = create_durable(&disk, path, b"aaaa");
    file.write_at(b"bbbb", 0).unwrap();
    disk.inject(Fault::FailOperation(0));
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(contents(&disk, path), b"bbbb", "still in the page cache");
    assert!((0..50).all(|seed| contents(&disk.crash_image(seed), path) == b"aaaa"));
    file.write_at(b"bb", 0).unwrap();
    file.sync().unwrap();
    disk.evict();
    assert_eq!(contents(&disk, path), b"bbaa", "written again, so kept");
    assert_eq!(contents(&disk.crash(), path), b"bbaa");
}

#[test]
fn a_kill_keeps_what_was_written_and_still_owes_the_sync() {
    let disk = MemDisk::new();
    let path = Path::new("/f");
    let file = create_durable(&disk, path, b"");
    file.write_at(b"written", 0).unwrap();
    let lock = disk.lock(Path::new("/lock")).unwrap();
    let next = disk.kill();
    assert!(file.sync().is_err() && file.len().is_err() && disk.is_dead());
    assert_eq!(contents(&next, path), b"written");
    drop(next.lock(Path::new("/lock")).unwrap());
    drop(lock);
    let lost = (0..50).any(|seed| contents(&next.crash_image(seed), path) != b"written");
    assert!(lost, "a kill is not a sync");
}

#[test]
fn a_power_cut_can_be_set_at_every_operation() {
    let run = |disk: &MemDisk| -> std::io::Result<()> {
        disk.create_dir_all(Path::new("/d"))?;
        let file = disk.open(Path::new("/d/a"), OpenMode::CreateNew)?;
        file.write_at(&[7; 2000], 0)?;
        file.sync()?;
        disk.rename(Path::new("/d/a"), Path::new("/d/b"))?;
        disk.sync_dir(Path::new("/d"))?;
        disk.remove_file(Path::new("/d/b"))
    };
    let calm = MemDisk::new();
    run(&calm).unwrap();
    assert_eq!(calm.operations(), 7);
    for cut in 0..calm.operations() {
        let disk = MemDisk::with_seed(cut);
        disk.inject(Fault::PowerCut(cut));
        assert!(run(&disk).is_err(), "cut at {cut}");
        assert!(disk.read_dir(Path::new("/")).is_err(), "nothing works without power");
        let after = disk.crash();
        if cut == 6 {
            assert_eq!(contents(&after, Path::new("/d/b")), [7; 2000]);
        }
    }
}

#[test]
fn faults_fail_the_operation_they_name() {
    let disk = MemDisk::new();
    let path = Path::new("/f");
    let file = create_durable(&disk, path, b"");
    disk.inject(Fault::FailOperation(1));
    file.write_at(b"one", 0).unwrap();
    assert!(file.write_at(b"two", 3).is_err());
    file.write_at(b"three", 3).unwrap();
    assert_eq!(contents(&disk, path), b"onethree");

    disk.inject(Fault::FailSyncs);
    assert!(file.sync().is_err() && disk.sync_dir(Path::new("/")).is_err());
    disk.inject(Fault::FailReads);
    assert!(file.read_at(&mut [0; 1], 0).is_err());
    disk.clear_faults();
    file.sync().unwrap();

    disk.flip(path, 1).unwrap();
    assert_ne!(contents(&disk, path)[1], b'n');
    assert!(disk.flip(path, 100).is_err());
}

#[test]
fn a_full_disk_takes_what_fits_and_says_so() {
    let disk = MemDisk::new();
    let path = Path::new("/f");
    let file = create_durable(&disk, path, &[1; 600]);
    disk.inject(Fault::Capacity(1000));
    assert_eq!(disk.space(path).unwrap().available, 400);
    assert_eq!(error_kind(file.write_at(&[2; 500], 600)), ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 1000, "a prefix of the write");
    file.write_at(&[3; 1000], 0).unwrap();
    assert_eq!(error_kind(file.set_len(1001)), ErrorKind::StorageFull);
    file.set_len(100).unwrap();
    assert_eq!(disk.space(path).unwrap().available, 900);
    disk.remove_file(path).unwrap();
    assert_eq!(disk.space(path).unwrap().available, 1000);
}

/// What a test does to one file, with what must hold afterwards.
#[derive(Clone, Debug)]
enum Step {
    Write(u16, u16, u8),
    SetLen(u16),
    Sync,
    FailedSync,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3000_u16, 1..2000_u16, 1..255_u8).prop_map(|(at, len, byte)| Step::Write(at, len, byte)),
        1 => (0..4000_u16).prop_map(Step::SetLen),
        2 => Just(Step::Sync),
        1 => Just(Step::FailedSync),
    ]
}

proptest! {
    /// Live contents follow a plain vector; a crash right after a sync with nothing failed keeps exactly it; and any
    /// byte found after any crash is one that some state of the file held there.
    #[test]
    fn one_file_against_a_vector(steps in prop::collection::vec(step(), 1..30), seed: u64) {
        let disk = MemDisk::with_seed(seed);
        let path = Path::new("/f");
        let file = create_durable(&disk, path, b"");
        let mut model: Vec<u8> = Vec::new();
        let mut history: Vec<BTreeSet<u8>> = vec![BTreeSet::from([0]); 8000];
        let mut any_failed = false;
        for step in steps {
            match step {
                Step::Write(at, len, byte) => {
                    let (at, len) = (usize::from(at), usize::from(len));
                    file.write_at(&vec![byte; len], at as u64).unwrap();
                    if model.len() < at + len {
                        model.resize(at + len, 0);
                    }
                    model[at..at + len].fill(byte);
                }
                Step::SetLen(len) => {
                    file.set_len(u64::from(len)).unwrap();
                    model.resize(usize::from(len), 0);
                }
                Step::Sync => {
                    file.sync().unwrap();
                    if !any_failed {
                        prop_assert_eq!(&contents(&disk.crash_image(seed), path), &model);
                    }
                }
                Step::FailedSync => {
                    disk.inject(Fault::FailOperation(0));
                    prop_assert!(file.sync().is_err());
                    any_failed = true;
                }
            }
            for (seen, byte) in history.iter_mut().zip(&model) {
                seen.insert(*byte);
            }
            prop_assert_eq!(&contents(&disk, path), &model);
        }
        for (at, byte) in contents(&disk.crash(), path).iter().enumerate() {
            prop_assert!(history[at].contains(byte), "byte {} at {} was never there", byte, at);
        }
    }
}
