//! The crash table: each step of delivery cut short, once as a process kill and once as a power cut over a disk that
//! forgets what was not synced. Steps that write are cut at every single write, sync and rename they make.
//!
//! | row | test |
//! |---|---|
//! | read, not spooled | `agent_read_not_spooled` |
//! | spooled, not synced | `agent_spooled_not_synced` |
//! | sent, not acknowledged | `agent_sent_not_acknowledged` |
//! | acknowledged, not recorded | `agent_acknowledged_not_recorded` |
//! | segment removed early | `agent_segment_removed_early` |
//! | logged, not synced | `server_logged_not_synced` |
//! | synced, not acknowledged | `server_synced_not_acknowledged` |
//! | acknowledged, not stored | `server_acknowledged_not_stored` |
//! | file written, not in the manifest; manifest written, cursor not | `server_file_written_manifest_not_and_manifest_written_cursor_not` |
//! | snapshot not written | `server_snapshot_not_written`; of detection, by kill: `alerts::kill_agent_and_server_during_brute_force_series` of the program's tests |
//! | alert committed, message not sent | by kill, with the database: `alerts::server_alert_committed_message_not_sent` |
//! | message sent, not recorded | by kill, with the database: `alerts::server_message_sent_not_recorded` |
//!
//! The same steps, killed as processes at moments that nobody chose: `faults::kills` and `kill` of the program's tests.

use watchpost_run::disk::{Fault, MemDisk};
use watchpost_simulation::{Crash, Plan, World};

const CALM: Plan = Plan {
    crashes: false,
    faults: false,
    full: false,
    lost_state: false,
    restored_server: false,
    vanishing: false,
    shared_log: false,
    clock_jumps: false,
    calm: true,
    small_spool: false,
    encrypted: false,
};

/// A world that has already delivered, stored and kept something.
fn lived_in(seed: u64) -> World {
    let mut world = World::new(seed, CALM);
    for _ in 0..3 {
        world.collect_everything();
        world.exchange();
        world.read();
    }
    world.flush();
    world.collect_everything();
    world.exchange();
    world.collect_everything();
    world
}

fn finish(mut world: World) {
    world.settle();
    world.check();
}

fn both(test: impl Fn(Crash, u64)) {
    for how in [Crash::Kill, Crash::Power] {
        for seed in 0..8 {
            test(how, seed);
        }
    }
}

/// Cuts a step at every operation it makes on a disk.
fn at_every_operation(disk: fn(&World) -> &MemDisk, step: fn(&mut World)) {
    both(|how, seed| {
        let mut cuts = 0;
        loop {
            let mut world = lived_in(seed);
            world.next_crash = how;
            disk(&world).inject(Fault::PowerCut(cuts));
            step(&mut world);
            let fired = disk(&world).is_dead();
            finish(world);
            if !fired {
                break;
            }
            cuts += 1;
            assert!(cuts < 2_000, "the step never ends");
        }
        assert!(cuts > 0, "the step wrote nothing");
    });
}

fn agent_disk(world: &World) -> &MemDisk {
    &world.agent_disk
}

fn server_disk(world: &World) -> &MemDisk {
    &world.server_disk
}

#[test]
fn agent_read_not_spooled() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.happen();
        world.crash_agent(how);
        finish(world);
    });
}

#[test]
fn agent_spooled_not_synced() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.collect_everything();
        world.crash_agent(how);
        finish(world);
    });
    at_every_operation(agent_disk, |world| {
        world.collect_everything();
        world.sync();
    });
}

#[test]
fn agent_sent_not_acknowledged() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.exchange_without_answer();
        world.crash_agent(how);
        finish(world);
    });
}

#[test]
fn agent_acknowledged_not_recorded() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.exchange();
        world.crash_agent(how);
        finish(world);
    });
}

#[test]
fn agent_segment_removed_early() {
    at_every_operation(agent_disk, |world| {
        world.exchange();
        world.shrink_spool();
        world.collect_everything();
        world.exchange();
    });
}

#[test]
fn server_logged_not_synced() {
    at_every_operation(server_disk, World::exchange);
}

#[test]
fn server_synced_not_acknowledged() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.exchange_without_answer();
        world.crash_server(how);
        finish(world);
    });
}

#[test]
fn server_acknowledged_not_stored() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.exchange();
        world.crash_server(how);
        finish(world);
    });
}

/// Every operation of a flush: data files, their folder, the manifest before and after its rename, garbage, and the
/// ledger's removal of what the store now holds.
#[test]
fn server_file_written_manifest_not_and_manifest_written_cursor_not() {
    at_every_operation(server_disk, |world| {
        world.exchange();
        world.read();
        world.flush();
    });
}

/// Segments are small here, so that these exchanges begin new ones with their snapshots.
#[test]
fn server_snapshot_not_written() {
    at_every_operation(server_disk, |world| {
        for _ in 0..3 {
            world.collect_everything();
            world.exchange();
        }
        world.read();
        world.flush();
    });
}

#[test]
fn both_at_once() {
    both(|how, seed| {
        let mut world = lived_in(seed);
        world.exchange_without_answer();
        world.crash_agent(how);
        world.crash_server(how);
        finish(world);
    });
}
