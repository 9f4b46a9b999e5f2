//! SIGKILL of agent, server and both at moments that nobody chose, while lines flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::numbered::{LINES, append, assert_exactly, assert_no_gap, rounds, seed};
use super::place::Place;

/// The longest time between two kills.
const QUIET_MS: u64 = 400;

#[test]
fn killed_at_random_moments_while_lines_flow() {
    let mut place = Place::new();
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (log, stopped, count) = (place.log(), stop.clone(), written.clone());
    let writer = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            let from = count.load(Ordering::SeqCst);
            append(&log, from..from + 40);
            count.store(from + 40, Ordering::SeqCst);
            sleep(Duration::from_millis(10));
        }
    });
    let seed = seed();
    let mut chance = seed;
    for _ in 0..rounds(6) {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis((chance >> 33) % QUIET_MS));
        let (agent, server) = [(true, false), (false, true), (true, true)][(chance >> 50) as usize % 3];
        if agent {
            place.kill_agent();
        }
        if server {
            place.kill_server();
            place.start_server();
        }
        if agent {
            place.start_agent();
        }
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    let written = written.load(Ordering::SeqCst);
    place.world.wait_count(LINES, written);
    assert_exactly(&place.world, 0..written);
    assert_no_gap(&place.world);
    place.agent.take().unwrap().stop();
    place.server.take().unwrap().stop();
    place.start_server();
    assert_exactly(&place.world, 0..written);
    let verified = place.world.run(&["store", "verify"]);
    assert_eq!(verified.code, Some(0), "seed {seed}: {verified:?}");
}
