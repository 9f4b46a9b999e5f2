use watchpost_alert::{AlertState, BoxFuture, QueuedMessage, StateError};
use watchpost_catalog::{Message, Messages};
use watchpost_event::Timestamp;

/// The queue of messages in the catalog.
pub(crate) struct SqlQueue(Messages);

impl SqlQueue {
    pub(crate) fn new(messages: Messages) -> Self {
        Self(messages)
    }
}

fn queued(message: Message) -> QueuedMessage {
    QueuedMessage {
        id: message.id,
        channel: message.channel,
        body: message.body,
        alert: message.alert_id,
        attempts: message.attempts,
        created: Timestamp(message.created_ns),
    }
}

impl AlertState for SqlQueue {
    fn due<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QueuedMessage>, StateError>> {
        Box::pin(async move {
            let waiting = self.0.first(Some(channel), limit as u64).await?;
            // Order is kept: nothing overtakes a message that waits for its next attempt.
            let due = waiting.into_iter().take_while(|message| message.next_ns <= now.0);
            Ok(due.map(queued).collect())
        })
    }

    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StateError>> {
        Box::pin(async move {
            let first = self.0.first(Some(channel), 1).await?;
            Ok(first.first().map(|message| Timestamp(message.next_ns)))
        })
    }

    fn waiting_channels(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>> {
        Box::pin(async move {
            let waiting = self.0.waiting().await?;
            Ok(waiting.into_iter().map(|channel| channel.channel).collect())
        })
    }

    fn sent(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move { Ok(self.0.sent(id, now.0).await.map(drop)?) })
    }

    fn retry<'a>(&'a self, id: i64, at: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { Ok(self.0.retry(id, at.0, reason).await.map(drop)?) })
    }

    fn dead<'a>(&'a self, id: i64, now: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { Ok(self.0.dead(id, now.0, reason).await.map(drop)?) })
    }
}
