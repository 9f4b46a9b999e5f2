//! Every target runs for a moment with every test run: what is listed works, and the easy findings come at once.

use std::time::Duration;

use watchpost_fuzz::{Runner, TARGETS};
use watchpost_kit::{Clock, SystemClock};

const MOMENT: Duration = Duration::from_secs(2);

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let clock = SystemClock::new();
    let mut runner = Runner::new(target.expect("the target is listed"), 1);
    while clock.monotonic() < MOMENT {
        if let Err(finding) = runner.step() {
            panic!("{finding}, with {:?}", String::from_utf8_lossy(&finding.input));
        }
    }
    assert!(runner.executions() > 5, "{} executions only", runner.executions());
}

macro_rules! smoke {
    ($($test:ident = $name:literal),* $(,)?) => {
        $(#[test] fn $test() { run($name); })*

        #[test]
        fn every_target_is_run() {
            let run = [$($name),*];
            let listed: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(listed, run);
        }
    };
}

smoke! {
    batch = "batch",
    frame = "frame",
    envelope = "envelope",
    answers = "answers",
    ledger = "ledger",
    manifest = "manifest",
    index = "index",
    data_file = "data-file",
    query = "query",
    framing = "framing",
    codecs = "codecs",
    event_xml = "event-xml",
    evtx = "evtx",
}
