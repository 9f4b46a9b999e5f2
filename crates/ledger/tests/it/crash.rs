//! One fixed script, interrupted at every single disk operation; and recovery interrupted at every one of its own.

use watchpost_ledger::{Ledger, LedgerError};
use watchpost_run::disk::{Fault, MemDisk};

use crate::harness::{Model, open};

const SEEDS: u64 = 6;

/// Two segments' worth of everything the owner does.
fn script(model: &mut Model, disk: &MemDisk) -> Result<(), LedgerError> {
    let (mut ledger, _) = open(disk)?;
    run(model, &mut ledger)
}

fn run(model: &mut Model, ledger: &mut Ledger) -> Result<(), LedgerError> {
    for round in 0..3 {
        for len in [10, 700, 0, 1500] {
            model.append(ledger, len)?;
        }
        model.sync(ledger)?;
        model.append(ledger, 5000 + round)?;
        model.sync(ledger)?;
        model.append(ledger, 30)?;
        model.roll(ledger)?;
        model.append(ledger, 1)?;
        model.append(ledger, 40_000)?;
        model.sync(ledger)?;
        model.append(ledger, 600)?;
        model.remove(ledger, 200)?;
    }
    model.sync(ledger)
}

#[test]
fn a_power_cut_at_every_operation_loses_nothing_acknowledged() {
    for n in 0.. {
        let disk = MemDisk::with_seed(n);
        disk.inject(Fault::PowerCut(n));
        let mut model = Model::default();
        let ran_through = script(&mut model, &disk).is_ok();
        for seed in 0..SEEDS {
            let mut model = model.clone();
            let disk = disk.crash_image(seed * 1000 + n);
            let (mut ledger, recovery) = open(&disk).unwrap();
            model.check(&ledger, &recovery);
            run(&mut model, &mut ledger).unwrap();
        }
        if ran_through {
            assert!(n > 50, "the script is too short to mean anything");
            return;
        }
    }
}

#[test]
fn a_process_kill_at_every_operation_loses_nothing_acknowledged() {
    for n in 0.. {
        let disk = MemDisk::with_seed(n);
        disk.inject(Fault::FailOperation(n));
        let mut model = Model::default();
        let ran_through = script(&mut model, &disk).is_ok();
        let disk = disk.kill();
        let (ledger, recovery) = open(&disk).unwrap();
        model.check(&ledger, &recovery);
        drop(ledger);
        // What was found is durable: a power cut right after changes nothing.
        let (ledger, recovery) = open(&disk.crash()).unwrap();
        model.check(&ledger, &recovery);
        if ran_through && n > 200 {
            return;
        }
    }
}

#[test]
fn a_power_cut_at_every_operation_of_the_recovery_loses_nothing_either() {
    let mut cuts = 0;
    for n in 0.. {
        let disk = MemDisk::with_seed(n);
        disk.inject(Fault::PowerCut(n));
        let mut model = Model::default();
        let ran_through = script(&mut model, &disk).is_ok();
        for seed in 0..SEEDS {
            for m in 0.. {
                let disk = disk.crash_image(seed * 1000 + n);
                disk.inject(Fault::PowerCut(m));
                let opened = open(&disk);
                let disk = disk.crash();
                let (ledger, recovery) = open(&disk).unwrap();
                model.clone().check(&ledger, &recovery);
                if opened.is_ok() {
                    break;
                }
                cuts += 1;
            }
        }
        if ran_through {
            assert!(cuts > 500, "recovery does too little to mean anything: {cuts}");
            return;
        }
    }
}

#[test]
fn every_operation_may_fail_once_and_a_reopen_goes_on() {
    for n in 0.. {
        let disk = MemDisk::with_seed(n);
        let (mut ledger, _) = open(&disk).unwrap();
        let before = disk.operations();
        disk.inject(Fault::FailOperation(n));
        let mut model = Model::default();
        let failed = run(&mut model, &mut ledger).is_err();
        let ran_through = disk.operations() - before <= n;
        disk.clear_faults();
        if ledger.is_poisoned() {
            let _ = model.reopen(&mut ledger).unwrap();
        }
        run(&mut model, &mut ledger).unwrap();
        drop(ledger);
        let (ledger, recovery) = open(&disk.crash()).unwrap();
        model.check(&ledger, &recovery);
        if ran_through {
            assert!(n > 50 && !failed);
            return;
        }
    }
}

#[test]
fn what_a_failed_sync_left_in_the_cache_is_not_taken_for_durable() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    model.append(&mut ledger, 100).unwrap();
    model.sync(&mut ledger).unwrap();
    model.append(&mut ledger, 200).unwrap();
    disk.inject(Fault::FailSyncs);
    model.sync(&mut ledger).unwrap_err();
    drop(ledger);
    // The next process reads the record from the cache. If it keeps it, it must write it again.
    let disk = disk.kill();
    let (ledger, recovery) = open(&disk).unwrap();
    model.check(&ledger, &recovery);
    assert_eq!(model.acked.len(), 2);
    drop(ledger);
    let (ledger, recovery) = open(&disk.crash()).unwrap();
    model.check(&ledger, &recovery);
}
