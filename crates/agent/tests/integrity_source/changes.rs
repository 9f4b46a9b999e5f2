//! What is told, and when.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use watchpost_agent::source::{IntegrityNotice, Notice};
use watchpost_kit::ByteSize;
use watchpost_run::disk::read_sealed;

use crate::world::World;

#[test]
fn first_a_baseline_then_each_change_once() {
    let mut world = World::new();
    for name in ["a", "b", "c", "ssh/sshd_config"] {
        world.write(&format!("etc/{name}"), name);
    }
    let first = world.look();
    assert_eq!(world.said(&first), ["baseline 4"]);
    assert_eq!(
        first[0].fields.get("watchpost.integrity.bytes"),
        Some(&json!(3 + "ssh/sshd_config".len()))
    );
    assert_eq!(first[0].fields.text("event.kind"), Some("state"));
    assert_eq!(world.told(), [""; 0], "nothing changed");

    world.write("etc/ssh/sshd_config", "PermitRootLogin yes");
    world.mode("etc/a", 0o4755);
    world.rename("etc/b", "etc/ssh/z");
    world.remove("etc/c");
    world.write("etc/new.conf", "x");
    let changes = world.look();
    assert_eq!(
        world.said(&changes),
        [
            "attributes-modified etc/a",
            "deleted etc/c",
            "created etc/new.conf",
            "modified etc/ssh/sshd_config",
            "renamed etc/b etc/ssh/z",
        ]
    );
    assert_eq!(
        world.messages(&changes),
        [
            "changed attributes of etc/a (mode 0644 -> 4755)",
            "deleted etc/c",
            "created etc/new.conf (size 1)",
            "modified etc/ssh/sshd_config (size 15 -> 19)",
            "renamed etc/b -> etc/ssh/z",
        ]
    );
    let get = |at: usize, name: &str| changes[at].fields.get(name).cloned();
    assert_eq!(get(0, "file.mode"), Some(json!("4755")));
    assert_eq!(get(0, "file.previous.mode"), Some(json!("0644")));
    assert_eq!(get(0, "file.previous.size"), None, "it is the same");
    assert_eq!(get(0, "log.level"), Some(json!("warning")), "it runs as its owner now");
    assert_eq!(get(1, "event.type"), Some(json!(["deletion"])));
    assert_eq!(get(2, "file.extension"), Some(json!("conf")));
    assert_eq!(get(2, "log.level"), Some(json!("info")));
    assert_eq!(get(3, "event.category"), Some(json!(["file"])));
    assert_eq!(get(3, "watchpost.logsource.category"), Some(json!("file_event")));
    assert_eq!(get(3, "file.previous.size"), Some(json!(15)));
    // As sha256sum has it of both contents.
    assert_eq!(
        get(3, "file.hash.sha256"),
        Some(json!(
            "d03f926d89007daf217c5f4969a0e0e1ac8b21bc244c9986d5dcfd1ed8e35842"
        ))
    );
    assert_eq!(
        get(3, "file.previous.hash.sha256"),
        Some(json!(
            "c579291d9d3908fdc984cce6317343a5b1dcb810041ff33c37ec4565fbcfd6a1"
        ))
    );
    assert_eq!(get(4, "file.previous.name"), Some(json!("b")));
    assert_eq!(get(4, "file.previous.hash.sha256"), None, "it is the same");
    assert_eq!(world.told(), [""; 0]);
    assert!(world.notices.is_empty(), "{:?}", world.notices);
}

#[test]
fn content_is_what_counts() {
    let mut world = World::new();
    world.write("etc/a", "same");
    world.write("etc/b", "1234");
    world.look();
    // Written anew, and replaced by a file of another number: it says the same.
    world.write("etc/a", "same");
    world.write("etc/b.new", "4321");
    world.rename("etc/b.new", "etc/b");
    let changes = world.look();
    assert_eq!(world.said(&changes), ["modified etc/b"]);
    assert_eq!(
        world.messages(&changes),
        ["modified etc/b (other content of the same size 4)"]
    );
}

/// The number of a deleted file is given to the next one.
#[test]
fn another_file_of_the_same_number_is_not_the_same() {
    let mut world = World::new();
    world.write("etc/a", "one");
    world.look();
    world.remove("etc/a");
    world.write("etc/b", "two");
    let changes = world.look();
    assert_eq!(world.said(&changes), ["deleted etc/a", "created etc/b"]);
}

#[test]
fn links_are_watched_and_not_followed() {
    let mut world = World::new();
    world.write("elsewhere/x", "x");
    symlink("../elsewhere", world.path("etc/link")).unwrap();
    assert_eq!(world.told(), ["baseline 1"]);
    world.write("elsewhere/x", "y");
    assert_eq!(world.told(), [""; 0]);
    world.remove("etc/link");
    symlink("../other", world.path("etc/link")).unwrap();
    let changes = world.look();
    assert_eq!(
        world.messages(&changes),
        ["modified etc/link (target ../elsewhere -> ../other)"]
    );
    assert_eq!(changes[0].fields.text("file.target_path"), Some("../other"));
    assert_eq!(
        changes[0].fields.text("file.previous.target_path"),
        Some("../elsewhere")
    );
    world.remove("etc/link");
    world.write("etc/link", "a file");
    let changes = world.look();
    assert_eq!(
        world.messages(&changes),
        ["modified etc/link (a file in place of a link)"]
    );
}

#[test]
fn a_large_file_is_watched_by_its_size_and_times() {
    let mut world = World::new();
    world.section.hash_max = ByteSize(10);
    world.write("etc/large", "0123456789+");
    world.look();
    world.write("etc/large", "9876543210+");
    let changes = world.look();
    assert_eq!(world.said(&changes), ["modified etc/large"]);
    assert_eq!(changes[0].fields.get("file.hash.sha256"), None);
    world.mode("etc/large", 0o600);
    assert_eq!(world.told(), ["attributes-modified etc/large"]);
    // That it can be hashed from now on is no change of it.
    world.kill();
    world.section.hash_max = ByteSize(100);
    assert_eq!(world.told(), [""; 0]);
    world.write("etc/large", "0000000000+");
    assert!(world.look()[0].fields.get("file.previous.hash.sha256").is_some());
}

#[test]
fn what_is_excluded_is_not_watched() {
    let mut world = World::new();
    world.section.exclude = vec!["*.tmp".to_owned(), format!("{}/**", world.path("etc/cache").display())];
    world.write("etc/a.tmp", "x");
    world.write("etc/cache/deep/a", "x");
    world.write("etc/a", "x");
    // The agent's own.
    world.write("etc/own/integrity/1.json", "x");
    assert_eq!(world.told(), ["baseline 1"]);
    world.write("etc/deep/b.tmp", "x");
    world.write("etc/cache/deep/a", "y");
    assert_eq!(world.told(), [""; 0]);
    // Other settings: what is watched from then on is no news, and what is not is not gone.
    world.kill();
    world.section.exclude = vec!["a".to_owned()];
    world.write("etc/b", "x");
    let begun = world.look();
    assert_eq!(world.said(&begun), ["baseline 2", "created etc/b"]);
}

#[test]
fn globs_name_folders() {
    let mut world = World::new();
    world.section.paths = vec![format!("{}/home/*/.ssh", world.path("").display())];
    world.write("home/anna/.ssh/authorized_keys", "1");
    world.write("home/anna/other", "1");
    assert_eq!(world.told(), ["baseline 1"]);
    world.write("home/eve/.ssh/authorized_keys", "1");
    fs::remove_dir_all(world.path("home/anna")).unwrap();
    let changes = world.look();
    assert_eq!(
        world.said(&changes),
        [
            "deleted home/anna/.ssh/authorized_keys",
            "created home/eve/.ssh/authorized_keys"
        ]
    );
}

#[test]
fn changed_lines_are_told_where_they_may_be() {
    let mut world = World::new();
    world.section.diff = vec!["*.conf".to_owned()];
    world.write("etc/a.conf", "one\ntwo\nthree\n");
    world.write("etc/shadow", "secret\n");
    world.look();
    world.kill();
    world.write("etc/a.conf", "one\n2\nthree\n");
    world.write("etc/shadow", "secrets\n");
    let changes = world.look();
    assert_eq!(changes[0].fields.text("watchpost.diff"), Some("-two\n+2\n"));
    assert_eq!(changes[1].fields.get("watchpost.diff"), None);
    let kept = world.files().iter().any(|file| {
        let bytes = read_sealed(&world.disk, file, 1 << 20).unwrap().unwrap();
        String::from_utf8(bytes).unwrap().contains("secret")
    });
    assert!(!kept, "what is not told is not kept");
}

#[test]
fn there_are_limits_and_the_same_are_left_out_each_time() {
    let mut world = World::new();
    world.tune = |settings| {
        settings.files_limit = 10;
        settings.bytes_limit = 5;
    };
    for at in 0..20 {
        world.write(&format!("etc/{at:02}"), "1");
    }
    assert_eq!(world.told(), ["baseline 10"]);
    assert_eq!(
        world.notices,
        [
            Notice::Integrity(IntegrityNotice::TooMany { limit: 10 }),
            Notice::Integrity(IntegrityNotice::TooMuch { limit: 5 })
        ]
    );
    world.write("etc/19", "2");
    world.write("etc/04", "2");
    world.write("etc/05", "22");
    let changes = world.look();
    assert_eq!(world.said(&changes), ["modified etc/04", "modified etc/05"]);
    assert!(changes[0].fields.get("file.hash.sha256").is_some());
    assert!(changes[1].fields.get("file.hash.sha256").is_none());
    // One more at the beginning pushes out the last: that one is not gone.
    world.write("etc/00a", "1");
    assert_eq!(world.told(), ["created etc/00a"]);
    world.remove("etc/00a");
    assert_eq!(
        world.told(),
        ["baseline 1", "deleted etc/00a"],
        "the pushed out is watched again"
    );
    assert_eq!(world.notices.len(), 2, "told once: {:?}", world.notices);
}
