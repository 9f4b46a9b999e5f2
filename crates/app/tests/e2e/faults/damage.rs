//! One flipped byte in every kind of file: told, everything else is readable, and nothing keeps the program from starting.

use std::fs;
use std::path::{Path, PathBuf};

use super::numbered::{LINES, assert_exactly, report, stored};
use super::place::{Place, configure, folder_bytes};
use crate::harness::{World, wait_for};

/// Flips one bit in the middle of a file, or at a place counted from its beginning.
fn flip(path: &Path, at: Option<usize>) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.unwrap_or(bytes.len() / 2);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The only, or the largest, file below a folder whose name ends so.
fn file(folder: &Path, ending: &str) -> PathBuf {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                all.push(path);
            }
        }
    }
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    all.into_iter()
        .max_by_key(size)
        .unwrap_or_else(|| panic!("no {ending} in {}", folder.display()))
}

/// A place with stored lines and nothing running.
fn at_rest(lines: u64) -> Place {
    let mut place = Place::new();
    place.write(lines);
    place.arrives();
    place.agent.take().unwrap().stop();
    place.server.take().unwrap().stop();
    place
}

fn told(world: &World) -> String {
    let log = |name: &str| fs::read_to_string(world.path("data/log").join(name)).unwrap_or_default();
    format!("{}{}{}", report(world)["damage"], log("server.log"), log("agent.log"))
}

/// Flips, starts, and sees that it is told, that every line is there, and that further ones arrive.
fn harmless_in(place: &mut Place, path: &Path, at: Option<usize>, words: &str) {
    flip(path, at);
    place.start_server();
    place.start_agent();
    let said = told(&place.world);
    assert!(said.contains(words), "{words:?} is not told: {said}");
    place.write(50);
    place.arrives_with_gaps();
    place.agent.take().unwrap().stop();
    place.server.take().unwrap().stop();
}

#[test]
fn in_the_stores_manifest_and_in_its_copy() {
    let mut place = at_rest(200);
    for name in ["manifest.json", "manifest.copy"] {
        let path = place.world.path("data/server/store").join(name);
        harmless_in(&mut place, &path, None, name);
    }
}

#[test]
fn in_the_snapshot_of_detection() {
    let mut place = at_rest(200);
    let path = place.world.path("data/server/detect/snapshot.json");
    harmless_in(&mut place, &path, None, "snapshot of detection");
    // A digit that stays a digit: only a checksum tells.
    let text = fs::read_to_string(&path).unwrap();
    let digit = text.find("\"position\":").unwrap() + "\"position\":".len();
    harmless_in(&mut place, &path, Some(digit), "snapshot of detection");
}

#[test]
fn in_the_agents_identity() {
    let mut place = at_rest(200);
    let path = place.world.path("data/agent/identity/agent-id");
    place.start_server();
    // Its first start makes the name, its second one has a key for it.
    fs::remove_dir_all(place.world.path("data/agent")).unwrap();
    configure(&place.world, None, "none-yet", place.proxy.port);
    place.start_agent();
    let id = wait_for("the name", || {
        fs::read_to_string(&path).map_err(|error| error.to_string())
    });
    place.kill_agent();
    let key = place.world.agent_key(id.lines().next().unwrap());
    configure(&place.world, None, &key, place.proxy.port);
    place.start_agent();
    // Another agent: it brings the lines that the first one brought as its own.
    place.world.wait_count(LINES, 400);
    place.agent.take().unwrap().stop();
    place.server.take().unwrap().stop();
    // In the middle of a name: the damaged one would be as good a name.
    flip(&path, Some(2));
    place.start_server();
    place.start_agent();
    place.write(10);
    place.world.wait_count(LINES, 410);
    let said = told(&place.world);
    assert!(said.contains("agent-id"), "{said}");
}

#[test]
fn in_a_data_file_and_in_an_index() {
    let place = at_rest(9_000);
    let store = place.world.path("data/server/store");
    let index = file(&store, ".idx");
    flip(&index, None);
    let server = place.world.server();
    assert_exactly(&place.world, 0..9_000);
    assert!(!report(&place.world)["streams"].as_array().unwrap().is_empty());
    server.stop();
    flip(&index, None);
    let data = file(&store, ".parquet");
    flip(&data, None);
    let folder = place.world.path("data/server");
    let at_rest = ["store", "verify", "--folder", folder.to_str().unwrap()];
    let verified = place.world.run(&at_rest);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains(".parquet is damaged"), "{verified:?}");
    let mut server = place.world.server();
    place.world.run(&at_rest).fails_with(1, &["without --folder"]);
    let verified = place.world.run(&["store", "verify"]);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(
        verified.stdout.contains(data.file_name().unwrap().to_str().unwrap()),
        "{verified:?}"
    );
    let found = stored(&place.world);
    assert!(
        found.len() < 9_000 && found.values().all(|times| *times == 1),
        "{}",
        found.len()
    );
    let searched = place.world.run(&["search", LINES, "--limit", "100000"]);
    assert!(searched.stderr.contains("checksum"), "{}", searched.stderr);
    server.assert_running();
}

/// Records that were acknowledged and not yet stored: those in the damaged one are a declared gap, or come again.
#[test]
fn in_the_servers_ledger() {
    let mut place = Place::new();
    for _ in 0..8 {
        place.write(200);
        place.arrives();
    }
    place.kill_agent();
    place.kill_server();
    flip(&file(&place.world.path("data/server/ledger"), ""), None);
    place.start_server();
    place.start_agent();
    let written = place.write(200).end;
    place.world.wait_count(&format!("numbered {:09}", written - 1), 1);
    let found = stored(&place.world);
    assert!(found.values().all(|times| *times == 1));
    let report = report(&place.world);
    let said = format!("{}", report["damage"]);
    assert!(said.contains("ledger") || said.contains("damaged"), "{report}");
    let gaps: u64 = report["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stream| stream["gaps"].as_u64().unwrap())
        .sum();
    assert!(
        found.len() as u64 == written || gaps > 0,
        "{} of {written}: {report}",
        found.len()
    );
    assert!(
        found.len() as u64 >= written - 400,
        "more than one record is lost: {}",
        found.len()
    );
}

/// What waits in the spool when the bit flips is read again from its file.
#[test]
fn in_the_agents_spool() {
    let mut place = Place::new();
    place.write(200);
    place.arrives();
    place.kill_server();
    let spool = place.world.path("data/agent/spool");
    for _ in 0..5 {
        let before = folder_bytes(&spool);
        place.write(100);
        place.wait_spooled(before);
    }
    place.kill_agent();
    flip(&file(&place.world.path("data/agent/spool"), ""), None);
    place.start_server();
    place.start_agent();
    place.arrives_with_gaps();
    let said = told(&place.world);
    assert!(said.contains("damaged"), "{said}");
}

/// People and keys cannot be made anew from anything else: it says which file, and what to do.
#[test]
fn in_the_catalog_it_says_what_to_do() {
    let mut place = at_rest(200);
    let path = place.world.path("data/server/catalog.db");
    flip(&path, Some(3));
    let listen = format!("server.listen=[\"http://{}\"]", place.world.address());
    let mut refused = place.world.start("refused", &["server", "--set", &listen]);
    assert_eq!(refused.wait().code(), Some(1));
    let said = refused.errors();
    assert!(said.contains("catalog.db") && said.contains("hint:"), "{said}");
    // As docs/recover.md has it: put aside, new keys; every event is still there.
    fs::rename(&path, path.with_extension("damaged")).unwrap();
    place.start_server();
    assert_exactly(&place.world, 0..200);
}
