//! What every [`AlertState`] must do, as a suite: whoever implements the queue runs it.

use std::sync::Arc;

use watchpost_event::Timestamp;

use crate::{AlertState, BoxFuture, MemoryState, StateError};

/// A fresh queue that a test can fill.
pub trait TestQueue: Send + Sync {
    /// The queue as the courier sees it.
    fn state(&self) -> Arc<dyn AlertState>;
    /// Puts a message at its end, due at once; its id.
    fn enqueue<'a>(
        &'a self,
        channel: &'a str,
        body: &'a str,
        created: Timestamp,
    ) -> BoxFuture<'a, Result<i64, StateError>>;
}

impl TestQueue for Arc<MemoryState> {
    fn state(&self) -> Arc<dyn AlertState> {
        Arc::clone(self) as Arc<dyn AlertState>
    }

    fn enqueue<'a>(
        &'a self,
        channel: &'a str,
        body: &'a str,
        created: Timestamp,
    ) -> BoxFuture<'a, Result<i64, StateError>> {
        let id = MemoryState::enqueue(self, channel, body, created);
        Box::pin(std::future::ready(Ok(id)))
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Runs the whole suite; `make` gives an empty queue each time. Fails with what went wrong.
pub async fn exercise_alert_state<Q: TestQueue>(make: impl AsyncFn() -> Q) -> Result<(), StateError> {
    an_empty_queue_has_nothing_to_say(&make().await).await?;
    messages_come_in_order_and_only_of_their_channel(&make().await).await?;
    nothing_overtakes_a_message_that_waits(&make().await).await?;
    settled_messages_wait_no_longer(&make().await).await?;
    bodies_come_back_as_they_were(&make().await).await?;
    Ok(())
}

async fn an_empty_queue_has_nothing_to_say<Q: TestQueue>(queue: &Q) -> Result<(), StateError> {
    let state = queue.state();
    check("due", state.due("ops", NOW, 10).await?.len(), 0)?;
    check("next_due", state.next_due("ops").await?, None)?;
    check(
        "waiting_channels",
        state.waiting_channels().await?,
        Vec::<String>::new(),
    )?;
    // An id that is not there: the answer to an earlier call may have got lost.
    state.sent(77, NOW).await?;
    state.retry(77, NOW, "why").await?;
    state.dead(77, NOW, "why").await
}

async fn messages_come_in_order_and_only_of_their_channel<Q: TestQueue>(queue: &Q) -> Result<(), StateError> {
    let state = queue.state();
    let first = queue.enqueue("ops", "1", NOW).await?;
    let other = queue.enqueue("hook", "2", NOW).await?;
    let second = queue.enqueue("ops", "3", NOW).await?;
    check("ids rise", first < other && other < second, true)?;
    check("due of ops", ids(&*state, "ops", NOW, 10).await?, vec![first, second])?;
    check("due of hook", ids(&*state, "hook", NOW, 10).await?, vec![other])?;
    check("the limit", ids(&*state, "ops", NOW, 1).await?, vec![first])?;
    let message = state.due("ops", NOW, 1).await?.remove(0);
    check("channel", message.channel.as_str(), "ops")?;
    check("body", message.body.as_str(), "1")?;
    check("attempts", message.attempts, 0)?;
    check("created", message.created, NOW)?;
    let mut channels = state.waiting_channels().await?;
    channels.sort();
    check("waiting_channels", channels, vec!["hook".to_owned(), "ops".to_owned()])?;
    // The clock was set back after the message was made: it is due all the same.
    let earlier = NOW.plus(-3_600_000_000_000);
    check(
        "due after the clock went back",
        ids(&*state, "ops", earlier, 10).await?,
        vec![first, second],
    )
}

async fn nothing_overtakes_a_message_that_waits<Q: TestQueue>(queue: &Q) -> Result<(), StateError> {
    let state = queue.state();
    let first = queue.enqueue("ops", "1", NOW).await?;
    let second = queue.enqueue("ops", "2", NOW).await?;
    let other = queue.enqueue("hook", "3", NOW).await?;
    let at = NOW.plus(5_000_000_000);
    state.retry(first, at, "down").await?;
    check(
        "due before its time",
        ids(&*state, "ops", at.plus(-1), 10).await?,
        vec![],
    )?;
    check("next_due", state.next_due("ops").await?, Some(at))?;
    check("the other channel", ids(&*state, "hook", NOW, 10).await?, vec![other])?;
    check(
        "due at its time",
        ids(&*state, "ops", at, 10).await?,
        vec![first, second],
    )?;
    check("attempts", state.due("ops", at, 1).await?.remove(0).attempts, 1)?;
    state.retry(first, at, "still down").await?;
    check("attempts again", state.due("ops", at, 1).await?.remove(0).attempts, 2)?;
    // One in the middle that waits holds up what is behind it.
    state.sent(first, at).await?;
    let third = queue.enqueue("ops", "4", NOW).await?;
    let later = at.plus(1_000_000_000);
    state.retry(third, later, "down").await?;
    let fourth = queue.enqueue("ops", "5", NOW).await?;
    check(
        "up to the one that waits",
        ids(&*state, "ops", at, 10).await?,
        vec![second],
    )?;
    check(
        "all",
        ids(&*state, "ops", later, 10).await?,
        vec![second, third, fourth],
    )
}

async fn settled_messages_wait_no_longer<Q: TestQueue>(queue: &Q) -> Result<(), StateError> {
    let state = queue.state();
    let sent = queue.enqueue("ops", "1", NOW).await?;
    let dead = queue.enqueue("ops", "2", NOW).await?;
    let left = queue.enqueue("ops", "3", NOW).await?;
    state.sent(sent, NOW).await?;
    state.dead(dead, NOW, "403: blocked").await?;
    check("due", ids(&*state, "ops", NOW, 10).await?, vec![left])?;
    // Again, and whatever comes too late, changes nothing.
    state.sent(sent, NOW).await?;
    state.dead(dead, NOW, "again").await?;
    state.retry(sent, NOW, "too late").await?;
    state.retry(dead, NOW, "too late").await?;
    check("due afterwards", ids(&*state, "ops", NOW, 10).await?, vec![left])?;
    state.sent(left, NOW).await?;
    check("next_due", state.next_due("ops").await?, None)?;
    check(
        "waiting_channels",
        state.waiting_channels().await?,
        Vec::<String>::new(),
    )
}

async fn bodies_come_back_as_they_were<Q: TestQueue>(queue: &Q) -> Result<(), StateError> {
    let state = queue.state();
    let long = "х".repeat(100_000);
    let bodies = ["", "it's \"quoted\" \\ and\n\u{1f525} Браузер", long.as_str()];
    for body in bodies {
        queue.enqueue("канал 'один'", body, NOW).await?;
    }
    let due = state.due("канал 'один'", NOW, 10).await?;
    let got: Vec<&str> = due.iter().map(|message| message.body.as_str()).collect();
    check("bodies", got, bodies.to_vec())?;
    state.retry(due[0].id, NOW, "a reason's \"text\" \u{1f525}").await
}

async fn ids(state: &dyn AlertState, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<i64>, StateError> {
    Ok(state
        .due(channel, now, limit)
        .await?
        .iter()
        .map(|message| message.id)
        .collect())
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
fn check<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), StateError> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {got:?}").into())
}
