//! The same over files.

use std::sync::Arc;

use watchpost_ledger::{Ledger, LedgerError, Options};
use watchpost_run::disk::{Disk, RealDisk};

use crate::harness::{payload, read_all};

#[test]
fn a_ledger_on_a_real_disk_survives_restarts_and_a_flipped_byte() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("deep/spool");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let options = Options {
        segment_bytes: 1 << 20,
        ..Options::default()
    };
    let mut n = 0;
    for round in 0..3 {
        let (mut ledger, recovery) = Ledger::open(disk.clone(), &dir, options.clone()).unwrap();
        assert_eq!(recovery.created, round == 0);
        assert_eq!((recovery.torn_bytes, recovery.quarantined.len()), (0, 0));
        assert!(matches!(
            Ledger::open(disk.clone(), &dir, options.clone()),
            Err(LedgerError::Locked { .. })
        ));
        for _ in 0..300 {
            ledger.append(&[&payload(n, 10_000)]).unwrap();
            n += 1;
            if n % 50 == 0 {
                ledger.sync().unwrap();
            }
            if ledger.wants_roll() {
                ledger.roll(format!("{n}").as_bytes()).unwrap();
            }
        }
        ledger.sync().unwrap();
        let records = read_all(&ledger.reader(), ledger.start());
        assert_eq!(records.len() as u64, n);
        assert!(records.iter().zip(0..).all(|(r, n)| r.payload == payload(n, 10_000)));
    }
    let first = dir.join(format!("{:020}.seg", 0));
    let mut bytes = std::fs::read(&first).unwrap();
    bytes[500_000] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let (mut ledger, recovery) = Ledger::open(disk, &dir, options).unwrap();
    assert_eq!(recovery.quarantined.len(), 1);
    assert_eq!(
        std::fs::metadata(recovery.quarantined[0].file.as_ref().unwrap())
            .unwrap()
            .len(),
        10_028
    );
    assert_eq!(read_all(&ledger.reader(), ledger.start()).len() as u64, n - 1);
    ledger.roll(b"").unwrap();
    assert!(ledger.remove_before(ledger.end()).unwrap() > 9_000_000);
    let segments = std::fs::read_dir(&dir).unwrap().filter(|e| {
        e.as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|extension| extension == "seg")
    });
    assert_eq!(segments.count(), 1);
}
