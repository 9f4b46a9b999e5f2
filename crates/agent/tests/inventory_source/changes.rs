//! What is told, and when.

use serde_json::json;
use watchpost_agent::source::inventory::{Kind, ROWS_LIMIT, Row, TEXT_LIMIT};
use watchpost_agent::source::{InventoryNotice, Notice};

use crate::world::{World, messages, program, said, service};

#[test]
fn first_everything_then_changes() {
    let mut world = World::new();
    world.put(Kind::Program, "7-Zip", program("7-Zip", "22.01"));
    world.put(Kind::Service, "X", service("X", r"C:\X.exe"));
    let first = world.look();
    assert_eq!(said(&first), ["snapshot program 7-Zip", "snapshot service X"]);
    assert_eq!(first[0].fields.text("event.kind"), Some("state"));
    assert_eq!(said(&world.look()), [""; 0], "nothing changed");

    world.put(Kind::Program, "7-Zip", program("7-Zip", "23.01"));
    world.put(Kind::Program, "Aim", program("Aim", ""));
    world.remove(Kind::Service, "X");
    world.put(Kind::Service, "Y", service("Y", r"C:\Y.exe /k"));
    let port = Row::new()
        .with("network.transport", "tcp")
        .with("server.ip", "::")
        .with("server.port", 445)
        .with("process.name", "System");
    world.put(Kind::Port, "tcp :: 445 System", port);
    let changes = world.look();
    assert_eq!(
        said(&changes),
        [
            "package-changed program 7-Zip",
            "package-installed program Aim",
            "removed service X",
            "added service Y",
            "port-opened port tcp :: 445 System",
        ]
    );
    assert_eq!(
        messages(&changes),
        [
            "changed program 7-Zip 23.01 (Igor Pavlov); package.version was 22.01",
            "installed program Aim (Igor Pavlov)",
            r"removed service X: C:\X.exe",
            r"new service Y: C:\Y.exe /k",
            "listening on tcp [::]:445 System",
        ]
    );
    let get = |at: usize, name: &str| changes[at].fields.get(name).cloned();
    assert_eq!(get(0, "package.version"), Some(json!("23.01")));
    assert_eq!(
        get(0, "watchpost.inventory.previous.package.version"),
        Some(json!("22.01"))
    );
    assert_eq!(
        get(0, "watchpost.inventory.previous.package.name"),
        None,
        "it is the same"
    );
    assert_eq!(get(0, "event.category"), Some(json!(["package"])));
    assert_eq!(get(2, "event.type"), Some(json!(["deletion"])));
    assert_eq!(get(3, "event.category"), Some(json!(["configuration"])));
}

#[test]
fn what_changes_by_itself_is_no_change() {
    let mut world = World::new();
    let port = |pid: u32| Row::new().with("server.port", 80).with_aside("process.pid", pid);
    world.put(Kind::Port, "tcp", port(1));
    let first = world.look();
    assert_eq!(first[0].fields.get("process.pid"), Some(&json!(1)));
    world.put(Kind::Port, "tcp", port(2));
    assert_eq!(said(&world.look()), [""; 0]);
}

#[test]
fn what_cannot_be_read_is_not_gone() {
    let mut world = World::new();
    world.put(Kind::Program, "A", program("A", "1"));
    world.put(Kind::Service, "X", service("X", "x"));
    world.look();
    let programs = world.fail(Kind::Program, "access is denied").unwrap();
    world.put(Kind::Service, "Y", service("Y", "y"));
    assert_eq!(said(&world.look()), ["added service Y"], "the others go on");
    world.look();
    assert_eq!(
        world.notices,
        [Notice::Inventory(InventoryNotice::Unread {
            kind: "program",
            reason: "access is denied".to_owned()
        })],
        "told once"
    );
    world.set(Kind::Program, programs);
    world.remove(Kind::Program, "A");
    assert_eq!(said(&world.look()), ["package-removed program A"]);
    world.fail(Kind::Program, "access is denied");
    world.look();
    assert_eq!(world.notices.len(), 2, "told again after it could be read");
}

#[test]
fn a_kind_that_is_read_later_is_told_as_a_whole() {
    let mut world = World::new();
    world.fail(Kind::User, "no database");
    assert_eq!(said(&world.look()), [""; 0]);
    world.set(
        Kind::User,
        Ok([("S-1".to_owned(), Row::new().with("user.name", "anna"))].into()),
    );
    assert_eq!(said(&world.look()), ["snapshot user S-1"]);
}

#[test]
fn places_come_and_go_with_their_users() {
    let mut world = World::new();
    let run = |command: &str| Row::new().with("process.command_line", command);
    // Anna is not logged on at first: what she has is not known, and no news when it is.
    world.place(r"HKU\anna\", false);
    world.put(Kind::Autorun, r"HKU\anna\Run\old", run("old"));
    assert_eq!(said(&world.look()), [""; 0]);
    world.place(r"HKU\anna\", true);
    assert_eq!(said(&world.look()), [r"snapshot autorun HKU\anna\Run\old"]);
    world.put(Kind::Autorun, r"HKU\anna\Run\new", run("new"));
    assert_eq!(said(&world.look()), [r"added autorun HKU\anna\Run\new"]);
    world.place(r"HKU\anna\", false);
    assert_eq!(said(&world.look()), [""; 0], "logged off, nothing is removed");
    world.kill();
    world.put(Kind::Autorun, r"HKU\anna\Run\third", run("third"));
    world.remove(Kind::Autorun, r"HKU\anna\Run\old");
    assert_eq!(said(&world.look()), [""; 0]);
    world.place(r"HKU\anna\", true);
    assert_eq!(
        said(&world.look()),
        [r"removed autorun HKU\anna\Run\old", r"added autorun HKU\anna\Run\third"]
    );
    world.host.places.lock().unwrap().clear();
    world.remove(Kind::Autorun, r"HKU\anna\Run\new");
    world.remove(Kind::Autorun, r"HKU\anna\Run\third");
    assert_eq!(world.look().len(), 2, "the account is gone");
}

#[test]
fn an_empty_place_that_was_read_has_news_later() {
    let mut world = World::new();
    world.place(r"HKU\eve\", false);
    world.look();
    world.place(r"HKU\eve\", true);
    world.look();
    world.put(
        Kind::Autorun,
        r"HKU\eve\Run\x",
        Row::new().with("process.command_line", "x"),
    );
    assert_eq!(said(&world.look()), [r"added autorun HKU\eve\Run\x"]);
}

#[test]
fn there_are_limits() {
    let mut world = World::new();
    world.batch_records = 100_000;
    for at in 0..=ROWS_LIMIT {
        world.put(Kind::Program, &format!("{at:06}"), Row::new().with("package.name", "p"));
    }
    world.put(Kind::Service, "long", service("long", &"ä".repeat(TEXT_LIMIT)));
    let events = world.look();
    assert_eq!(events.len(), ROWS_LIMIT + 1);
    assert_eq!(
        world.notices,
        [Notice::Inventory(InventoryNotice::TooLong {
            kind: "program",
            limit: ROWS_LIMIT
        })]
    );
    let long = events.last().unwrap().fields.text("process.command_line").unwrap();
    assert_eq!((long.len(), long.ends_with('…')), (TEXT_LIMIT + 3, true));
    assert!(events.last().unwrap().message.len() < 600);
    assert_eq!(said(&world.look()), [""; 0], "the same ones are left out again");
}
