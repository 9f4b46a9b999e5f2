//! The server is away for longer than the sources keep what they have.

use std::fs;

use super::numbered::{LINE_BYTES, LINES, append, assert_exactly, report};
use super::place::{Place, SPOOL_BYTES};
use crate::harness::wait_for;

fn wait_full(place: &Place) {
    let log = place.world.path("data/log/agent.log");
    wait_for("the spool to be full", || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        if said.contains("Reading waits for room in the spool") {
            Ok(())
        } else {
            Err(said)
        }
    });
}

/// Rotated away and removed by name: the agent holds what it had opened, so nothing is lost.
#[test]
fn files_removed_by_name_are_read_to_their_end() {
    let mut place = Place::new();
    place.write(100);
    place.arrives();
    place.kill_server();
    place.write(30_000);
    wait_full(&place);
    let rotated = place.log().with_extension("log.1");
    fs::rename(place.log(), &rotated).unwrap();
    append(&place.log(), 30_100..30_200);
    fs::remove_file(rotated).unwrap();
    place.assert_spool_within_limit();
    place.start_server();
    place.world.wait_count(LINES, 30_200);
}

/// Cut off in place, as by `> app.log`: what the spool holds arrives, and so does everything written since.
#[test]
fn a_file_that_is_cut_off_keeps_what_was_spooled() {
    let mut place = Place::new();
    place.write(100);
    place.arrives();
    place.kill_server();
    place.write(30_000);
    wait_full(&place);
    let log = fs::File::options().write(true).open(place.log()).unwrap();
    log.set_len(0).unwrap();
    append(&place.log(), 50_000..50_100);
    place.start_server();
    place.world.wait_count("numbered 000050099", 1);
    let spooled = wait_for("what was spooled", || {
        let report = report(&place.world);
        let streams = report["streams"].as_array().unwrap();
        let first = streams.iter().filter_map(|stream| stream["cursor"].as_u64()).max();
        first.filter(|cursor| *cursor > SPOOL_BYTES).ok_or(report.to_string())
    });
    let kept = spooled / LINE_BYTES;
    place.world.wait_count(LINES, kept + 100);
    assert_exactly(&place.world, (0..kept).chain(50_000..50_100));
}
