//! What cannot be read, and what is not there. Linux has rights for each thread.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use watchpost_agent::source::{IntegrityNotice, Notice};

use crate::world::World;

fn missing(world: &World, name: &str) -> Notice {
    Notice::Integrity(IntegrityNotice::Missing { path: world.path(name) })
}

/// Reads as somebody who may read what everybody may, on this thread and those that it begins.
fn as_nobody<T>(above: &Path, act: impl FnOnce() -> T) -> T {
    /// Makes the thread's rights to files those of a user; gives whose they were.
    fn set(user: u32) -> u32 {
        #[expect(unsafe_code, reason = "rustix has no such call")]
        // SAFETY: no pointer goes in, and nothing but this thread's rights changes.
        let before = unsafe { libc::setfsuid(user) };
        before.cast_unsigned()
    }
    fs::set_permissions(above, PermissionsExt::from_mode(0o755)).unwrap();
    let before = set(65_534);
    let done = act();
    set(before);
    done
}

fn unread(world: &World, name: &str) -> Notice {
    Notice::Integrity(IntegrityNotice::Unread {
        path: world.path(name),
        reason: "Permission denied (os error 13)".to_owned(),
    })
}

#[test]
fn what_cannot_be_read_stays_as_it_was_known() {
    let mut world = World::new();
    for name in ["a", "b", "shut/c", "shut/d", "shut/deep/e"] {
        world.write(&format!("etc/{name}"), "1");
    }
    world.look();
    world.mode("etc/shut", 0o700);
    world.mode("etc/b", 0o600);
    world.write("etc/b", "22");
    world.write("etc/a", "22");
    world.remove("etc/shut/c");
    world.write("etc/shut/d", "22");
    world.write("etc/shut/new", "1");
    let told = as_nobody(&world.path(""), || world.told());
    assert_eq!(told, ["modified etc/a", "attributes-modified etc/b"]);
    assert_eq!(world.notices, [unread(&world, "etc/shut"), unread(&world, "etc/b")]);
    world.kill();
    assert_eq!(
        world.told(),
        [
            "modified etc/b",
            "deleted etc/shut/c",
            "modified etc/shut/d",
            "created etc/shut/new"
        ]
    );
}

#[test]
fn what_could_never_be_read_begins_when_it_can() {
    let mut world = World::new();
    world.write("etc/shut/a", "1");
    world.mode("etc/shut", 0o700);
    let told = as_nobody(&world.path(""), || world.told());
    assert_eq!(told, ["baseline 0"]);
    assert_eq!(world.told(), ["baseline 1"], "it may have been there all the time");
    world.write("etc/shut/b", "1");
    assert_eq!(world.told(), ["created etc/shut/b"]);
}

#[test]
fn a_folder_that_is_gone_is_told_with_its_files() {
    let mut world = World::new();
    world.write("etc/a", "1");
    world.write("etc/deep/b", "1");
    world.look();
    world.rename("etc", "away");
    assert_eq!(world.told(), ["deleted etc/a", "deleted etc/deep/b"]);
    assert_eq!(world.notices, [missing(&world, "etc")]);
    world.rename("away", "etc");
    assert_eq!(world.told(), ["created etc/a", "created etc/deep/b"]);
}

#[test]
fn a_folder_that_was_never_there_begins_when_it_is() {
    let mut world = World::new();
    world.rename("etc", "away");
    world.write("away/a", "1");
    assert_eq!(world.told(), ["baseline 0"]);
    assert_eq!(world.notices, [missing(&world, "etc")]);
    world.rename("away", "etc");
    assert_eq!(world.told(), ["baseline 1"]);
    world.write("etc/b", "1");
    assert_eq!(world.told(), ["created etc/b"]);
}

#[test]
fn what_lies_on_another_file_system_that_is_not_there_is_not_gone() {
    // Another file system than that of the temporary folder, where there is one; a link stands for its mount point.
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        return;
    };
    let mut world = World::new();
    if same_file_system(other.path(), &world.path("")) {
        return;
    }
    let mount = world.path("mount");
    std::os::unix::fs::symlink(other.path(), &mount).unwrap();
    fs::create_dir(other.path().join("data")).unwrap();
    fs::write(other.path().join("data/a"), "1").unwrap();
    world.section.paths = vec![mount.join("data").to_string_lossy().into_owned()];
    assert_eq!(world.told(), ["baseline 1"]);
    // Not mounted: an empty folder is there instead, and what was named is not.
    fs::remove_file(&mount).unwrap();
    fs::create_dir(&mount).unwrap();
    assert_eq!(world.told(), [""; 0]);
    assert_eq!(world.notices, [missing(&world, "mount/data")]);
    fs::create_dir(mount.join("data")).unwrap();
    assert_eq!(world.told(), [""; 0], "empty, and on another file system");
    world.kill();
    assert_eq!(world.told(), [""; 0]);
    // Mounted again, and changed meanwhile.
    fs::remove_dir_all(&mount).unwrap();
    std::os::unix::fs::symlink(other.path(), &mount).unwrap();
    fs::write(other.path().join("data/a"), "22").unwrap();
    assert_eq!(world.told(), ["modified mount/data/a"]);
}

fn same_file_system(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    device(one) == device(other)
}
