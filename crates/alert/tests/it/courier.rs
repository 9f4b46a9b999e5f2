//! From the queue to the channels: order, once each, failures, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use watchpost_alert::{
    AlertState, BoxFuture, Channel, Courier, CourierTiming, Fate, MemoryState, Notifier, NotifyError, Outgoing,
    QueuedMessage, StateError,
};
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::Shutdown;
use watchpost_run::metrics::Registry;

use crate::common::{PATIENCE, TOKEN, telegram, until};
use crate::doubles::{Mode, TelegramDouble};

/// Delays that do not keep a test waiting; everything else as in production.
fn timing() -> CourierTiming {
    CourierTiming {
        backoff_first: Duration::from_millis(20),
        backoff_max: Duration::from_millis(100),
        ..CourierTiming::default()
    }
}

struct World {
    state: Arc<MemoryState>,
    courier: Courier,
    wake: Arc<Notify>,
    shutdown: Shutdown,
    running: JoinHandle<()>,
}

impl World {
    fn start(channels: Vec<(&str, Arc<dyn Notifier>)>, timing: CourierTiming) -> Self {
        let state = Arc::new(MemoryState::new());
        Self::over(Arc::clone(&state), state, channels, timing)
    }

    fn over(
        state: Arc<MemoryState>,
        seen: Arc<dyn AlertState>,
        channels: Vec<(&str, Arc<dyn Notifier>)>,
        timing: CourierTiming,
    ) -> Self {
        let channels = channels.into_iter().map(|(name, notifier)| Channel {
            name: name.to_owned(),
            notifier,
        });
        let courier = Courier::new(channels.collect(), seen, Arc::new(SystemClock::new())).with_timing(timing);
        let (wake, shutdown) = (Arc::new(Notify::new()), Shutdown::new());
        let running = tokio::spawn(courier.clone().run(Arc::clone(&wake), shutdown.clone()));
        Self {
            state,
            courier,
            wake,
            shutdown,
            running,
        }
    }

    fn enqueue(&self, channel: &str, body: &str) -> i64 {
        let id = self.state.enqueue(channel, body, now());
        self.wake.notify_one();
        id
    }

    async fn settled(&self, id: i64) -> Fate {
        let settled = || {
            self.state
                .fate(id)
                .map(|(fate, _)| fate)
                .filter(|fate| !matches!(fate, Fate::Waiting { .. }))
        };
        until("a message to be settled", settled).await
    }

    async fn failed(&self, id: i64, times: u32) {
        until("failed attempts", || {
            self.state.fate(id).filter(|(_, attempts)| *attempts >= times)
        })
        .await;
    }

    /// Ends the courier; how long that took.
    async fn end(self) -> Duration {
        let clock = SystemClock::new();
        self.shutdown.trigger();
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap();
        clock.monotonic()
    }
}

fn now() -> Timestamp {
    Timestamp(SystemClock::new().now())
}

fn reason_of(fate: Fate) -> String {
    match fate {
        Fate::Dead { reason, .. } => reason,
        other => panic!("not dead: {other:?}"),
    }
}

/// Takes everything, or says what it is told to.
#[derive(Default)]
struct Says(std::sync::Mutex<(Vec<String>, Option<NotifyError>)>);

impl Says {
    fn set(&self, error: Option<NotifyError>) {
        self.0.lock().unwrap().1 = error;
    }

    fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().0.clone()
    }
}

impl Notifier for Says {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(async move {
            let mut inner = self.0.lock().unwrap();
            if let Some(error) = &inner.1 {
                return Err(error.clone());
            }
            inner.0.push(message.body.to_owned());
            Ok(())
        })
    }
}

/// Never answers.
struct Hangs;

impl Notifier for Hangs {
    fn send<'a>(&'a self, _message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_message_is_delivered_once_and_at_once() {
    let api = TelegramDouble::start(TOKEN);
    let world = World::start(vec![("ops", telegram(&api.url(), json!({})))], timing());
    // The first one opens the connection.
    world.settled(world.enqueue("ops", "zero")).await;
    let before = now();
    let id = world.enqueue("ops", "one");
    assert!(matches!(world.settled(id).await, Fate::Sent { .. }));
    assert_eq!(api.texts(), ["zero", "one"]);
    let took = api.arrived()[1].at - before.0;
    assert!(took < 1_000_000_000, "{took} ns: nothing waits for a poll");
    let counts = world.courier.counts().remove(0);
    assert_eq!((counts.sent, counts.failed, counts.dead, counts.down), (2, 0, 0, false));
    world.end().await;
    assert_eq!(api.requests(), 2);
}

#[tokio::test]
async fn messages_wait_while_the_service_is_down_and_then_come_once_in_order() {
    let api = TelegramDouble::start(TOKEN);
    let world = World::start(vec![("ops", telegram(&api.url(), json!({})))], timing());
    for mode in [
        Mode::Refuse,
        Mode::Fail(500, "Internal Server Error"),
        Mode::Fail(401, "Unauthorized"),
    ] {
        api.set(mode);
        let before = api.texts().len();
        let ids: Vec<i64> = (0..20).map(|n| world.enqueue("ops", &format!("message {n}"))).collect();
        world.failed(ids[0], 3).await;
        assert!(world.courier.counts()[0].down);
        assert_eq!(api.texts().len(), before);
        assert_eq!(world.state.fate(ids[1]).unwrap().1, 0, "nothing overtakes the first");
        api.set(Mode::Up);
        world.settled(ids[19]).await;
        let expected: Vec<String> = (0..20).map(|n| format!("message {n}")).collect();
        assert_eq!(api.texts()[before..], expected);
        assert!(!world.courier.counts()[0].down);
    }
    world.end().await;
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_left_alone_until_then() {
    let api = TelegramDouble::start(TOKEN);
    let world = World::start(vec![("ops", telegram(&api.url(), json!({})))], timing());
    api.set(Mode::TooMany(1));
    let id = world.enqueue("ops", "one");
    world.failed(id, 1).await;
    let asked = now();
    api.set(Mode::Up);
    // Further messages do not break the silence.
    let second = world.enqueue("ops", "two");
    world.settled(second).await;
    assert_eq!(api.texts(), ["one", "two"]);
    assert_eq!(api.requests(), 3);
    let waited = api.arrived()[0].at - asked.0;
    assert!(waited > 800_000_000, "{waited} ns");
    assert!(!world.courier.counts()[0].down);
    world.end().await;
}

#[tokio::test]
async fn what_can_never_be_delivered_is_given_up_and_the_rest_goes_on() {
    let api = TelegramDouble::start(TOKEN);
    let world = World::start(vec![("ops", telegram(&api.url(), json!({})))], timing());
    api.set(Mode::Fail(403, "Forbidden: bot was kicked from the group chat"));
    let first = world.enqueue("ops", "one");
    let reason = reason_of(world.settled(first).await);
    assert!(reason.contains("bot was kicked"), "{reason}");
    api.set(Mode::Up);
    let second = world.enqueue("ops", "two");
    world.settled(second).await;
    assert_eq!(api.texts(), ["two"]);
    let counts = world.courier.counts().remove(0);
    assert_eq!((counts.sent, counts.failed, counts.dead), (1, 0, 1));
    world.end().await;
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_no_other() {
    let says = Arc::new(Says::default());
    let world = World::start(vec![("stuck", Arc::new(Hangs)), ("ops", says.clone())], timing());
    let stuck: Vec<i64> = (0..200).map(|n| world.enqueue("stuck", &n.to_string())).collect();
    let ids: Vec<i64> = (0..100).map(|n| world.enqueue("ops", &n.to_string())).collect();
    world.settled(ids[99]).await;
    assert_eq!(says.taken(), (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(matches!(world.state.fate(stuck[0]), Some((Fate::Waiting { .. }, 0))));
    let impatient = world.end().await;
    assert!(impatient < Duration::from_secs(15), "{impatient:?}");
}

#[tokio::test]
async fn shutdown_during_a_hang_is_prompt_and_the_message_stays() {
    let api = TelegramDouble::start(TOKEN);
    api.set(Mode::Hang);
    let drain = Duration::from_millis(300);
    let patience = CourierTiming { drain, ..timing() };
    let world = World::start(vec![("ops", telegram(&api.url(), json!({"timeout": "1m"})))], patience);
    let id = world.enqueue("ops", "one");
    until("the request", || (api.requests() > 0).then_some(())).await;
    let state = Arc::clone(&world.state);
    let took = world.end().await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(matches!(state.fate(id), Some((Fate::Waiting { .. }, 0))));
}

#[tokio::test]
async fn a_request_under_way_at_shutdown_is_finished_and_recorded() {
    let api = TelegramDouble::start(TOKEN);
    api.set(Mode::Hang);
    let world = World::start(vec![("ops", telegram(&api.url(), json!({"timeout": "1m"})))], timing());
    let first = world.enqueue("ops", "one");
    let second = world.enqueue("ops", "two");
    until("the request", || (api.requests() > 0).then_some(())).await;
    world.shutdown.trigger();
    api.set(Mode::Up);
    let state = Arc::clone(&world.state);
    world.end().await;
    assert!(matches!(state.fate(first), Some((Fate::Sent { .. }, 0))));
    assert!(
        matches!(state.fate(second), Some((Fate::Waiting { .. }, 0))),
        "nothing new is begun"
    );
    assert_eq!(api.texts(), ["one"]);
}

#[tokio::test]
async fn messages_that_are_too_old_or_have_no_channel_are_given_up() {
    let says = Arc::new(Says::default());
    let state = Arc::new(MemoryState::new());
    let days = |n: i64| now().plus(-n * 86_400_000_000_000);
    let old = state.enqueue("ops", "old", days(8));
    let young = state.enqueue("ops", "young", days(6));
    let orphans: Vec<i64> = (0..100).map(|_| state.enqueue("gone", "x", now())).collect();
    state
        .retry(orphans[0], now().plus(3_600_000_000_000), "down")
        .await
        .unwrap();
    let world = World::over(Arc::clone(&state), state, vec![("ops", says.clone())], timing());
    assert!(reason_of(world.settled(old).await).contains("within 7d"));
    world.settled(young).await;
    assert_eq!(says.taken(), ["young"]);
    for id in orphans {
        let reason = reason_of(world.settled(id).await);
        assert!(reason.contains("\"gone\" is configured no longer"), "{reason}");
    }
    world.end().await;
}

/// A queue whose database is busy until told otherwise.
struct Busy {
    state: Arc<MemoryState>,
    held: AtomicBool,
    calls: std::sync::atomic::AtomicUsize,
}

impl Busy {
    fn check<'a, T: Send + 'a>(
        &'a self,
        inner: BoxFuture<'a, Result<T, StateError>>,
    ) -> BoxFuture<'a, Result<T, StateError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.held.load(Ordering::SeqCst) {
            return Box::pin(async { Err("database is locked".into()) });
        }
        inner
    }
}

impl AlertState for Busy {
    fn due<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QueuedMessage>, StateError>> {
        self.check(self.state.due(channel, now, limit))
    }

    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StateError>> {
        self.check(self.state.next_due(channel))
    }

    fn waiting_channels(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>> {
        self.check(self.state.waiting_channels())
    }

    fn sent(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<(), StateError>> {
        if self.held.load(Ordering::SeqCst) {
            return self.check(Box::pin(async { Ok(()) }));
        }
        self.check(self.state.sent(id, now))
    }

    fn retry<'a>(&'a self, id: i64, at: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        self.check(self.state.retry(id, at, reason))
    }

    fn dead<'a>(&'a self, id: i64, now: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        self.check(self.state.dead(id, now, reason))
    }
}

/// Takes messages and makes the database busy while it does.
struct Locks(Arc<Busy>, Arc<Says>);

impl Notifier for Locks {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        self.0.held.store(true, Ordering::SeqCst);
        self.1.send(message)
    }
}

#[tokio::test]
async fn a_busy_database_is_asked_again_without_sending_twice_or_spinning() {
    let state = Arc::new(MemoryState::new());
    let busy = Arc::new(Busy {
        state: Arc::clone(&state),
        held: AtomicBool::new(true),
        calls: std::sync::atomic::AtomicUsize::new(0),
    });
    let says = Arc::new(Says::default());
    let locks = Arc::new(Locks(Arc::clone(&busy), Arc::clone(&says)));
    let world = World::over(
        state,
        Arc::clone(&busy) as Arc<dyn AlertState>,
        vec![("ops", locks)],
        timing(),
    );
    let id = world.enqueue("ops", "one");
    let calls = || busy.calls.load(Ordering::SeqCst);
    until("a second question", || (calls() >= 3).then_some(())).await;
    assert_eq!(says.taken(), Vec::<String>::new());
    busy.held.store(false, Ordering::SeqCst);
    until("the message", || (!says.taken().is_empty()).then_some(())).await;
    // Sent, but not recorded: that is repeated, the message is not.
    let before = calls();
    let clock = SystemClock::new();
    until("recording again", || (calls() >= before + 3).then_some(())).await;
    assert!(
        clock.monotonic() > Duration::from_millis(30),
        "{:?}: no busy loop",
        clock.monotonic()
    );
    assert!(matches!(world.state.fate(id), Some((Fate::Waiting { .. }, 0))));
    busy.held.store(false, Ordering::SeqCst);
    assert!(matches!(world.settled(id).await, Fate::Sent { .. }));
    assert_eq!(says.taken(), ["one"]);
    world.end().await;
}

#[tokio::test]
async fn after_a_restart_what_waits_is_sent() {
    let says = Arc::new(Says::default());
    says.set(Some(NotifyError::Later {
        after: None,
        reason: "down".to_owned(),
    }));
    let world = World::start(vec![("ops", says.clone())], timing());
    let id = world.enqueue("ops", "one");
    world.failed(id, 1).await;
    let state = Arc::clone(&world.state);
    world.end().await;
    says.set(None);
    let world = World::over(Arc::clone(&state), state, vec![("ops", says.clone())], timing());
    world.settled(id).await;
    assert_eq!(says.taken(), ["one"]);
    world.end().await;
}

#[tokio::test]
async fn numbers_come_out_as_metrics() {
    let registry = Registry::new();
    let (state, says) = (Arc::new(MemoryState::new()), Arc::new(Says::default()));
    let channel = Channel {
        name: "ops".to_owned(),
        notifier: says,
    };
    let courier = Courier::new(
        vec![channel],
        Arc::clone(&state) as Arc<dyn AlertState>,
        Arc::new(SystemClock::new()),
    );
    let courier = courier.with_metrics(&registry);
    state.enqueue("ops", "one", now());
    let shutdown = Shutdown::new();
    let running = tokio::spawn(courier.run(Arc::new(Notify::new()), shutdown.clone()));
    let line = "watchpost_messages_sent_total{channel=\"ops\"} 1\n";
    until("the metric", || registry.render().contains(line).then_some(())).await;
    shutdown.trigger();
    running.await.unwrap();
}

#[tokio::test]
#[should_panic(expected = "a mistake in a notifier")]
async fn a_panic_of_a_notifier_comes_out() {
    struct Panics;
    impl Notifier for Panics {
        fn send<'a>(&'a self, _message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
            panic!("a mistake in a notifier")
        }
    }
    let state = Arc::new(MemoryState::new());
    state.enqueue("ops", "one", now());
    let channel = Channel {
        name: "ops".to_owned(),
        notifier: Arc::new(Panics),
    };
    let courier = Courier::new(vec![channel], state, Arc::new(SystemClock::new()));
    let run = courier.run(Arc::new(Notify::new()), Shutdown::new());
    tokio::time::timeout(PATIENCE, run).await.unwrap();
}
