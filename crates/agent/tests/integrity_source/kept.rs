//! Each change once, whatever happens to the agent and its disk.

use watchpost_agent::source::{IntegrityNotice, Notice, Rewound, Source};
use watchpost_run::disk::Fault;

use crate::world::World;

fn with_files(names: &[&str]) -> World {
    let world = World::new();
    for name in names {
        world.write(&format!("etc/{name}"), "1");
    }
    world
}

#[test]
fn what_changes_while_the_agent_is_down_is_told_once() {
    let mut world = with_files(&["a", "b"]);
    world.look();
    world.kill();
    world.write("etc/a", "22");
    world.rename("etc/b", "etc/c");
    assert_eq!(world.told(), ["modified etc/a", "renamed etc/b etc/c"]);
    world.kill();
    assert_eq!(world.told(), [""; 0]);
}

/// The spool has the batches up to a point when the agent is killed, and files change before it is back.
#[test]
fn killed_between_any_two_batches_it_goes_on_where_it_was() {
    for room in 1..6 {
        let mut world = with_files(&["a", "b", "c", "d"]);
        world.look();
        world.kill();
        for name in ["a", "b", "c", "d"] {
            world.write(&format!("etc/{name}"), "22");
        }
        world.batch_records = 1;
        world.taken.room = room;
        world.look();
        world.kill();
        world.taken.room = usize::MAX;
        world.remove("etc/a");
        world.write("etc/e", "1");
        world.look();
        let mut all = world.said(&world.events());
        all.sort();
        let mut expected = vec!["baseline 4", "created etc/e", "deleted etc/a"];
        expected.extend(["modified etc/b", "modified etc/c", "modified etc/d"]);
        if room > 1 {
            // It was begun to be told with it: what was found then is told to its end first.
            expected.insert(3, "modified etc/a");
        }
        assert_eq!(all, expected, "{room} batches");
    }
}

#[test]
fn what_is_damaged_begins_anew() {
    let mut world = with_files(&["a", "b"]);
    world.look();
    let file = world.files().pop().unwrap();
    world.disk.flip(&file, 40).unwrap();
    world.write("etc/c", "1");
    assert_eq!(world.told(), ["baseline 3"]);
    assert!(
        matches!(&world.notices[..], [Notice::Integrity(IntegrityNotice::Damaged { path, .. })] if *path == file),
        "{:?}",
        world.notices
    );
    world.kill();
    world.remove("etc/c");
    assert_eq!(world.told(), ["deleted etc/c"]);
}

#[test]
fn nothing_is_told_that_cannot_be_kept() {
    let mut world = with_files(&["a"]);
    world.look();
    world.write("etc/a", "22");
    world.disk.inject(Fault::Capacity(0));
    assert_eq!(world.told(), [""; 0]);
    assert!(
        matches!(&world.notices[..], [Notice::Integrity(IntegrityNotice::NotKept { .. })]),
        "{:?}",
        world.notices
    );
    world.disk.clear_faults();
    assert_eq!(world.told(), ["modified etc/a"]);
}

#[test]
fn what_the_server_lost_begins_anew() {
    let mut world = with_files(&["a"]);
    world.look();
    let key = world.taken.batches[0].key.clone();
    let now = world.now;
    let answer = world.with_source(|source| source.rewind(&key, 0, now));
    assert_eq!(answer, Rewound::Gone { resumes_at: Some(1) });
    assert_eq!(world.told(), ["baseline 1"]);
}

#[test]
fn old_looks_are_removed() {
    let mut world = with_files(&["a"]);
    for size in 1..20 {
        world.write("etc/a", &"x".repeat(size + 1));
        world.look();
    }
    assert!(world.files().len() <= 8, "{:?}", world.files());
    assert_eq!(world.events().len(), 20 - 1);
}
