//! Each change once, whatever happens to the agent and its disk.

use watchpost_agent::source::inventory::Kind;
use watchpost_agent::source::{InventoryNotice, Notice, Rewound, Source};
use watchpost_event::Epoch;
use watchpost_run::disk::Fault;

use crate::world::{World, program, said};

fn with_programs(names: &[&str]) -> World {
    let world = World::new();
    for name in names {
        world.put(Kind::Program, name, program(name, "1"));
    }
    world
}

#[test]
fn a_restart_tells_nothing_twice() {
    let mut world = with_programs(&["a", "b"]);
    assert_eq!(world.look().len(), 2);
    world.kill();
    world.put(Kind::Program, "c", program("c", "1"));
    assert_eq!(said(&world.look()), ["package-installed program c"]);
    world.kill();
    assert_eq!(said(&world.look()), [""; 0]);
}

/// The spool has the batches up to a point when the agent is killed, and the host changes before it is back.
#[test]
fn killed_between_any_two_batches_it_goes_on_where_it_was() {
    for room in 0..6 {
        let mut world = with_programs(&["a", "b", "c", "d", "e"]);
        world.batch_records = 1;
        world.taken.room = room;
        world.look();
        world.kill();
        world.taken.room = usize::MAX;
        world.remove(Kind::Program, "a");
        world.put(Kind::Program, "d", program("d", "2"));
        world.look();
        let mut all = said(&world.events());
        all.sort();
        let mut expected = vec![
            "snapshot program b",
            "snapshot program c",
            "snapshot program d",
            "snapshot program e",
        ];
        if room > 0 {
            // It was begun to be told with them: the inventory of then is told to its end first.
            expected.extend([
                "package-changed program d",
                "package-removed program a",
                "snapshot program a",
            ]);
        }
        expected.sort_unstable();
        assert_eq!(all, expected, "{room} batches");
    }
}

/// What was taken by the spool last is not on the disk yet when the power fails.
#[test]
fn a_checkpoint_that_was_lost_leaves_its_inventory() {
    let mut world = with_programs(&["a"]);
    world.look();
    for version in ["2", "3"] {
        world.put(Kind::Program, "a", program("a", version));
        assert_eq!(said(&world.look()), ["package-changed program a"]);
    }
    world.kill();
    world.taken.batches.pop();
    let again = world.look();
    assert_eq!(said(&world.events()).len(), 3, "{again:?}");
    let last = world.events().pop().unwrap();
    assert_eq!(
        last.fields.text("watchpost.inventory.previous.package.version"),
        Some("2")
    );
    assert_eq!(last.fields.text("package.version"), Some("3"));
    assert!(world.notices.is_empty(), "{:?}", world.notices);
}

#[test]
fn a_damaged_inventory_is_told_and_taken_anew() {
    let mut world = with_programs(&["a", "b"]);
    world.look();
    let file = world.files().pop().unwrap();
    world.disk.flip(&file, 40).unwrap();
    world.put(Kind::Program, "c", program("c", "1"));
    let events = world.look();
    assert_eq!(
        said(&events),
        ["snapshot program a", "snapshot program b", "snapshot program c"]
    );
    assert!(
        matches!(&world.notices[..], [Notice::Inventory(InventoryNotice::Damaged { path, .. })] if *path == file),
        "{:?}",
        world.notices
    );
    world.kill();
    assert_eq!(said(&world.look()), [""; 0]);
}

#[test]
fn a_damaged_inventory_that_was_being_told_is_taken_anew() {
    let mut world = with_programs(&["a", "b", "c"]);
    world.batch_records = 1;
    world.taken.room = 2;
    world.look();
    world.kill();
    let file = world.files().pop().unwrap();
    world.disk.flip(&file, 40).unwrap();
    world.taken.room = usize::MAX;
    let events = world.look();
    let all = ["snapshot program a", "snapshot program b", "snapshot program c"];
    assert!(said(&events).ends_with(&all.map(str::to_owned)), "{events:?}");
    assert!(matches!(
        &world.notices[..],
        [Notice::Inventory(InventoryNotice::Damaged { .. })]
    ));
}

#[test]
fn nothing_is_told_that_cannot_be_kept() {
    let mut world = with_programs(&["a"]);
    world.disk.inject(Fault::Capacity(0));
    assert_eq!(said(&world.look()), [""; 0]);
    assert!(
        matches!(&world.notices[..], [Notice::Inventory(InventoryNotice::NotKept { .. })]),
        "{:?}",
        world.notices
    );
    world.disk.clear_faults();
    assert_eq!(said(&world.look()), ["snapshot program a"]);
}

#[test]
fn what_the_server_lost_is_told_as_a_whole() {
    let mut world = with_programs(&["a"]);
    world.look();
    world.put(Kind::Program, "b", program("b", "1"));
    world.look();
    let key = world.taken.batches[0].key.clone();
    let now = world.now;
    let answer = world.with_source(|source| source.rewind(&key, 0, now));
    assert_eq!(answer, Rewound::Gone { resumes_at: Some(2) });
    assert_eq!(said(&world.look()), ["snapshot program a", "snapshot program b"]);
    world.with_source(|source| source.change_epoch(&key, Epoch(99)));
    assert_eq!(said(&world.look()), ["snapshot program a", "snapshot program b"]);
    world.kill();
    world.remove(Kind::Program, "a");
    assert_eq!(said(&world.look()), ["package-removed program a"]);
}

#[test]
fn old_inventories_are_removed() {
    let mut world = with_programs(&["a"]);
    for version in 0..20 {
        world.put(Kind::Program, "a", program("a", &version.to_string()));
        world.place("HKU", version % 2 == 0);
        world.look();
        world.place("HKU", version % 2 == 1);
        world.look();
    }
    assert!(world.files().len() <= 8, "{:?}", world.files());
    assert_eq!(world.events().len(), 20);
}
