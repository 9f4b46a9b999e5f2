//! Lines that say their number, so that one lost or doubled is seen, and are noise otherwise, so that they take room.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use crate::harness::{World, wait_for};

/// Finds all of them.
pub(crate) const LINES: &str = "numbered";
/// Length of each, its end included.
pub(crate) const LINE_BYTES: u64 = 100;

/// A bijection that looks like noise (the mixing step of SplitMix64).
fn noise(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// `numbered 00000017 …` and 81 characters of noise.
fn line(number: u64) -> String {
    let noise: String = (0..5)
        .map(|part| format!("{:016x}", noise(number * 5 + part)))
        .collect::<Vec<_>>()
        .concat();
    format!("numbered {number:09} {noise}\n")
}

/// Appends these lines.
pub(crate) fn append(path: &Path, numbers: std::ops::Range<u64>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::options().create(true).append(true).open(path).unwrap();
    let mut file = BufWriter::new(file);
    for number in numbers {
        file.write_all(line(number).as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

/// How often each number is stored.
pub(crate) fn stored(world: &World) -> BTreeMap<u64, u32> {
    let found = world.run(&["search", LINES, "--json", "--limit", "1000000"]);
    assert!(matches!(found.code, Some(0 | 3)), "{found:?}");
    let mut times = BTreeMap::new();
    for event in found.json_lines() {
        let message = event["message"].as_str().unwrap();
        let number: u64 = message.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(format!("{message}\n"), line(number), "a changed line");
        *times.entry(number).or_default() += 1;
    }
    times
}

/// These numbers stand in the store once each, and no other does.
pub(crate) fn assert_exactly(world: &World, numbers: impl IntoIterator<Item = u64>) {
    let mut times = stored(world);
    let missing: Vec<u64> = numbers
        .into_iter()
        .filter(|number| times.remove(number) != Some(1))
        .take(10)
        .collect();
    let more: Vec<_> = times.into_iter().take(10).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "not exactly once: {missing:?}; not expected: {more:?}"
    );
}

/// The delivery report once the store has everything that the ledger has.
pub(crate) fn report(world: &World) -> Value {
    wait_for("the store to catch up", || {
        let asked = world.run(&["delivery", "--json"]);
        let report: Value = serde_json::from_str(&asked.stdout).map_err(|error| format!("{error}: {asked:?}"))?;
        let streams = report["streams"].as_array().unwrap();
        let behind = streams.iter().any(|stream| stream["stored"] != stream["cursor"]);
        if behind { Err(report.to_string()) } else { Ok(report) }
    })
}

/// Nothing is missing and nothing is damaged.
pub(crate) fn assert_no_gap(world: &World) {
    let report = report(world);
    for stream in report["streams"].as_array().unwrap() {
        assert_eq!(stream["gaps"], 0, "{stream}");
        assert_eq!(stream["events"], stream["stored_events"], "{stream}");
    }
    assert!(report["damage"].as_array().is_none_or(Vec::is_empty), "{report}");
}

/// `make torture` asks for more rounds; otherwise as many as take a few seconds.
pub(crate) fn rounds(usually: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how `make torture` asks for more")]
    let asked = std::env::var("WATCHPOST_TORTURE_ROUNDS").ok();
    asked.map_or(usually, |rounds| rounds.parse().unwrap())
}

/// A seed of chance, named so that a failure can be repeated with `WATCHPOST_TORTURE_SEED`.
pub(crate) fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how a failure is repeated")]
    let asked = std::env::var("WATCHPOST_TORTURE_SEED").ok();
    asked.map_or_else(|| u64::from(std::process::id()), |seed| seed.parse().unwrap())
}
