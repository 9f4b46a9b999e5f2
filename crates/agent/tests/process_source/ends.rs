use watchpost_event::Event;

use crate::world::{Read, World, sh};

/// The end of the process whose start carries the marker.
fn end(world: &mut World, marker: &str) -> Event {
    let start = world.wait_for(|event| event.action() == "process-started" && event.mentions(marker));
    world
        .wait_for(|event| event.pid() == start.pid() && event.action() != "process-started" && event.time >= start.time)
}

#[test]
fn ends_say_how() {
    let mut world = World::new();
    let marker = world.marker("ends");
    let script = format!(
        "sh -c ': {marker}-code; sleep 0.3; exit 3'; sh -c ': {marker}-term; sleep 0.3; kill -TERM $$'; sh -c ': {marker}-segv; sleep 0.3; kill -SEGV $$'; true"
    );
    sh(&script).wait().unwrap();

    let code = end(&mut world, &format!("{marker}-code"));
    assert_eq!(
        (code.action(), code.number("process.exit_code")),
        ("process-stopped", Some(3))
    );
    assert!(code.message.ends_with("ended with exit code 3"), "{}", code.message);
    assert!(code.number("event.duration").unwrap() > 0);
    let close: watchpost_event::Timestamp = code.text("process.end").parse().unwrap();
    assert_eq!(close, code.time);
    assert!(world.matches(
        "event.type:end AND watchpost.logsource.category:process_termination",
        &code
    ));
    assert_eq!(code.text("user.name"), "root");

    let term = end(&mut world, &format!("{marker}-term"));
    assert_eq!(
        (term.action(), term.text("process.signal")),
        ("process-stopped", "SIGTERM")
    );

    let crash = end(&mut world, &format!("{marker}-segv"));
    assert_eq!(
        (crash.action(), crash.text("process.signal")),
        ("process-crashed", "SIGSEGV")
    );
    assert_eq!(crash.number("process.exit_code"), Some(139));
    assert!(world.matches(
        "event.type:end AND event.type:error AND event.outcome:failure AND log.level:error",
        &crash
    ));
    let name = crash.text("process.name");
    assert_eq!(
        crash.message,
        format!("{name} (pid {}, user root) crashed: SIGSEGV", crash.pid())
    );
}

#[test]
fn a_forked_worker_that_crashes_is_told_though_its_start_was_not() {
    let mut world = World::new();
    let marker = world.marker("worker");
    // A subshell is a fork without an exec; `sh` reads its own id from /proc.
    let script = format!("sh -c '(read pid rest < /proc/self/stat; kill -ABRT $pid; sleep 5) ; : {marker}; true'");
    sh(&script).wait().unwrap();
    let parent = world.wait_for(|event| event.action() == "process-started" && event.mentions(&marker));
    let crash = world.wait_for(|event| {
        event.action() == "process-crashed" && event.number("process.parent.pid") == Some(parent.pid())
    });
    assert_eq!(crash.text("process.signal"), "SIGABRT");
    assert_eq!(crash.text("process.name"), parent.text("process.name"));
    assert!(
        world
            .spool
            .events
            .iter()
            .all(|event| event.action() != "process-started" || event.pid() != crash.pid())
    );
}
