#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use watchpost_event::{AgentId, StreamId, Timestamp};

use super::notice::Notice;
use super::state::{Expected, Moved, WatchState};
use crate::agents::AgentHealth;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const T0: i64 = 20_000 * DAY;

fn at(nanos: i64) -> Timestamp {
    Timestamp(T0 + nanos)
}

fn agent() -> AgentId {
    AgentId::new("a1").unwrap()
}

fn stream() -> StreamId {
    StreamId::new("file:/var/log/app.log").unwrap()
}

fn report(received: Timestamp, status: &str) -> AgentHealth {
    let report = json!({"agent_id": "a1", "timestamp": received, "status": status, "delivery": {
        "host": "web-1", "interval_ms": 10_000, "spool": {"bytes": 0, "max_bytes": 1, "records": 0, "batches": 0}}});
    AgentHealth {
        report: serde_json::from_value(report).unwrap(),
        received_at: received,
    }
}

/// The actions of what is to be told since the last time.
fn told(state: &mut WatchState) -> Vec<String> {
    let action = |notice: Notice| notice.event().fields.text("event.action").unwrap().to_owned();
    state.pending.drain(..).map(action).collect()
}

#[test]
fn a_host_is_silent_after_three_missed_reports_and_told_of_once_each_way() {
    let mut state = WatchState::empty();
    assert!(state.hear(&report(at(0), "ok"), at(0)), "new");
    state.judge_hosts(at(30 * SECOND), at(0));
    assert_eq!(told(&mut state), [""; 0]);
    for seconds in 31..60 {
        state.judge_hosts(at(seconds * SECOND), at(0));
    }
    assert_eq!(state.host(&agent()).unwrap().silent, Some(at(0)));
    assert_eq!(told(&mut state), ["host-silent"]);
    // As it stands in the file: a restart neither repeats nor forgets.
    let mut state: WatchState = serde_json::from_value(serde_json::to_value(&state).unwrap()).unwrap();
    state.judge_hosts(at(HOUR), at(61 * SECOND));
    assert_eq!(told(&mut state), [""; 0]);
    assert!(!state.hear(&report(at(HOUR), "ok"), at(HOUR)));
    assert_eq!(told(&mut state), ["host-back"]);
    assert_eq!(state.host(&agent()).unwrap().silent, None);
    state.hear(&report(at(HOUR), "ok"), at(HOUR));
    assert_eq!(told(&mut state), [""; 0], "the same report again");
}

#[test]
fn while_the_server_was_away_nobody_was_silent() {
    let mut state = WatchState::empty();
    state.hear(&report(at(0), "ok"), at(0));
    state.judge_hosts(at(2 * HOUR), at(2 * HOUR));
    assert_eq!(told(&mut state), [""; 0]);
    state.judge_hosts(at(2 * HOUR + 90 * SECOND), at(2 * HOUR));
    assert_eq!(told(&mut state), [""; 0], "it has a minute to come back");
    state.judge_hosts(at(2 * HOUR + 91 * SECOND), at(2 * HOUR));
    assert_eq!(told(&mut state), ["host-silent"]);
    state.judge_hosts(at(31 * DAY), at(0));
    assert!(state.host(&agent()).is_none(), "forgotten after a month");
}

#[test]
fn an_agent_that_was_told_to_stop_is_silent_too_and_the_words_say_why() {
    let mut state = WatchState::empty();
    state.hear(&report(at(0), "stopped"), at(0));
    state.judge_hosts(at(HOUR), at(0));
    let event = state.pending[0].event();
    assert!(event.message.contains("was told to stop"), "{}", event.message);
    assert_eq!(event.fields.text("host.name"), Some("web-1"));
    assert_eq!(event.fields.get("event.kind"), Some(&Value::from("alert")));
}

fn judge(state: &mut WatchState, moved: i64, now: i64, expected: Expected) {
    let moved = Moved::one(&agent(), &stream(), at(moved));
    state.judge_streams(&moved, at(now), at(0), |_, _| expected, |_, _| false);
}

#[test]
fn a_stream_is_held_to_what_was_configured() {
    let mut state = WatchState::empty();
    let expected = Expected::Within(60 * SECOND);
    judge(&mut state, SECOND, 2 * SECOND, expected);
    judge(&mut state, SECOND, 61 * SECOND, expected);
    assert_eq!(told(&mut state), [""; 0]);
    for seconds in 62..70 {
        judge(&mut state, SECOND, seconds * SECOND, expected);
    }
    assert_eq!(told(&mut state), ["stream-silent"]);
    let since = state.stream(&agent(), &stream()).unwrap().silent;
    assert_eq!(since, Some(at(SECOND)));
    judge(&mut state, 100 * SECOND, 101 * SECOND, expected);
    assert_eq!(told(&mut state), ["stream-back"]);
    judge(&mut state, 100 * SECOND, HOUR, Expected::Nothing);
    assert_eq!(told(&mut state), [""; 0]);
}

#[test]
fn a_stream_learns_its_rhythm_from_three_days() {
    let mut state = WatchState::empty();
    let mut last = 0;
    // Every day from hour 8 to hour 20, every ten minutes: the longest pause is the night, 12 hours.
    for day in 0..3 {
        for step in 0..72 {
            last = day * DAY + 8 * HOUR + step * 600 * SECOND;
            judge(&mut state, last, last + SECOND, Expected::Learned);
        }
        if day < 2 {
            judge(&mut state, last, (day + 1) * DAY, Expected::Learned);
            assert_eq!(told(&mut state), [""; 0], "not known yet");
        }
    }
    let expected = state.stream(&agent(), &stream()).unwrap().expected_ns.unwrap();
    let night = 12 * HOUR + 600 * SECOND;
    assert_eq!(expected, 2 * night);
    judge(&mut state, last, last + expected, Expected::Learned);
    assert_eq!(told(&mut state), [""; 0]);
    judge(&mut state, last, last + expected + SECOND, Expected::Learned);
    assert_eq!(told(&mut state), ["stream-silent"]);
    // What was silence teaches that such a pause may be.
    let back = last + expected + HOUR;
    judge(&mut state, back, back, Expected::Learned);
    assert_eq!(told(&mut state), ["stream-back"]);
    assert_eq!(
        state.stream(&agent(), &stream()).unwrap().expected_ns,
        Some(2 * (expected + HOUR))
    );
}

#[test]
fn what_waits_at_the_agent_and_what_ended_is_no_silence() {
    let mut state = WatchState::empty();
    let moved = Moved::one(&agent(), &stream(), at(SECOND));
    let expected = |_: &AgentId, _: &StreamId| Expected::Within(SECOND);
    state.judge_streams(&moved, at(2 * SECOND), at(0), expected, |_, _| true);
    state.judge_streams(&moved, at(HOUR), at(0), expected, |_, _| true);
    assert_eq!(told(&mut state), [""; 0]);
    state.judge_streams(&moved, at(HOUR), at(0), expected, |_, _| false);
    assert_eq!(told(&mut state), ["stream-silent"]);
    state.judge_streams(&Moved::default(), at(HOUR), at(0), expected, |_, _| false);
    assert!(state.stream(&agent(), &stream()).is_none());
    // A silent host's streams are not told of one by one.
    state.hear(&report(at(HOUR), "ok"), at(HOUR));
    state.judge_hosts(at(2 * HOUR), at(0));
    state.judge_streams(&moved, at(2 * HOUR), at(0), expected, |_, _| false);
    assert_eq!(told(&mut state), ["host-silent"]);
}
