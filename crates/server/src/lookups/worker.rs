//! Asks one service what waits for it, as often as it may be asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use watchpost_catalog::{Lookup, LookupAnswer, LookupState, Lookups};
use watchpost_kit::{Clock, DurationText, chain};
use watchpost_lookup::{AskError, Desk, Indicator, Opinion, Unanswered, Verdict};
use watchpost_run::Shutdown;

use super::notice::Notice;
use super::{Counts, LookupBoard};

/// Without anything due it is looked again after this: what failed waits for its time.
const IDLE: Duration = Duration::from_secs(5);
/// A wait is cut into pieces of this, since a clock may be set.
const WAIT_MAX: Duration = Duration::from_secs(30);
const TROUBLE: Duration = Duration::from_secs(5);
/// After so many attempts in vain it is left for a day.
const ATTEMPTS_MAX: u32 = 10;
/// The first attempt again is after this, then after twice as long …
const RETRY: Duration = Duration::from_secs(30);
/// … up to this.
const RETRY_MAX: Duration = Duration::from_hours(1);

/// One service's worker.
pub(crate) struct Worker {
    pub(super) board: Arc<LookupBoard>,
    pub(super) desk: Arc<Desk>,
    pub(super) bell: Arc<Notify>,
    pub(super) catalog: Lookups,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counts: Counts,
}

impl Worker {
    /// Asks until shutdown. One question at a time.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        while !shutdown.is_triggered() {
            let pause = tokio::select! {
                pause = self.step(&shutdown) => pause,
                // A question under way was counted, and is asked again.
                () = shutdown.wait() => return,
            };
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn name(&self) -> &'static str {
        self.desk.service().kind().name()
    }

    /// Asks what is due; answers how long nothing will be.
    async fn step(&self, shutdown: &Shutdown) -> Duration {
        let due = match self.due().await {
            Ok(Some(due)) => due,
            Ok(None) => return IDLE,
            Err(error) => {
                tracing::warn!(error = chain(&error), "Cannot read which look-ups wait, trying again");
                return TROUBLE;
            }
        };
        let Ok(indicator) = due.value.parse::<Indicator>() else {
            let error = AskError::Never {
                reason: "it is no hash, address or domain".to_owned(),
            };
            self.keep(self.failed(&due, &error), shutdown).await;
            return Duration::ZERO;
        };
        match self.desk.ask(&indicator).await {
            Ok(verdict) => {
                self.counts.answered.inc();
                self.keep(self.answered(&due, &verdict), shutdown).await;
                self.board.known.put(&indicator, verdict);
                self.board.answered.notify_waiters();
                Duration::ZERO
            }
            Err(Unanswered::Wait(wait)) => wait.clamp(Duration::from_millis(10), WAIT_MAX),
            Err(Unanswered::NotCounted(reason)) => {
                tracing::error!(
                    service = self.name(),
                    reason,
                    "Nothing is asked: the quota cannot be written down"
                );
                TROUBLE
            }
            Err(Unanswered::Failed(error)) => {
                self.counts.failed.inc();
                tracing::warn!(service = self.name(), error = chain(&error), "A look-up failed");
                // Neither says anything of this file: it keeps its place.
                if !matches!(error, AskError::Refused { .. } | AskError::Quota { .. }) {
                    self.keep(self.failed(&due, &error), shutdown).await;
                }
                Duration::ZERO
            }
        }
    }

    async fn due(&self) -> Result<Option<Lookup>, watchpost_catalog::CatalogError> {
        let waiting = self.catalog.waiting(self.name()).await?;
        self.counts.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        if waiting == 0 {
            return Ok(None);
        }
        self.catalog.due(self.name(), self.clock.now()).await
    }

    fn answered(&self, due: &Lookup, verdict: &Verdict) -> LookupAnswer {
        let settings = &self.board.settings;
        let holds = if verdict.opinion == Opinion::Unknown {
            settings.cache_unknown
        } else {
            settings.cache
        };
        // What nobody has seen on a host is told to who asked, and to nobody else.
        let tells = verdict.opinion.is_bad() && due.event_id.is_some();
        let notice = || serde_json::to_string(&Notice::new(due, verdict)).ok();
        LookupAnswer {
            id: due.id,
            state: LookupState::Known,
            verdict: serde_json::to_string(verdict)
                .ok()
                .map(|json| (verdict.opinion.name().to_owned(), json)),
            looked_ns: verdict.looked_at.0,
            next_ns: self.after(holds),
            error: None,
            notice: tells.then(notice).flatten(),
        }
    }

    fn failed(&self, due: &Lookup, error: &AskError) -> LookupAnswer {
        let after = match error {
            AskError::Later { after, .. } => *after,
            _ => None,
        };
        let is_final = matches!(error, AskError::Never { .. }) || due.attempts + 1 >= ATTEMPTS_MAX;
        let doubled = RETRY.saturating_mul(1_u32.checked_shl(due.attempts).unwrap_or(u32::MAX));
        let (state, next) = if is_final {
            (LookupState::Failed, self.board.settings.cache_unknown)
        } else {
            (LookupState::Waiting, after.unwrap_or(doubled).min(RETRY_MAX))
        };
        LookupAnswer {
            id: due.id,
            state,
            verdict: None,
            looked_ns: self.clock.now(),
            next_ns: self.after(next),
            error: Some(chain(error)),
            notice: None,
        }
    }

    fn after(&self, time: Duration) -> i64 {
        self.clock.now().saturating_add(DurationText(time).as_nanos_i64())
    }

    /// An answer is not asked for twice: it is kept, however often the database refuses.
    async fn keep(&self, answer: LookupAnswer, shutdown: &Shutdown) {
        while !shutdown.is_triggered() {
            match self.catalog.answer(&answer).await {
                Ok(true) => return self.board.told.notify_one(),
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(error = chain(&error), "Cannot keep what a service said, trying again");
                    tokio::time::sleep(TROUBLE).await;
                }
            }
        }
    }
}
