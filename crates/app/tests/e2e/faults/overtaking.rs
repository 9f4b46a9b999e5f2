//! Batches of one stream that overtake each other on several connections.

use std::sync::atomic::{AtomicU64, Ordering};

use watchpost_event::protocol::BATCH_CONTENT_TYPE;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};

use super::numbered::{assert_no_gap, seed};
use crate::harness::World;
use crate::http::{Answer, deliver};

const BATCHES: u64 = 40;
const EVENTS: u64 = 25;
const CONNECTIONS: u64 = 4;

/// The batch of that number: always the same bytes.
fn batch(number: u64) -> Vec<u8> {
    let (from, to) = (number * EVENTS, (number + 1) * EVENTS);
    let (agent, stream) = (AgentId::new("web-1").unwrap(), StreamId::new("overtaken").unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(7), from);
    for position in from + 1..=to {
        let time = Timestamp::from_seconds(1_795_132_800 + position as i64);
        batch.push(&Event::new(time, position, format!("overtaken event-{position}-end")));
    }
    batch.count_read(EVENTS, 0);
    batch.finish(to).unwrap()
}

fn outcome(answer: &Answer) -> &str {
    answer.body["cursors"][0]["outcome"].as_str().unwrap_or_default()
}

fn cursor(answer: &Answer) -> u64 {
    answer.body["cursors"][0]["cursor"].as_u64().unwrap()
}

#[test]
fn a_batch_that_comes_too_early_is_refused_with_the_cursor() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("web-1");
    let send = |number| deliver(&world.address(), &key, BATCH_CONTENT_TYPE, &batch(number));
    let early = send(1);
    assert_eq!(
        (early.status, outcome(&early), cursor(&early)),
        (409, "cursor", 0),
        "{early:?}"
    );
    let first = send(0);
    assert_eq!(
        (first.status, outcome(&first), cursor(&first)),
        (200, "stored", EVENTS),
        "{first:?}"
    );
    let again = send(0);
    assert_eq!(
        (again.status, outcome(&again), cursor(&again)),
        (200, "duplicate", EVENTS),
        "{again:?}"
    );
    let second = send(1);
    assert_eq!(
        (second.status, outcome(&second), cursor(&second)),
        (200, "stored", 2 * EVENTS),
        "{second:?}"
    );
    world.wait_count("overtaken", 2 * EVENTS);
    assert_no_gap(&world);
}

/// Each connection brings all batches in an order of its own, again and again, until the server has all of them.
#[test]
fn four_connections_in_four_orders_bring_everything_once() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("web-1");
    let reached = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (world, key, reached) = (&world, &key, &reached);
            scope.spawn(move || {
                let mut chance = seed() ^ connection.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                while reached.load(Ordering::SeqCst) < BATCHES * EVENTS {
                    chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    // Around where the server stands: behind, at, and ahead of its cursor.
                    let at = reached.load(Ordering::SeqCst) / EVENTS;
                    let number = (at + (chance >> 40) % 6).saturating_sub(2).min(BATCHES - 1);
                    let answer = deliver(&world.address(), key, BATCH_CONTENT_TYPE, &batch(number));
                    assert!(
                        matches!(outcome(&answer), "stored" | "duplicate" | "cursor"),
                        "{answer:?}"
                    );
                    reached.fetch_max(cursor(&answer), Ordering::SeqCst);
                }
            });
        }
    });
    world.wait_count("overtaken", BATCHES * EVENTS);
    let found = world
        .run(&["search", "overtaken", "--json", "--limit", "100000"])
        .ok()
        .json_lines();
    let mut positions: Vec<u64> = found
        .iter()
        .map(|event| {
            event["message"]
                .as_str()
                .unwrap()
                .split('-')
                .nth(1)
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..=BATCHES * EVENTS).collect::<Vec<_>>());
    assert_no_gap(&world);
}
