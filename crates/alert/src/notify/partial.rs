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
    /// Sent, or refused.
    sent: usize,
    refused: Vec<String>,
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

    /// Why parts of a message were refused.
    pub(super) fn refusals_of(&self, message: &str) -> Vec<String> {
        let state = self.state();
        let refused = (state.message == message).then(|| state.refused.clone());
        refused.unwrap_or_default()
    }

    /// Part `n` of a message was refused, as those before it for these reasons.
    pub(super) fn refused(&self, message: &str, n: usize, of: usize, reasons: &[String]) {
        self.note(message, n, of, &Ok(()));
        if n + 1 < of {
            self.state().refused = reasons.to_vec();
        }
    }

    /// Part `n` of a message turned out so.
    pub(super) fn note(&self, message: &str, n: usize, of: usize, outcome: &Result<(), NotifyError>) {
        let mut state = self.state();
        match outcome {
            Ok(()) if n + 1 < of => {
                state.advance(message, n);
            }
            Err(NotifyError::Later { .. }) => {}
            // All of it is there, or it is given up.
            Ok(()) | Err(NotifyError::Never { .. }) => *state = State::default(),
        }
    }
}

impl State {
    fn advance(&mut self, message: &str, n: usize) {
        if self.message != message {
            *self = Self {
                message: message.to_owned(),
                ..Self::default()
            };
        }
        self.sent = n + 1;
    }
}
