//! Whatever happens on the host: who applies the events to what they know has the host's inventory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use watchpost_agent::source::inventory::{Kind, Row};
use watchpost_event::Event;

use crate::world::World;

type Model = BTreeMap<(String, String), BTreeMap<String, Value>>;

const NAMES: [&str; 2] = ["package.name", "process.command_line"];

/// Rows by their numbers, each with what it has.
type Numbered = BTreeMap<u8, (u8, Option<u8>)>;

/// One look: of two kinds the rows, or that they cannot be read, and whether the agent is killed before it.
#[derive(Clone, Debug)]
struct Step {
    kinds: [Option<Numbered>; 2],
    kill: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = || {
        let row = (0..3_u8, proptest::option::of(0..2_u8));
        proptest::option::weighted(0.8, proptest::collection::btree_map(0..6_u8, row, 0..6))
    };
    (rows(), rows(), any::<bool>()).prop_map(|(first, second, kill)| Step {
        kinds: [first, second],
        kill,
    })
}

fn row(value: (u8, Option<u8>)) -> Row {
    let row = Row::new().with(NAMES[0], value.0.to_string());
    match value.1 {
        Some(more) => row.with(NAMES[1], more.to_string()),
        None => row,
    }
}

/// As a server would that knows nothing but the events.
fn apply(model: &mut Model, events: &[Event]) {
    for event in events {
        let text = |name: &str| event.fields.text(name).unwrap().to_owned();
        let at = (text("watchpost.inventory.kind"), text("watchpost.inventory.id"));
        let fields = NAMES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), event.fields.get(name)?.clone())));
        let fields: BTreeMap<String, Value> = fields.collect();
        let before = match text("event.action").as_str() {
            "removed" | "package-removed" => {
                assert_eq!(model.remove(&at), Some(fields), "removed as it was");
                continue;
            }
            "changed" | "package-changed" => Some(model.get(&at).unwrap().clone()),
            "snapshot" | "added" | "package-installed" => None,
            other => panic!("{other}"),
        };
        if let Some(before) = before {
            for name in NAMES {
                let previous = event.fields.get(&format!("watchpost.inventory.previous.{name}"));
                let was = before.get(name).filter(|was| fields.get(name) != Some(*was));
                assert_eq!(previous, was);
            }
        } else {
            assert!(!model.contains_key(&at), "{at:?} is there already");
        }
        model.insert(at, fields);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn events_lead_from_one_inventory_to_the_next(steps in proptest::collection::vec(step(), 1..8)) {
        let mut world = World::new();
        world.batch_records = 2;
        let (mut told, mut host) = (Model::new(), Model::new());
        for step in steps {
            for (kind, rows) in [Kind::Program, Kind::Task].into_iter().zip(step.kinds) {
                let Some(rows) = rows else {
                    world.fail(kind, "not now");
                    continue;
                };
                let rows: BTreeMap<String, Row> = rows.into_iter().map(|(id, value)| (id.to_string(), row(value))).collect();
                host.retain(|(of, _), _| of != kind.as_str());
                host.extend(rows.iter().map(|(id, row)| ((kind.to_string(), id.clone()), row.fields.clone())));
                world.set(kind, Ok(rows));
            }
            if step.kill {
                world.kill();
            }
            apply(&mut told, &world.look());
            prop_assert_eq!(&told, &host);
        }
    }
}
