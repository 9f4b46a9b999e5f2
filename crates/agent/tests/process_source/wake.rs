use watchpost_kit::{Clock, SystemClock};

use crate::world::{Read, World, sh};

#[test]
fn an_event_is_in_the_spool_within_a_tenth_of_a_second() {
    let mut world = World::new();
    world.settle();
    let clock = SystemClock::new();
    let (mut latencies, mut starts) = (Vec::new(), Vec::new());
    for round in 0..20 {
        let marker = world.marker(&format!("latency{round}"));
        let begun = clock.monotonic();
        sh("true").wait().unwrap();
        starts.push(clock.monotonic().saturating_sub(begun).as_millis() as i64);
        // Long enough to be looked at on a machine that does other things too.
        let mut shell = sh(&format!("/bin/sh -c ': {marker}; sleep 0.2; :'; true"));
        let event = world.wait_for(|event| event.mentions(&marker));
        latencies.push((world.now().0 - event.time.0) / 1_000_000);
        shell.wait().unwrap();
    }
    latencies.sort_unstable();
    starts.sort_unstable();
    eprintln!("exec to spool, milliseconds: {latencies:?}; a process: {starts:?}");
    // The machine does other things too: the middle says what the source does, and what a process takes here (two
    // milliseconds where nothing else runs) how long one has to wait for one's turn.
    let middle = latencies.len() / 2;
    assert!(
        latencies[middle] < 100 + 10 * starts[middle],
        "{latencies:?} {starts:?}"
    );
}

#[test]
fn a_burst_does_not_wake_for_every_process() {
    let mut world = World::new();
    world.settle();
    let marker = world.marker("wakes");
    let (before, begun) = (world.bell.rings(), world.now());
    let mut shell = sh(&format!(
        "i=0; while [ $i -lt 300 ]; do /bin/true {marker}; i=$((i+1)); done; /bin/true {marker}-last"
    ));
    world.wait_for(|event| event.mentions(&format!("{marker}-last")));
    shell.wait().unwrap();
    let woken = (world.bell.rings() - before) as i64;
    // Once in 50 ms; a busy machine takes its time for so many processes, and starts others meanwhile.
    let millis = (world.now().0 - begun.0) / 1_000_000;
    assert!(
        woken <= 20 + millis / 40,
        "{woken} wake-ups for 300 processes in {millis} ms"
    );
}

#[test]
fn a_full_spool_makes_it_drop_and_declare_not_wait() {
    let mut world = World::new();
    world.spool.full = true;
    let marker = world.marker("full");
    let script = format!("i=0; while [ $i -lt 500 ]; do /bin/true {marker}; i=$((i+1)); done");
    let mut shell = sh(&script);
    let mut ended = false;
    world.wait_until("the shell's end", |_| {
        ended = ended || shell.try_wait().unwrap().is_some();
        ended.then_some(())
    });
    world.spool.full = false;
    let parent = i64::from(shell.id());
    world.wait_until("everything", |spool| {
        // The kernel's own queue is another: it may run over where the machine is very busy, and says so.
        let told = spool.starts_of(parent).len() as u64 + spool.lost("kernel-events-lost");
        (told >= 500).then_some(())
    });
    assert_eq!(world.lost("queue-full"), 0, "500 fit into the queue");
}
