//! The line between agent and server fails in every way a line can.

use super::numbered::{rounds, seed};
use super::place::Place;
use super::proxy::Weather;

/// Lines before, in and after the weather; all arrive once by themselves.
fn survives(weather: Weather) {
    let mut place = Place::new();
    place.write(500);
    place.arrives();
    place.proxy.set(weather);
    place.write(2_000);
    place.proxy.wait_hits(2);
    place.assert_spool_within_limit();
    place.write(500);
    place.proxy.set(Weather::Fair);
    place.arrives();
}

#[test]
fn a_line_that_is_cut() {
    survives(Weather::Cut);
}

#[test]
fn a_reset_in_the_middle_of_a_body() {
    survives(Weather::ResetInBody(3_000));
}

#[test]
fn a_reset_in_the_middle_of_an_answer() {
    survives(Weather::ResetInAnswer(20));
}

#[test]
fn a_line_that_accepts_and_never_answers() {
    survives(Weather::HalfOpen);
}

/// The server has stored the batches, and the agent does not hear of it.
#[test]
fn an_answer_that_is_lost() {
    survives(Weather::ResetInAnswer(0));
}

/// What waits needs many times as long as one request may take.
#[test]
fn a_slow_line() {
    let mut place = Place::new();
    place.write(10);
    place.arrives();
    place.proxy.set(Weather::Cut);
    place.write(4_000);
    place.proxy.wait_hits(1);
    place.proxy.set(Weather::Slow(40_000));
    place.write(100);
    place.arrives();
}

/// More lines than the spool holds wait in their file while the line is down.
#[test]
fn a_line_that_is_down_until_the_spool_is_full() {
    let mut place = Place::new();
    place.write(10);
    place.arrives();
    place.proxy.set(Weather::Cut);
    place.write(30_000);
    let log = place.world.path("data/log/agent.log");
    crate::harness::wait_for("the spool to be full", || {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        if said.contains("Reading waits for room in the spool") {
            Ok(())
        } else {
            Err(said)
        }
    });
    place.assert_spool_within_limit();
    place.proxy.set(Weather::Fair);
    place.arrives();
}

/// All of it in random order.
#[test]
fn changing_weather() {
    let mut place = Place::new();
    let mut chance = seed();
    for round in 0..rounds(4) {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bytes = (chance >> 40) as usize % 5_000;
        let weather = match (chance >> 33) % 4 {
            0 => Weather::Cut,
            1 => Weather::ResetInBody(bytes),
            2 => Weather::ResetInAnswer(bytes % 200),
            _ => Weather::HalfOpen,
        };
        place.proxy.set(weather);
        place.write(300 + (chance >> 50) % 1_000);
        place.proxy.wait_hits(1);
        place.proxy.set(Weather::Fair);
        if round % 2 == 1 {
            place.arrives();
        }
    }
    place.arrives();
}
