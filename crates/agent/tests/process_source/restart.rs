use crate::world::{Read, World, sh};

#[test]
fn a_restart_announces_only_what_began_meanwhile() {
    let mut world = World::new();
    let (old, meanwhile) = (world.marker("old"), world.marker("meanwhile"));
    let mut first = sh(&format!("/bin/sh -c 'sleep 30; : {old}'; true"));
    world.wait_for(|event| event.mentions(&old));
    world.stop();
    let stopped = world.now();
    let mut second = sh(&format!("/bin/sh -c 'sleep 30; : {meanwhile}'; true"));
    // It has to be there before the source looks.
    let running = || {
        std::process::Command::new("pgrep")
            .args(["-f", &format!("^/bin/sh -c sleep 30; : {meanwhile}")])
            .output()
            .unwrap()
    };
    world.wait_while("the second process", || running().stdout.is_empty());
    world.start();
    assert_eq!(world.starts(&old).len(), 1, "told before, not again");
    let found = world.starts(&meanwhile);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].text("watchpost.from"), "poll");
    let gaps: Vec<_> = world
        .spool
        .events
        .iter()
        .filter(|event| event.action() == "not-watching")
        .collect();
    assert_eq!(gaps.len(), 1);
    let from: watchpost_event::Timestamp = gaps[0].text("watchpost.not_watching.from").parse().unwrap();
    let to: watchpost_event::Timestamp = gaps[0].text("watchpost.not_watching.to").parse().unwrap();
    assert!(from <= stopped && stopped <= to);
    let declared: Vec<_> = world
        .spool
        .headers
        .iter()
        .flat_map(|header| &header.unwatched)
        .collect();
    assert_eq!(
        declared,
        [&watchpost_event::Unwatched { from, to }],
        "for the delivery report"
    );
    // What was there before the first start ends in sight.
    let pid = world.starts(&old)[0].pid();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid as i32).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    let end = world.wait_for(|event| event.pid() == pid && event.action() == "process-stopped");
    assert_eq!(end.text("process.signal"), "SIGKILL");
    first.wait().unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
}
