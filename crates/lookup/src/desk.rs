//! One service with everything that keeps it from being asked too often: the quota, counted durably, the circuit breaker,
//! and a key that was refused.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use watchpost_event::Timestamp;
use watchpost_kit::{BreakerState, CircuitBreaker, Clock};
use watchpost_run::Disk;
use watchpost_run::disk::{read_sealed, replace_sealed};

use crate::config::ServiceSettings;
use crate::quota::{Allowance, Usage};
use crate::upload::{Upload, Uploaded};
use crate::{AskError, Indicator, LookupError, Service, Verdict};

/// So many failures in a row …
const FAILURES_MAX: u32 = 5;
/// … and it is left alone for so long.
const OPEN_FOR: Duration = Duration::from_mins(1);
/// A refused key is tried again after this: somebody may have paid, or put it right over there.
const REFUSED_FOR: Duration = Duration::from_hours(1);
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Asks one service, as often as it may be asked.
pub struct Desk {
    service: Service,
    allowance: Allowance,
    clock: Arc<dyn Clock>,
    disk: Arc<dyn Disk>,
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    usage: Usage,
    breaker: CircuitBreaker,
    /// The key was refused, at this monotonic time, for this reason.
    refused: Option<(Duration, String)>,
    last_error: Option<String>,
}

/// Whether a service is asked at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Ok,
    /// It has been asked as often as it may be, until then.
    QuotaUsed {
        /// When it is asked again.
        until: Timestamp,
    },
    /// It does not take the key.
    KeyRefused {
        /// What it says.
        reason: String,
    },
    /// It failed several times in a row and is left alone for a minute.
    BreakerOpen {
        /// What happened last.
        reason: String,
    },
}

/// A request was not made, or brought no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nothing was sent: wait for so long, then ask again.
    Wait(Duration),
    /// It was asked.
    Failed(AskError),
    /// The quota could not be written down, so nothing was sent.
    NotCounted(String),
}

impl Desk {
    /// Opens one service; what was used of its quota is in `dir`.
    pub fn open(
        settings: &ServiceSettings,
        disk: Arc<dyn Disk>,
        dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LookupError> {
        let service = Service::new(settings)?;
        let path = dir.join(format!("{}.quota", settings.kind.name()));
        let failed = |source| LookupError::Quota {
            service: settings.kind.title(),
            path: path.clone(),
            source,
        };
        disk.create_dir_all(dir).map_err(failed)?;
        let usage = match read_sealed(&*disk, &path, FILE_BYTES_MAX) {
            Ok(bytes) => usage(bytes.as_deref(), &path),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) => {
                usage(Some(b""), &path)
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Self {
            service,
            allowance: settings.allowance,
            clock,
            disk,
            path,
            state: Mutex::new(State {
                usage,
                breaker: CircuitBreaker::new(FAILURES_MAX, OPEN_FOR),
                refused: None,
                last_error: None,
            }),
        })
    }

    /// The service.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// How often it may be asked.
    pub const fn allowance(&self) -> Allowance {
        self.allowance
    }

    /// Asks, unless it may not be asked now. A request that was counted stays counted, whatever comes of it.
    pub async fn ask(self: &Arc<Self>, indicator: &Indicator) -> Result<Verdict, Unanswered> {
        self.begin().await?;
        let outcome = self.service.look(indicator, Timestamp(self.clock.now())).await;
        self.end(outcome.as_ref().err()).await;
        outcome.map_err(Unanswered::Failed)
    }

    /// Gives a file away; it counts as one request.
    pub async fn upload(self: &Arc<Self>, upload: Upload) -> Result<Uploaded, Unanswered> {
        self.begin().await?;
        let outcome = self.service.upload(upload).await;
        self.end(outcome.as_ref().err()).await;
        outcome.map_err(Unanswered::Failed)
    }

    /// Whether it is asked at present.
    pub fn standing(&self) -> Standing {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let state = self.state();
        if let Some((_, reason)) = &state.refused {
            return Standing::KeyRefused { reason: reason.clone() };
        }
        if state.breaker.state(monotonic) == BreakerState::Open {
            return Standing::BreakerOpen {
                reason: state.last_error.clone().unwrap_or_default(),
            };
        }
        match state.usage.free_at(self.allowance, now) {
            Some(until) => Standing::QuotaUsed {
                until: Timestamp(until),
            },
            None => Standing::Ok,
        }
    }

    /// Requests of the present day (UTC).
    pub fn used_today(&self) -> u32 {
        self.state().usage.today(self.clock.now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, durably.
    async fn begin(self: &Arc<Self>) -> Result<(), Unanswered> {
        self.may_ask()?;
        self.write_down().await.map_err(Unanswered::NotCounted)
    }

    async fn write_down(self: &Arc<Self>) -> Result<(), String> {
        let desk = Arc::clone(self);
        match tokio::task::spawn_blocking(move || desk.save()).await {
            Ok(saved) => saved.map_err(|error| watchpost_kit::chain(&error)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn may_ask(&self) -> Result<(), Unanswered> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut state = self.state();
        if let Some((since, _)) = &state.refused {
            let passed = monotonic.saturating_sub(*since);
            if passed < REFUSED_FOR {
                return Err(Unanswered::Wait(REFUSED_FOR.saturating_sub(passed)));
            }
        }
        if state.breaker.state(monotonic) == BreakerState::Open {
            return Err(Unanswered::Wait(OPEN_FOR));
        }
        let allowance = self.allowance;
        if let Some(until) = state.usage.free_at(allowance, now) {
            return Err(Unanswered::Wait(until_then(until, now)));
        }
        if !state.breaker.allow(monotonic) {
            return Err(Unanswered::Wait(OPEN_FOR));
        }
        state
            .usage
            .take(allowance, now)
            .map_err(|until| Unanswered::Wait(until_then(until, now)))
    }

    fn save(&self) -> Result<(), LookupError> {
        let failed = |source| LookupError::Quota {
            service: self.service.kind().title(),
            path: self.path.clone(),
            source,
        };
        let bytes = serde_json::to_vec(&self.state().usage).map_err(|error| failed(error.into()))?;
        replace_sealed(&*self.disk, &self.path, bytes).map_err(failed)
    }

    /// Notes what came of a request. That the service has had enough is remembered beyond a restart.
    async fn end(self: &Arc<Self>, error: Option<&AskError>) {
        self.note(error);
        if matches!(error, Some(AskError::Quota { .. }))
            && let Err(error) = self.write_down().await
        {
            tracing::warn!(error, "Cannot write down that a service has had enough");
        }
    }

    fn note(&self, error: Option<&AskError>) {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut state = self.state();
        state.last_error = error.map(ToString::to_string);
        state.refused = None;
        match error {
            None | Some(AskError::Never { .. }) => {
                state.breaker.success();
                state.usage.answered();
            }
            Some(AskError::Refused { reason }) => {
                state.breaker.success();
                state.refused = Some((monotonic, reason.clone()));
            }
            Some(AskError::Quota { after }) => {
                state.breaker.success();
                state.usage.hold(*after, now);
            }
            Some(AskError::Later { .. }) => state.breaker.failure(monotonic),
        }
    }
}

/// A file that cannot be read says nothing; the service itself refuses what is too much.
fn usage(bytes: Option<&[u8]>, path: &Path) -> Usage {
    let Some(bytes) = bytes else {
        return Usage::default();
    };
    serde_json::from_slice(bytes).unwrap_or_else(|_| {
        tracing::warn!(
            file = %path.display(),
            "What was used of a look-up quota cannot be read: counting begins anew"
        );
        Usage::default()
    })
}

fn until_then(until: i64, now: i64) -> Duration {
    Duration::from_nanos(u64::try_from(until.saturating_sub(now)).unwrap_or(0))
}
