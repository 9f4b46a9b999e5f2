//! Local mode: what the sources find goes to a reader in this process; no spool, no server, nothing remembered.

use std::ops::ControlFlow;
use std::time::Duration;

use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded, Timestamp};
use watchpost_kit::Clock;
use watchpost_run::Shutdown;

use crate::source::{Collected, Plan, Produced, Sink, SinkFull, SourceError};
use crate::{AgentError, AgentSettings};

/// New lines are shown this soon.
const SHOW_EVERY: Duration = Duration::from_millis(50);
/// Files are looked at at least this often, however rarely the configuration asks a busy agent to.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// When local mode ends, besides shutdown and a reader who has seen enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Stopped,
    /// When everything that is there was shown.
    Shown,
    /// After so long.
    Over(Duration),
}

/// Shows what the sources find, batch by batch, until the end; what was read by then is shown before it returns.
pub fn watch(
    settings: &AgentSettings,
    clock: &dyn Clock,
    shutdown: &Shutdown,
    until: Until,
    show: &mut dyn FnMut(&Decoded) -> ControlFlow<()>,
) -> Result<(), AgentError> {
    let agent = match &settings.id {
        Some(id) => id.clone(),
        None => local_id(settings),
    };
    let mut sources = sources(settings, &agent);
    let mut reader = Reader {
        show,
        enough: false,
        unreadable: None,
    };
    let begun = clock.monotonic();
    loop {
        let more = poll(&mut sources, Timestamp(clock.now()), &mut reader)?;
        let over = match until {
            Until::Stopped => false,
            Until::Shown => !more,
            Until::Over(limit) => clock.monotonic().saturating_sub(begun) >= limit,
        };
        if reader.enough || over || shutdown.is_triggered() {
            break;
        }
        if !more {
            shutdown.wait_timeout(SHOW_EVERY);
        }
    }
    // Batches still open close by their time; a clock a little ahead is enough for that.
    let later = Timestamp(clock.now()).plus(i64::try_from(SHOW_EVERY.as_nanos()).unwrap_or(i64::MAX));
    poll(&mut sources, later, &mut reader)?;
    Ok(())
}

/// Nothing is delivered under this id, so it need not last.
fn local_id(settings: &AgentSettings) -> AgentId {
    let host = settings
        .fields
        .text(watchpost_event::names::HOST_NAME)
        .unwrap_or("local");
    AgentId::new(host)
        .or_else(|_| AgentId::new("local"))
        .unwrap_or_else(|_| unreachable!("the name is allowed"))
}

fn sources(settings: &AgentSettings, agent: &AgentId) -> Vec<Collected> {
    let mut plan = Plan::new(settings, agent.clone());
    plan.policy.interval = plan.policy.interval.min(SHOW_EVERY);
    for file in &mut plan.files {
        file.poll = file.poll.min(POLL_EVERY);
    }
    plan.sources(&[])
}

/// One round over all sources; whether there is more to read at once.
fn poll(sources: &mut [Collected], now: Timestamp, reader: &mut Reader<'_>) -> Result<bool, AgentError> {
    let mut more = false;
    for source in sources {
        let activity = source
            .source
            .poll(now, reader)
            .map_err(|source| AgentError::Input { source })?;
        for notice in &activity.notices {
            tracing::warn!("{notice}");
        }
        more |= activity.more;
    }
    match reader.unreadable.take() {
        Some(source) => Err(AgentError::Input { source }),
        None => Ok(more),
    }
}

/// The sink that shows.
struct Reader<'a> {
    show: &'a mut dyn FnMut(&Decoded) -> ControlFlow<()>,
    enough: bool,
    unreadable: Option<SourceError>,
}

impl Sink for Reader<'_> {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.enough {
            return Ok(());
        }
        match Decoded::from_bytes(&produced.batch, Limits::default()) {
            Ok(decoded) => self.enough = (self.show)(&decoded).is_break(),
            Err(source) => {
                let (stream, position) = (produced.key.stream.clone(), produced.to);
                self.unreadable = Some(SourceError::Batch {
                    stream,
                    position,
                    source,
                });
            }
        }
        Ok(())
    }
}
