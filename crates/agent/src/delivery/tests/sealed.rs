//! A spool that is encrypted, was, or whose key is gone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::AgentId;
use watchpost_run::disk::{Disk, Fault, MemDisk, OpenMode, read_file, replace_file};

use super::model::{DAY_ONE, Feed, Server, drive, open, small, try_open};
use crate::delivery::{Delivery, DeliveryError, Encryption, SpoolOptions, SpoolReport};

const KEY: &str = "/identity/spool.key";

fn sealed(enabled: bool) -> SpoolOptions {
    let key_file = PathBuf::from(KEY);
    SpoolOptions {
        encryption: Some(Encryption { key_file, enabled }),
        ..small()
    }
}

fn report(disk: &MemDisk, enabled: bool) -> (Delivery, SpoolReport) {
    let agent = AgentId::new("a").expect("name");
    Delivery::open(Arc::new(disk.clone()), Path::new("/spool"), agent, sealed(enabled)).expect("opens")
}

fn segments(disk: &MemDisk) -> Vec<PathBuf> {
    let files = disk.files().into_iter();
    files
        .filter(|path| path.parent() == Some(Path::new("/spool")) && path.extension().is_some_and(|e| e == "seg"))
        .collect()
}

fn bytes(disk: &MemDisk, path: &Path) -> Vec<u8> {
    read_file(disk, path, 1 << 30).expect("reads").expect("is there")
}

fn holds(disk: &MemDisk, text: &str) -> bool {
    let finds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    segments(disk).iter().any(|path| finds(&bytes(disk, path)))
}

#[test]
fn neither_records_nor_marks_stand_readable_on_the_disk() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk, sealed(true));
    let mut feed = Feed::new("file:/srv/shop", false, 20);
    feed.read(&mut delivery, DAY_ONE).expect("reads");
    delivery.sync().expect("syncs");
    assert!(!holds(&disk, "/srv/shop") && !holds(&disk, "position"));
    assert_eq!(bytes(&disk, Path::new(KEY)).len(), 65);
    let mut server = Server::default();
    let disk = disk.kill();
    let mut delivery = open(&disk, sealed(true));
    drive(&mut delivery, &mut server, &mut [feed], DAY_ONE);
    assert_eq!(server.check("file:/srv/shop", 20), 0);
    delivery.settle().expect("settles");
    assert!(
        !holds(&disk, "/srv/shop") && !holds(&disk, "position"),
        "the marks are sealed too"
    );

    let plain = MemDisk::new();
    let mut delivery = open(&plain, sealed(false));
    Feed::new("file:/srv/shop", false, 20)
        .read(&mut delivery, DAY_ONE)
        .expect("reads");
    delivery.sync().expect("syncs");
    assert!(holds(&plain, "/srv/shop"), "the test would see it");
    assert!(
        !plain.files().contains(&PathBuf::from(KEY)),
        "no key is made for nothing"
    );
}

#[test]
fn switching_it_on_and_off_keeps_what_waits_and_where_it_stands() {
    let mut disk = MemDisk::new();
    let mut feed = Feed::new("file", false, 0);
    for (turn, enabled) in [false, true, false, true, true].into_iter().enumerate() {
        let mut delivery = open(&disk, sealed(enabled));
        feed.resume(&delivery);
        assert_eq!(feed.at, turn as u64 * 20, "every mark was readable");
        assert_eq!(delivery.status().0.encrypted, enabled);
        feed.end += 20;
        assert!(feed.read(&mut delivery, DAY_ONE).expect("reads"));
        delivery.sync().expect("syncs");
        disk = disk.crash();
    }
    let (mut delivery, report) = report(&disk, false);
    assert_eq!(report.damage, Vec::<String>::new());
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [feed], DAY_ONE);
    assert_eq!(server.check("file", 100), 0);
}

#[test]
fn a_lost_key_sets_the_spool_aside_and_the_gap_is_told_once() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk, sealed(true));
    let mut feed = Feed::new("file", false, 100);
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [feed.clone()], DAY_ONE);
    (feed.at, feed.end) = (100, 200);
    feed.read(&mut delivery, DAY_ONE).expect("reads");
    delivery.sync().expect("syncs");
    drop(delivery);
    disk.remove_file(Path::new(KEY)).expect("is there");

    let (mut delivery, report) = report(&disk, true);
    assert!(
        report
            .damage
            .iter()
            .any(|line| line.contains("key is lost") && line.contains("quarantine")),
        "{report:?}"
    );
    assert!(delivery.wants_greeting() && delivery.is_idle());
    // A file is found again by what the server knows of it.
    feed.at = 100;
    drive(&mut delivery, &mut server, &mut [feed], DAY_ONE);
    assert_eq!(server.check("file", 200), 0);
    let told = server.skips_of("spool");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].reason.as_str(), told[0].records),
        ("spool-key-lost", told[0].to)
    );
    drop(delivery);
    let (mut again, second) = self::report(&disk, true);
    assert_eq!(second.damage, Vec::<String>::new());
    drive(&mut again, &mut server, &mut [], DAY_ONE);
    assert_eq!(server.skips_of("spool").len(), 1, "told once");
    let kept = disk
        .files()
        .into_iter()
        .filter(|path| path.starts_with("/spool/quarantine") && path.extension().is_some_and(|e| e == "seg"));
    assert!(kept.count() > 0, "what was encrypted is kept");
}

#[test]
fn a_lost_key_leaves_what_was_written_before_it() {
    let disk = MemDisk::new();
    let mut plain = open(&disk, sealed(false));
    let mut feed = Feed::new("process", true, 50);
    feed.read(&mut plain, DAY_ONE).expect("reads");
    plain.sync().expect("syncs");
    drop(plain);
    let mut encrypted = open(&disk, sealed(true));
    feed.end = 100;
    feed.read(&mut encrypted, DAY_ONE).expect("reads");
    encrypted.sync().expect("syncs");
    drop(encrypted);
    disk.remove_file(Path::new(KEY)).expect("is there");
    let (mut delivery, _) = report(&disk, false);
    feed.resume(&delivery);
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [], DAY_ONE);
    assert_eq!(server.arrived("process").len(), 50);
    assert_eq!(server.skips_of("spool").len(), 1);
}

#[test]
fn a_power_cut_while_a_lost_key_is_handled_tells_it_still() {
    for cut in 0..40 {
        let disk = MemDisk::with_seed(cut);
        let mut delivery = open(&disk, sealed(true));
        Feed::new("process", true, 100)
            .read(&mut delivery, DAY_ONE)
            .expect("reads");
        delivery.sync().expect("syncs");
        drop(delivery);
        disk.remove_file(Path::new(KEY)).expect("is there");
        disk.sync_dir(Path::new("/identity")).expect("syncs");
        disk.inject(Fault::PowerCut(cut));
        let mut server = Server::default();
        if let Ok(mut delivery) = try_open(&disk, sealed(true)) {
            // It may die here too, before or after it is noted.
            let _ = delivery.learn_streams(&server.streams(), DAY_ONE);
        }
        let disk = disk.crash();
        let mut delivery = open(&disk, sealed(true));
        drive(&mut delivery, &mut server, &mut [], DAY_ONE);
        let told = server.skips_of("spool");
        assert_eq!(told.len(), 1, "cut {cut}");
        assert_eq!(told[0].records, 20, "cut {cut}: every batch is counted");
    }
}

#[test]
fn a_key_that_cannot_be_read_stops_the_start_and_says_what_helps() {
    let disk = MemDisk::new();
    drop(open(&disk, sealed(true)));
    replace_file(&disk, Path::new(KEY), b"not a key\n").expect("writes");
    let error = try_open(&disk, sealed(true)).err().expect("refused");
    assert!(matches!(&error, DeliveryError::Key { .. }));
    let text = watchpost_kit::chain(&error);
    assert!(
        text.contains(KEY) && text.contains("backup") && !text.contains("not a key"),
        "{text}"
    );
}

#[test]
fn a_flipped_byte_anywhere_is_reported_or_repaired_and_never_delivered() {
    let pristine = MemDisk::new();
    let mut delivery = open(&pristine, sealed(true));
    let mut feed = Feed::new("file", false, 10);
    feed.read(&mut delivery, DAY_ONE).expect("reads");
    delivery.sync().expect("syncs");
    drop(delivery);
    let pristine = pristine.crash_image(1);
    let segment = segments(&pristine).pop().expect("one");
    let length = pristine
        .open(&segment, OpenMode::Read)
        .expect("opens")
        .len()
        .expect("measures");
    let mut reported = 0;
    for offset in (0..length).step_by(3) {
        let disk = pristine.crash_image(offset);
        disk.flip(&segment, offset).expect("flips");
        let (mut delivery, report) = report(&disk, true);
        reported += usize::from(!report.damage.is_empty());
        let mut server = Server::default();
        let mut feed = feed.clone();
        feed.resume(&delivery);
        drive(&mut delivery, &mut server, &mut [feed], DAY_ONE);
        let missing = server.check("file", 10);
        assert!(missing == 0 || !report.damage.is_empty(), "offset {offset}");
    }
    assert!(reported > 100, "{reported} of {length}");
}

#[test]
fn a_disk_that_fails_while_the_key_is_made_leaves_no_half_of_it() {
    for fault in 0..30 {
        let disk = MemDisk::with_seed(fault);
        disk.inject(Fault::PowerCut(fault));
        let first = try_open(&disk, sealed(true));
        drop(first);
        let disk = disk.crash();
        let mut delivery = open(&disk, sealed(true));
        let mut server = Server::default();
        drive(&mut delivery, &mut server, &mut [Feed::new("file", false, 20)], DAY_ONE);
        assert_eq!(server.check("file", 20), 0, "fault {fault}");
        assert!(server.skips_of("spool").is_empty(), "no key was lost");
    }
}
