//! Whatever happens in the folder: who applies the events to what they know has the folder's files.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use watchpost_event::Event;

use crate::world::World;

/// Names, and the size and mode of each.
type Model = BTreeMap<String, (u64, String)>;

#[derive(Clone, Debug)]
enum Act {
    Write(u8, u8),
    Mode(u8, bool),
    Rename(u8, u8),
    Remove(u8),
}

/// One look: what happens before it, whether the agent is killed, and so many batches that the spool takes before it is
/// killed again.
#[derive(Clone, Debug)]
struct Step {
    acts: Vec<Act>,
    kill: bool,
    room: Option<usize>,
}

fn act() -> impl Strategy<Value = Act> {
    let file = || 0..6_u8;
    prop_oneof![
        (file(), 0..4_u8).prop_map(|(at, size)| Act::Write(at, size)),
        (file(), any::<bool>()).prop_map(|(at, mode)| Act::Mode(at, mode)),
        (file(), file()).prop_map(|(from, to)| Act::Rename(from, to)),
        file().prop_map(Act::Remove),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let acts = proptest::collection::vec(act(), 0..8);
    (acts, any::<bool>(), proptest::option::of(0..4_usize)).prop_map(|(acts, kill, room)| Step { acts, kill, room })
}

/// Half of the names lie deeper, so that files go from folder to folder.
fn name(at: u8) -> String {
    if at.is_multiple_of(2) {
        format!("etc/{at}")
    } else {
        format!("etc/deep/{at}")
    }
}

fn happen(world: &World, act: &Act) {
    let there = |at: u8| world.path(&name(at)).exists();
    match *act {
        Act::Write(at, size) => world.write(&name(at), &"x".repeat(size.into())),
        Act::Mode(at, open) if there(at) => world.mode(&name(at), if open { 0o644 } else { 0o600 }),
        Act::Rename(from, to) if there(from) => world.rename(&name(from), &name(to)),
        Act::Remove(at) if there(at) => world.remove(&name(at)),
        _ => {}
    }
}

fn on_disk(world: &World) -> Model {
    use std::os::unix::fs::MetadataExt;
    let metadata = |at| Some((name(at), fs::metadata(world.path(&name(at))).ok()?));
    let files = (0..6).filter_map(metadata);
    files
        .map(|(name, metadata)| (name, (metadata.len(), format!("{:04o}", metadata.mode() & 0o7777))))
        .collect()
}

/// As a server would that knows nothing but the events. The baseline was empty.
fn apply(world: &World, model: &mut Model, events: &[Event]) {
    for event in events {
        let text = |name: &str| event.fields.text(name).unwrap_or_default().to_owned();
        let short = |path: String| path.replace(&format!("{}/", world.path("").display()).replace("//", "/"), "");
        let path = short(text("file.path"));
        let is = (
            event.fields.get("file.size").and_then(serde_json::Value::as_u64),
            text("file.mode"),
        );
        let before = match text("event.action").as_str() {
            "integrity-baseline" => continue,
            "file-deleted" => {
                assert!(model.remove(&path).is_some(), "{path} was there");
                continue;
            }
            "file-created" => {
                assert!(!model.contains_key(&path), "{path} is there already");
                None
            }
            "file-renamed" => model.remove(&short(text("file.previous.path"))),
            _ => Some(model.get(&path).unwrap().clone()),
        };
        let is = (is.0.unwrap(), is.1);
        if let Some(before) = before.filter(|before| *before != is) {
            let previous = event
                .fields
                .get("file.previous.size")
                .and_then(serde_json::Value::as_u64);
            assert_eq!(previous, Some(before.0).filter(|size| *size != is.0), "{path}");
        }
        model.insert(path, is);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn events_lead_from_one_look_to_the_next(steps in proptest::collection::vec(step(), 1..8)) {
        let mut world = World::new();
        fs::create_dir(world.path("etc/deep")).unwrap();
        world.batch_records = 1;
        world.look();
        let mut told = Model::new();
        for step in steps {
            for act in &step.acts {
                happen(&world, act);
            }
            if step.kill {
                world.kill();
            }
            if let Some(room) = step.room {
                world.taken.room = world.taken.batches.len() + room;
                let events = world.look();
                apply(&world, &mut told, &events);
                world.kill();
                world.taken.room = usize::MAX;
            }
            let events = world.look();
            apply(&world, &mut told, &events);
            prop_assert_eq!(&told, &on_disk(&world));
        }
    }
}
