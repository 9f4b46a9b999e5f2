//! Hearing of changes: they are told long before the next look at everything.

use std::fs;

use crate::world::World;

/// Polls as the collector would, without an hour passing, until so many events came.
fn hear(world: &mut World, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    while told.len() < count {
        world.wait();
        // What is heard of is looked at a little later.
        for _ in 0..3 {
            world.now = world.now.plus(400_000_000);
            while world.poll() {}
        }
        told.extend(world.news());
    }
    world.said(&told)
}

fn hearing() -> World {
    let mut world = World::new();
    world.hears = true;
    world.write("etc/a", "1");
    world.write("etc/b", "1");
    world.write("etc/deep/c", "1");
    world.look();
    world
}

#[test]
fn every_kind_of_change_is_heard() {
    let mut world = hearing();
    world.write("etc/a", "22");
    assert_eq!(hear(&mut world, 1), ["modified etc/a"]);
    world.mode("etc/b", 0o600);
    assert_eq!(hear(&mut world, 1), ["attributes-modified etc/b"]);
    world.rename("etc/b", "etc/deep/b");
    assert_eq!(hear(&mut world, 1), ["renamed etc/b etc/deep/b"]);
    world.remove("etc/deep/b");
    assert_eq!(hear(&mut world, 1), ["deleted etc/deep/b"]);
    assert_eq!(world.told(), [""; 0], "all of it was told");
}

#[test]
fn new_folders_are_listened_to() {
    let mut world = hearing();
    world.write("etc/new/deeper/x", "1");
    assert_eq!(hear(&mut world, 1), ["created etc/new/deeper/x"]);
    world.write("etc/new/deeper/y", "1");
    assert_eq!(hear(&mut world, 1), ["created etc/new/deeper/y"]);
    fs::remove_dir_all(world.path("etc/new")).unwrap();
    let mut told = hear(&mut world, 2);
    told.sort();
    assert_eq!(told, ["deleted etc/new/deeper/x", "deleted etc/new/deeper/y"]);
    assert_eq!(world.told(), [""; 0]);
}

#[test]
fn a_file_by_itself_is_listened_to() {
    let mut world = World::new();
    world.hears = true;
    world.section.paths = vec![world.path("etc/hosts").to_string_lossy().into_owned()];
    world.write("etc/hosts", "1");
    assert_eq!(world.told(), ["baseline 1"]);
    world.write("etc/other", "1");
    world.write("etc/hosts.new", "22");
    world.rename("etc/hosts.new", "etc/hosts");
    assert_eq!(hear(&mut world, 1), ["modified etc/hosts"]);
}

#[test]
fn a_watched_folder_that_goes_is_heard() {
    let mut world = hearing();
    fs::remove_dir_all(world.path("etc")).unwrap();
    let mut told = hear(&mut world, 3);
    told.sort();
    assert_eq!(told, ["deleted etc/a", "deleted etc/b", "deleted etc/deep/c"]);
}
