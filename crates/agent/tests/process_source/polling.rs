use std::time::Duration;

use watchpost_agent::source::Notice;
use watchpost_agent::source::process::ProcessSection;

use crate::world::{Read, World, sh};

#[test]
fn without_the_kernels_help_what_lives_two_seconds_is_found() {
    let section = ProcessSection {
        interval: Duration::from_millis(200).into(),
        ..ProcessSection::default()
    };
    let mut world = World::with(&section, true);
    let said = world
        .notices
        .iter()
        .filter(|notice| matches!(notice, Notice::ProcessesPolled { .. }));
    let said: Vec<String> = said.map(ToString::to_string).collect();
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("CAP_NET_ADMIN"), "{}", said[0]);
    let marker = world.marker("polled");
    // A process, one that becomes another, and a fork that stays what it is.
    let script =
        format!("/bin/sh -c 'sleep 1; exec /bin/sleep 2 {marker}-second' {marker}-first & (sleep 2; true) & wait");
    let mut shell = sh(&script);
    let first =
        world.wait_for(|event| event.mentions(&format!("{marker}-first")) && event.text("process.name") != "sleep");
    assert_eq!(
        (first.text("watchpost.from"), first.text("user.name")),
        ("poll", "root")
    );
    assert_eq!(first.number("process.parent.pid"), Some(i64::from(shell.id())));
    let last = world.wait_for(|event| event.action() == "process-stopped" && event.pid() == first.pid());
    assert_eq!(last.number("process.exit_code"), None);
    shell.wait().unwrap();
    let shells = world.starts(&marker);
    // `sleep` refuses the word but runs long enough only if it accepts it; either way nothing is told twice.
    let firsts = shells
        .iter()
        .filter(|event| event.pid() == first.pid() && event.text("process.name") != "sleep");
    assert_eq!(firsts.count(), 1, "{shells:#?}");
}
