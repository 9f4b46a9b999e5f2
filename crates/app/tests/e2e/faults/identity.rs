//! More than one agent under one name, and agents put back to an older state.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::numbered::{LINES, append, assert_exactly, report, stored};
use super::place::{Place, copy_folder};
use crate::harness::wait_for;

fn streams(report: &Value) -> &[Value] {
    report["streams"].as_array().unwrap()
}

/// The one finding about two agents, or an older state.
fn finding_of_two(report: &Value) -> Option<&Value> {
    let findings = report["findings"].as_array().unwrap();
    let mut of_two = findings.iter().filter(|finding| finding["kind"] == "conflict");
    let found = of_two.next();
    assert!(of_two.next().is_none(), "one for all: {report}");
    found
}

/// The agent's folder as it was goes back in place.
fn put_back(place: &Place, copy: &str) {
    let data = place.world.path("data/agent");
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&place.world.path(copy), &data);
}

fn back_up(place: &Place, copy: &str) {
    copy_folder(&place.world.path("data/agent"), &place.world.path(copy));
}

/// Two machines from one image: the same key, the same identity, the same log up to the copy; then each its own.
#[test]
fn a_cloned_machine_gets_an_epoch_of_its_own_and_loses_nothing() {
    let mut place = Place::new();
    place.write(500);
    place.arrives();
    place.agent.take().unwrap().stop();
    back_up(&place, "image");
    fs::copy(place.log(), place.world.path("image.log")).unwrap();
    // The first machine goes on.
    place.start_agent();
    place.write(500);
    place.arrives();
    place.agent.take().unwrap().stop();
    back_up(&place, "first");
    fs::copy(place.log(), place.world.path("first.log")).unwrap();
    // The second one starts from the image and writes other lines in the same place.
    put_back(&place, "image");
    fs::copy(place.world.path("image.log"), place.log()).unwrap();
    append(&place.log(), 10_000..10_500);
    place.start_agent();
    place.world.wait_count(LINES, 1_500);
    append(&place.log(), 10_500..10_600);
    place.world.wait_count(LINES, 1_600);
    place.agent.take().unwrap().stop();
    // And the first once more.
    put_back(&place, "first");
    fs::copy(place.world.path("first.log"), place.log()).unwrap();
    append(&place.log(), 1_000..1_200);
    place.start_agent();
    place.world.wait_count(LINES, 1_800);
    assert_exactly(&place.world, (0..1_200).chain(10_000..10_600));
    let report = report(&place.world);
    assert!(streams(&report).len() >= 2, "an epoch for each: {report}");
    assert!(streams(&report).iter().all(|stream| stream["gaps"] == 0), "{report}");
    let finding = finding_of_two(&report).expect("told by its name");
    assert_eq!(finding["detail"], "two-agents", "{finding}");
    assert!(finding["since"].is_string(), "{finding}");
    let told = place.world.run(&["delivery"]);
    assert!(told.stdout.contains("Two agents send as"), "{told:?}");
    assert!(told.stdout.contains("set another agent.id"), "{told:?}");
}

/// The agent remembers less than it has sent. Nothing is lost; what it had sent since may come once more, and then it
/// stands under an epoch of its own.
#[test]
fn an_old_spool_loses_nothing_and_keeps_apart_what_comes_again() {
    let mut place = Place::new();
    place.write(500);
    place.arrives();
    place.agent.take().unwrap().stop();
    back_up(&place, "old");
    place.start_agent();
    place.write(700);
    place.arrives();
    place.agent.take().unwrap().stop();
    put_back(&place, "old");
    let written = place.write(300).end;
    place.start_agent();
    let times = wait_all(&place, written);
    assert!(
        times
            .iter()
            .all(|(number, times)| *times == 1 || (500..1_200).contains(number)),
        "{times:?}"
    );
    let report = report(&place.world);
    assert!(streams(&report).iter().all(|stream| stream["gaps"] == 0), "{report}");
    let again = times.values().any(|times| *times > 1);
    let finding = finding_of_two(&report);
    assert!(finding.is_some() || !again, "what stands twice is told: {report}");
    assert!(
        finding.is_none_or(|finding| finding["detail"] == "older-state"),
        "{report}"
    );
}

/// The agent remembers nothing at all.
#[test]
fn a_lost_spool_is_recognised_and_sends_nothing_twice() {
    let mut place = Place::new();
    place.write(1_000);
    place.arrives();
    place.agent.take().unwrap().stop();
    fs::remove_dir_all(place.world.path("data/agent")).unwrap();
    place.write(300);
    place.start_agent();
    place.arrives();
}

/// A second agent with the same key and name reads the same file at the same time, as when a service was set up twice.
/// Nothing is lost, and what the two of them bring is no more than the two of them read.
#[test]
fn two_agents_under_one_name_lose_nothing() {
    let mut place = Place::new();
    place.write(400);
    place.arrives();
    let second = place.world.path("second");
    let mut command = place.world.command(&["agent"]);
    command
        .arg("--set")
        .arg(format!("agent.data_dir={:?}", second.join("agent")));
    let mut second = place.world.start_command("second", &mut command);
    for _ in 0..5 {
        let written = place.write(200).end;
        wait_all(&place, written);
        second.assert_running();
    }
    let said = report(&place.world);
    assert!(streams(&said).iter().all(|stream| stream["gaps"] == 0), "{said}");
    if stored(&place.world).values().any(|times| *times > 1) {
        place.write(200);
        wait_for("the two to be told", || {
            let said = report(&place.world);
            let told = finding_of_two(&said).is_some_and(|finding| finding["detail"] == "two-agents");
            if told { Ok(()) } else { Err(said.to_string()) }
        });
    }
}

/// Waits until every number up to `written` is stored at least once, and at most twice.
fn wait_all(place: &Place, written: u64) -> BTreeMap<u64, u32> {
    wait_for("every line", || {
        let times = stored(&place.world);
        assert!(times.values().all(|times| *times <= 2), "{times:?}");
        if times.keys().copied().eq(0..written) {
            Ok(times)
        } else {
            Err(format!("{} of {written}", times.len()))
        }
    })
}
