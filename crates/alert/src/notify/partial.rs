//! How far a message got whose text goes as several: after a failure only the rest is sent again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::NotifyError;

/// The last message of which only some parts were sent. After a restart nothing is known: then it is sent from its
/// beginning, and some parts may arrive twice.
#[derive(Default)]
pub(super) struct Partial(Mutex<State>);

#[derive(Default)]
struct State {
    message: String,
    sent: usize,
}

impl Partial {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many parts of a message were sent.
    pub(super) fn sent_of(&self, message: &str) -> usize {
        let state = self.state();
        if state.message == message { state.sent } else { 0 }
    }

    /// Part `n` of a message turned out so.
    pub(super) fn note(&self, message: &str, n: usize, of: usize, outcome: &Result<(), NotifyError>) {
        let mut state = self.state();
        match outcome {
            Ok(()) if n + 1 < of => {
                *state = State {
                    message: message.to_owned(),
                    sent: n + 1,
                };
            }
            Err(NotifyError::Later { .. }) => {}
            // All of it is there, or it is given up.
            Ok(()) | Err(NotifyError::Never { .. }) => *state = State::default(),
        }
    }
}
