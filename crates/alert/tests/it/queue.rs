//! The queue in memory does what every queue must.

use std::sync::Arc;

use watchpost_alert::{Fate, MemoryState, suite};
use watchpost_event::Timestamp;

#[tokio::test]
async fn the_queue_in_memory_passes_the_suite() {
    suite::exercise_alert_state(async || Arc::new(MemoryState::new()))
        .await
        .unwrap();
}

#[test]
fn a_message_in_memory_keeps_its_fate() {
    let state = MemoryState::new();
    let id = state.enqueue("ops", "text", Timestamp(5));
    let waiting = Fate::Waiting {
        due: Timestamp(0),
        reason: None,
    };
    assert_eq!(state.fate(id), Some((waiting, 0)));
    assert_eq!(state.fate(id + 1), None);
}
