//! What servers answer to agents.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use watchpost_agent::delivery::{Answer, Delivery, SpoolOptions};
use watchpost_agent::source::Produced;
use watchpost_event::protocol::{DataResponse, StreamsResponse};
use watchpost_event::{AgentId, Batch, StreamKey, Timestamp};
use watchpost_kit::Amount;
use watchpost_run::MemDisk;

use super::batch::sample;

const NOW: Timestamp = Timestamp(1_795_132_800_000_000_000);
/// More turns than any answer can need.
const TURNS: usize = 20;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let cursor = |outcome: &str, cursor: u64| json!({ "stream": "file:/var/log/app.log", "epoch": "0000000000000007", "cursor": cursor, "outcome": outcome });
    let outcomes = ["stored", "duplicate", "cursor", "conflict", "forgotten", "invalid"];
    let mut seeds: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| [0, 3, 4, 5, 99].map(|at| json!({ "cursors": [cursor(outcome, at)] })))
        .collect();
    seeds.push(json!({ "streams": [{ "stream": "file:/var/log/app.log", "epoch": "0000000000000007", "cursor": 9, "ended": true }] }));
    seeds.iter().map(|seed| seed.to_string().into_bytes()).collect()
}

fn spooled() -> Delivery {
    let options = SpoolOptions {
        max_bytes: 1 << 20,
        segment_bytes: 1 << 16,
        keep_free: Amount::Percent(0.0),
        body_bytes: 1 << 16,
        ..SpoolOptions::default()
    };
    let agent = AgentId::new("web-1").expect("a name");
    let opened = Delivery::open(Arc::new(MemDisk::new()), Path::new("/spool"), agent, options);
    let (mut delivery, _) = opened.expect("an empty disk");
    for (from, to) in [(0, 3), (3, 5)] {
        let batch = sample(from, to);
        let key = StreamKey::of(&Batch::read(&batch).expect("it reads").0.header);
        let produced = Produced {
            key,
            batch,
            checkpoint: json!({ "position": to }),
            to,
            finished: false,
        };
        delivery.take(&produced, NOW).expect("there is room");
    }
    delivery
}

/// The same answer again and again: the agent stays whole, within its limits, and what it sends can be read.
pub(super) fn run(input: &[u8]) {
    let mut delivery = spooled();
    if let Ok(streams) = serde_json::from_slice::<StreamsResponse>(input) {
        delivery.learn_streams(&streams, NOW).expect("the disk is well");
    }
    let Ok(response) = serde_json::from_slice::<DataResponse>(input) else {
        return;
    };
    for _ in 0..TURNS {
        let Some(request) = delivery.next_request().expect("the disk is well") else {
            break;
        };
        let mut rest = request.body.as_slice();
        while !rest.is_empty() {
            rest = Batch::read(rest).expect("what the agent sends is whole").1;
        }
        delivery
            .answered(&request, Answer::Judged(response.clone()), NOW)
            .expect("the disk is well");
        let _ = delivery.orders();
        assert!(delivery.backlog().spool_bytes <= 1 << 20, "the spool's limit");
    }
}
