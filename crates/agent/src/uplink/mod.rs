//! The way to the server: one thread that sends what the spool holds, one request at a time, for ever.

mod asked;
mod gate;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use watchpost_event::Timestamp;
use watchpost_event::protocol::StreamsResponse;
use watchpost_kit::{Backoff, Clock, Rng};
use watchpost_run::Shutdown;

pub use transport::{Answering, HttpTransport, Sent, Transport, TransportError};
pub use watchpost_kit::{Schedule, ScheduleError};

use crate::delivery::{Answer, Delivery};
use crate::health::{Pulse, Reporter};
use crate::shared::Shared;
use crate::status::UplinkState;
pub(crate) use asked::Asked;
use gate::Gate;

const RETRY_BASE: Duration = Duration::from_millis(250);
const RETRY_CAP: Duration = Duration::from_secs(30);
/// How often the server's cursors are asked for although all goes well: a server put back to an older state may
/// miss streams that have nothing new to send.
const GREET_EVERY: Duration = Duration::from_mins(1);
/// For an agent that does not report.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);
/// How long nothing may come before the spool is let shrink.
const QUIET: Duration = Duration::from_secs(5);

/// What the uplink remembers from one turn to the next.
struct Turn {
    gate: Gate,
    /// When the server was last asked where streams stand.
    greeted: Option<Duration>,
}

/// The sending half of an agent.
pub(crate) struct Uplink {
    pub(crate) shared: Arc<Shared>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
    /// Where the server's cursors go once they are known.
    pub(crate) greeted: mpsc::Sender<StreamsResponse>,
    /// When batches leave; `None`: always.
    pub(crate) schedule: Option<Schedule>,
    /// Who tells the server how the agent fares; `None` for a single delivery.
    pub(crate) reporter: Option<Reporter>,
}

/// Since when nothing came, and whether the spool was let shrink since.
#[derive(Default)]
struct Rest {
    since: Option<Duration>,
    settled: bool,
}

impl Uplink {
    /// Runs until shutdown, then once more until what is spooled is sent or `patience` ends.
    pub(crate) async fn run(self, patience: Duration) {
        let mut backoff = Backoff::new(RETRY_BASE, RETRY_CAP, Rng::from_os());
        let mut turn = Turn {
            gate: Gate::new(self.schedule.clone(), self.now()),
            greeted: None,
        };
        let mut complained = false;
        let mut rest = Rest::default();
        let mut pulse = Pulse::new(self.reporter.as_ref().map_or(NEVER, |reporter| reporter.interval));
        let stop = async {
            self.shutdown.wait().await;
            tokio::time::sleep(patience).await;
        };
        tokio::pin!(stop);
        loop {
            let outcome = tokio::select! {
                outcome = self.take_turn(&mut turn, &mut pulse) => outcome,
                () = &mut stop => return,
            };
            match outcome {
                Ok(true) => {
                    backoff.reset();
                    if std::mem::take(&mut complained) {
                        tracing::info!("the server answers again");
                    }
                }
                Ok(false) => {
                    if self.shutdown.is_triggered() && self.shared.collector_is_done() {
                        // What the server has is remembered: a copy of this folder then knows it too.
                        self.shared.with_delivery(Delivery::settle);
                        tokio::select! {
                            () = self.tell(&mut pulse, true) => return,
                            () = &mut stop => return,
                        }
                    }
                    pulse.drained();
                    let until_told = pulse.wait(self.clock.monotonic());
                    self.wait_for_work(&turn.gate, &mut rest, until_told).await;
                }
                Err(error) => {
                    turn.greeted = None;
                    pulse.hurry();
                    self.complain(&error, &mut complained);
                    let wait = wait_after(&error, &mut backoff);
                    let is_there = matches!(error, TransportError::Busy { .. });
                    tokio::select! {
                        () = self.pause(wait, is_there, &mut pulse) => {}
                        () = &mut stop => return,
                    }
                }
            }
        }
    }

    /// Asks the server where streams stand where that is due, and sends one request; false when nothing is to be sent.
    async fn take_turn(&self, turn: &mut Turn, pulse: &mut Pulse) -> Result<bool, TransportError> {
        if self.shared.take_send_now() {
            turn.gate.open_now();
        }
        let open = turn.gate.is_open(self.now());
        self.note_gate(&turn.gate);
        let elapsed = self.clock.monotonic();
        let stale = |when| elapsed.saturating_sub(when) >= GREET_EVERY;
        // Also while the gate is closed, but then only once: sources may need to know.
        if turn.greeted.is_none_or(|when| open && stale(when)) {
            self.greet().await?;
            turn.greeted = Some(self.clock.monotonic());
        }
        self.tell(pulse, false).await;
        if !open {
            return Ok(false);
        }
        let sent = self.send_one().await?;
        if !sent {
            turn.gate.close(self.now());
            self.note_gate(&turn.gate);
        }
        Ok(sent)
    }

    fn note_gate(&self, gate: &Gate) {
        self.shared.note_uplink(|status| {
            status.next_send = gate.next();
            match (status.state, gate.next()) {
                (UplinkState::Delivering, Some(_)) => status.state = UplinkState::Waiting,
                (UplinkState::Waiting, None) => status.state = UplinkState::Delivering,
                _ => {}
            }
        });
    }

    fn note_answer(&self) {
        self.shared.set_trouble(None);
        let now = self.now();
        self.shared.note_uplink(|status| {
            status.state = UplinkState::Delivering;
            status.last_answer = Some(now);
        });
    }

    fn complain(&self, error: &TransportError, complained: &mut bool) {
        self.shared.set_trouble(Some(watchpost_kit::chain(error)));
        self.shared.note_uplink(|status| status.state = UplinkState::Trouble);
        if !std::mem::replace(complained, true) {
            tracing::warn!(
                error = watchpost_kit::chain(error),
                "cannot deliver now; events wait in the spool"
            );
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    async fn greet(&self) -> Result<(), TransportError> {
        let streams = self.transport.streams().await?;
        self.shared
            .with_delivery(|delivery| delivery.learn_streams(&streams, self.now()));
        // The collector takes it when it starts; a full channel means it already has one.
        let _ = self.greeted.try_send(streams);
        self.shared.wake_collector_for_orders();
        self.note_answer();
        Ok(())
    }

    /// Waits before the next attempt. A server that is there and has no room is told how the agent fares nevertheless.
    async fn pause(&self, wait: Duration, is_there: bool, pulse: &mut Pulse) {
        let end = self.clock.monotonic() + wait;
        loop {
            let left = end.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return;
            }
            if !is_there {
                return tokio::time::sleep(left).await;
            }
            self.tell(pulse, false).await;
            let until_told = pulse.wait(self.clock.monotonic()).max(RETRY_BASE);
            tokio::time::sleep(left.min(until_told)).await;
        }
    }

    /// Tells the server how the agent fares, when it is due. Whether that arrives changes nothing for what is delivered.
    async fn tell(&self, pulse: &mut Pulse, stopped: bool) {
        let Some(reporter) = &self.reporter else { return };
        if !stopped && !pulse.is_due(self.clock.monotonic()) {
            return;
        }
        let report = reporter.report(&self.shared, stopped, self.now());
        let waiting = report
            .delivery
            .as_ref()
            .is_some_and(|delivery| delivery.spool.batches > 0);
        let told = self.transport.health(report).await;
        let now = self.clock.monotonic();
        match told {
            Ok(()) => pulse.told(waiting, now),
            Err(error) => {
                pulse.failed(now);
                tracing::debug!(error = watchpost_kit::chain(&error), "the health report did not arrive");
            }
        }
    }

    /// Sends one request; false when nothing waits.
    async fn send_one(&self) -> Result<bool, TransportError> {
        let Some(request) = self.shared.with_delivery(Delivery::next_request).flatten() else {
            return Ok(false);
        };
        let result = self.transport.data(request.body.clone().into()).await;
        let (answer, outcome) = match result {
            Ok(Sent::Judged(response)) => (Answer::Judged(response), Ok(true)),
            Ok(Sent::TooLarge) => (Answer::TooLarge, Ok(true)),
            Err(error) => (Answer::Later, Err(error)),
        };
        self.shared
            .with_delivery(|delivery| delivery.answered(&request, answer, self.now()));
        self.shared.wake_collector_for_orders();
        if outcome.is_ok() {
            self.note_answer();
        }
        outcome
    }

    /// Until something waits, and at most until the server is to be asked or told again. Once when it is quiet, spool and
    /// memory shrink.
    async fn wait_for_work(&self, gate: &Gate, rest: &mut Rest, until_told: Duration) {
        let now = self.clock.monotonic();
        let quiet = now.saturating_sub(*rest.since.get_or_insert(now));
        if !rest.settled && quiet >= QUIET {
            rest.settled = true;
            self.shared.with_delivery(Delivery::settle);
            watchpost_run::memory::give_back();
        }
        let patience = if rest.settled {
            GREET_EVERY
        } else {
            QUIET.saturating_sub(quiet)
        };
        let until_open = gate.next().map(|next| next.0.saturating_sub(self.now().0).max(0));
        let patience = until_open.map_or(patience, |nanos| patience.min(Duration::from_nanos(nanos as u64)));
        let work = self.shared.work_waits();
        tokio::select! {
            () = work => *rest = Rest::default(),
            () = self.shutdown.wait(), if !self.shutdown.is_triggered() => {}
            () = tokio::time::sleep(patience.min(until_told)) => {}
        }
    }
}

/// How long to wait after an error: what the server asks for, or longer each time.
fn wait_after(error: &TransportError, backoff: &mut Backoff) -> Duration {
    let own = backoff.next_delay();
    match error {
        TransportError::Busy {
            retry_after: Some(wait),
            ..
        } => (*wait).min(RETRY_CAP).max(own.min(Duration::from_secs(1))),
        _ => own,
    }
}
