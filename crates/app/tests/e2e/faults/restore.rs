//! A server put back to a copy of its folder: one taken under load, and one that is old.

use std::fs;

use super::numbered::{LINE_BYTES, LINES, assert_exactly};
use super::place::{Place, copy_folder};

/// The data folder of the server is replaced by a copy of it.
fn put_back(place: &Place, copy: &str) {
    let data = place.world.path("data/server");
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&place.world.path(copy), &data);
}

fn back_up(place: &Place, copy: &str) {
    copy_folder(&place.world.path("data/server"), &place.world.path(copy));
}

#[test]
fn a_copy_taken_after_a_kill_under_load_is_whole_and_loses_nothing() {
    let mut place = Place::new();
    place.write(5_000);
    place.world.wait_count(LINES, 5_000);
    place.write(20_000);
    crate::harness::wait_for("the flow", || {
        let count = place.world.count(LINES);
        if count > 5_000 { Ok(()) } else { Err(count.to_string()) }
    });
    place.kill_server();
    back_up(&place, "copy");
    let copy = place.world.path("copy");
    let copy = copy.to_str().unwrap();
    place.world.run(&["store", "verify", "--folder", copy]).ok();
    let stats = place.world.run(&["store", "stats", "--json", "--folder", copy]).ok();
    assert!(stats.json_lines()[0]["files"].is_u64(), "{stats:?}");
    put_back(&place, "copy");
    place.start_server();
    place.world.run(&["store", "verify"]).ok();
    place.write(1_000);
    place.arrives();
    place.world.run(&["store", "verify"]).ok();
}

/// What came after the backup was taken comes again: from the spool, else from the file.
#[test]
fn an_old_backup_gets_again_what_agents_have() {
    let mut place = Place::new();
    place.write(3_000);
    place.arrives();
    place.server.take().unwrap().stop();
    back_up(&place, "old");
    place.start_server();
    place.write(4_000);
    place.arrives();
    place.server.take().unwrap().stop();
    put_back(&place, "old");
    place.start_server();
    assert_exactly(&place.world, 0..3_000);
    place.write(500);
    place.arrives();
    let report = super::numbered::report(&place.world);
    let findings = report["findings"].as_array().unwrap();
    let of_two = findings.iter().any(|finding| finding["kind"] == "conflict");
    assert!(!of_two, "nobody else sends under this name: {report}");
}

/// The file was removed meanwhile: what the backup lacks and nobody holds is a declared gap of exactly that size.
#[test]
fn what_an_old_backup_lacks_and_nobody_holds_is_declared() {
    let mut place = Place::new();
    place.write(1_000);
    place.arrives();
    place.server.take().unwrap().stop();
    back_up(&place, "old");
    place.start_server();
    // More than the spool holds, so that it has let go of the beginning.
    let written = place.write(30_000).end;
    place.arrives();
    place.agent.take().unwrap().stop();
    place.server.take().unwrap().stop();
    put_back(&place, "old");
    fs::remove_file(place.log()).unwrap();
    place.start_server();
    place.start_agent();
    let declared = crate::harness::wait_for("the gap", || {
        let report = super::numbered::report(&place.world);
        let stream = report["streams"].as_array().unwrap()[0].clone();
        if stream["gaps"] == 0 {
            return Err(report.to_string());
        }
        Ok(stream["skips"].clone())
    });
    let declared = declared.as_array().unwrap();
    assert_eq!(declared.len(), 1, "{declared:?}");
    assert_eq!(declared[0]["from"], 1_000 * LINE_BYTES, "{declared:?}");
    assert_eq!(declared[0]["reason"], "source-gone", "{declared:?}");
    // Behind the gap comes what the spool still holds.
    let goes_on = declared[0]["to"].as_u64().unwrap() / LINE_BYTES;
    place.world.wait_count(LINES, 1_000 + written - goes_on);
    assert_exactly(&place.world, (0..1_000).chain(goes_on..written));
    let told = place.world.run(&["delivery"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stdout.contains("source-gone"), "{told:?}");
}
