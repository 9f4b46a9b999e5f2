//! Random histories with crashes, kills, failed operations, full disks and flipped bytes, against the model.

use proptest::prelude::*;
use watchpost_ledger::{Ledger, LedgerError, Recovery};
use watchpost_run::disk::{Fault, MemDisk};

use crate::harness::{Model, file_len, open, segments};

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Sync,
    Roll,
    Remove(u8),
    /// An orderly end: the process stops and starts.
    Kill,
    PowerCut,
    /// Damage while the process is down, in a segment and at an offset given in parts of what there is.
    Flip(u8, u16),
    /// The n-th disk operation from now fails.
    FailNext(u64),
    /// As many bytes are left on the disk.
    Fill(u64),
    FailSyncs,
    Evict,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => prop_oneof![4 => 0..200usize, 4 => 200..3000usize, 1 => 20_000..40_000usize].prop_map(Step::Append),
        6 => Just(Step::Sync),
        2 => Just(Step::Roll),
        2 => any::<u8>().prop_map(Step::Remove),
        2 => Just(Step::Kill),
        2 => Just(Step::PowerCut),
        2 => (any::<u8>(), any::<u16>()).prop_map(|(s, o)| Step::Flip(s, o)),
        2 => (0..8u64).prop_map(Step::FailNext),
        1 => (0..2000u64).prop_map(Step::Fill),
        1 => Just(Step::FailSyncs),
        1 => Just(Step::Evict),
    ];
    prop::collection::vec(step, 1..80)
}

struct World {
    disk: MemDisk,
    /// `None` only while it is being opened.
    ledger: Option<Ledger>,
    model: Model,
    /// Bases of segments that were hit: one flip each, more may hit both copies of something.
    hit: Vec<u64>,
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = MemDisk::with_seed(seed);
        let (ledger, recovery) = open(&disk).unwrap();
        assert!(recovery.created);
        Self {
            disk,
            ledger: Some(ledger),
            model: Model::default(),
            hit: Vec::new(),
        }
    }

    fn restart(&mut self, disk: MemDisk) {
        self.ledger = None;
        self.disk = disk;
        let (ledger, recovery) = open(&self.disk).unwrap();
        self.model.check(&ledger, &recovery);
        self.ledger = Some(ledger);
    }

    fn flip(&mut self, which: u8, part: u16) {
        let segments = segments(&self.disk);
        let (base, path) = &segments[usize::from(which) % segments.len()];
        if self.hit.contains(base) {
            return;
        }
        let disk = self.disk.kill();
        let offset = file_len(&disk, path) * u64::from(part) / (1 << 16);
        disk.flip(path, offset).unwrap();
        self.hit.push(*base);
        self.model.flipped.push(base + offset);
        self.restart(disk);
    }

    /// A step that may fail; then the ledger is reopened until it serves.
    fn attempt(&mut self, step: impl FnOnce(&mut Model, &mut Ledger) -> Result<(), LedgerError>) {
        let ledger = self.ledger.as_mut().unwrap();
        match step(&mut self.model, ledger) {
            // Durable, but the commit record could not be written.
            Ok(()) if ledger.is_poisoned() => self.reopen(),
            Ok(()) => {}
            Err(
                LedgerError::Full { .. }
                | LedgerError::Io {
                    operation: "remove", ..
                },
            ) => assert!(!ledger.is_poisoned()),
            Err(_) => {
                assert!(ledger.is_poisoned());
                assert!(matches!(ledger.append(&[b"x"]), Err(LedgerError::Poisoned { .. })));
                assert!(matches!(ledger.sync(), Err(LedgerError::Poisoned { .. })));
                self.reopen();
            }
        }
    }

    fn reopen(&mut self) {
        let ledger = self.ledger.as_mut().unwrap();
        if self.model.reopen(ledger).is_err() {
            assert!(ledger.is_poisoned());
            self.disk.clear_faults();
            let _: Recovery = self.model.reopen(ledger).unwrap();
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Append(len) => self.attempt(|model, ledger| model.append(ledger, len)),
            Step::Sync => self.attempt(Model::sync),
            Step::Roll => self.attempt(Model::roll),
            Step::Remove(part) => self.attempt(|model, ledger| model.remove(ledger, part)),
            Step::Kill => self.restart(self.disk.kill()),
            Step::PowerCut => self.restart(self.disk.crash()),
            Step::Flip(which, part) => self.flip(which, part),
            Step::FailNext(n) => self.disk.inject(Fault::FailOperation(n)),
            Step::Fill(room) => {
                let used: u64 = self.disk.files().iter().map(|path| file_len(&self.disk, path)).sum();
                self.disk.inject(Fault::Capacity(used + room));
            }
            Step::FailSyncs => self.disk.inject(Fault::FailSyncs),
            Step::Evict => self.disk.evict(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_keeps_its_promise_through_any_history(seed: u64, steps in steps()) {
        let mut world = World::new(seed);
        for step in &steps {
            world.step(step);
        }
        let crashed = world.disk.crash();
        world.restart(crashed);
        let killed = world.disk.kill();
        world.restart(killed);
    }
}
