//! The durable queue of messages, as the courier sees it. The server implements it with its database, in which a
//! detection, its alert and its messages are one transaction; [`crate::MemoryState`] is the fake that ships.

use watchpost_event::Timestamp;

use crate::BoxFuture;

/// Why the queue did not answer. The courier tries again.
pub type StateError = Box<dyn std::error::Error + Send + Sync>;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Its place in the queue: later messages have greater ones.
    pub id: i64,
    /// The channel's name.
    pub channel: String,
    /// What its notifier sends.
    pub body: String,
    /// The number of its alert; 0: it belongs to none.
    pub alert: i64,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was put in the queue.
    pub created: Timestamp,
}

/// What the courier asks of the queue. A message waits from its transaction's commit until [`AlertState::sent`] or
/// [`AlertState::dead`]. [`crate::suite`] tries an implementation.
///
/// A new message is due at once whatever the clock does, so store 0 as the time it is due rather than "now".
///
/// One courier at a time works on a queue; two would send everything twice.
pub trait AlertState: Send + Sync {
    /// The channel's waiting messages in the order of their ids, at most `limit`, from its oldest on, ending before the
    /// first that is not due at `now`: order is kept, so nothing overtakes a message that waits for its next attempt.
    fn due<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QueuedMessage>, StateError>>;

    /// When the channel's oldest waiting message is due (perhaps already); none waits: `None`.
    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StateError>>;

    /// The names of all channels with waiting messages, also of those that are configured no longer.
    fn waiting_channels(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>>;

    /// It was delivered and waits no longer. Again, or for an unknown id, does nothing: an answer may get lost.
    fn sent(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<(), StateError>>;

    /// An attempt failed: counts it, keeps the reason, and the message is due again at `at`.
    fn retry<'a>(&'a self, id: i64, at: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>>;

    /// It is given up, kept with its reason, and waits no longer. Again does nothing.
    fn dead<'a>(&'a self, id: i64, now: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>>;
}
