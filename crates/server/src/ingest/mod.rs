//! From a request's body to an answer: take it apart and decode it beside the event loop, let the writer judge and keep
//! it, wait until it can be searched, answer.

mod answer;
mod api_events;
mod batch_ids;
mod json_body;
mod native;
mod writer;

pub(crate) use answer::{Answer, Refusal, Written};
pub(crate) use batch_ids::BatchIds;
pub(crate) use writer::{Work, Writer, WriterDeps, WriterHandle};

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Timestamp};
use watchpost_kit::Clock;
use watchpost_lookup::Enricher;
use watchpost_run::Shutdown;

use crate::auth::Principal;
use crate::bus::ReaderState;
use crate::config::{SizeLimits, Timeouts};
use crate::metrics::Metrics;

/// How many requests are taken apart at once: each may hold a decompressed body.
const DECODERS: usize = 4;

/// What kind of body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// One or more batches.
    Batches,
    /// One JSON object with `payloads`.
    Json(Encoding),
}

/// How a JSON body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// Takes in what agents send, however it came here.
pub(crate) struct Ingest {
    pub(crate) limits: SizeLimits,
    pub(crate) timeouts: Timeouts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: WriterHandle,
    pub(crate) reader: Arc<ReaderState>,
    pub(crate) metrics: Arc<Metrics>,
    shutdown: Shutdown,
    decoders: Arc<Semaphore>,
    enricher: Option<Arc<Enricher>>,
}

impl Ingest {
    pub(crate) fn new(
        limits: SizeLimits,
        timeouts: Timeouts,
        clock: Arc<dyn Clock>,
        writer: WriterHandle,
        reader: Arc<ReaderState>,
        metrics: Arc<Metrics>,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            limits,
            timeouts,
            clock,
            writer,
            reader,
            metrics,
            shutdown,
            decoders: Arc::new(Semaphore::new(DECODERS)),
            enricher: None,
        }
    }

    /// What is known is added to what comes, for its readers; the ledger keeps what came.
    pub(crate) fn with_enricher(mut self, enricher: Option<Arc<Enricher>>) -> Self {
        self.enricher = enricher;
        self
    }

    /// Takes a body in and says what became of it.
    pub(crate) async fn take(&self, principal: Principal, kind: BodyKind, body: Bytes) -> Answer {
        self.metrics.intake_bytes.add(body.len() as u64);
        let work = match self.prepare(principal.clone(), kind, body).await {
            Ok(work) => work,
            Err(answer) => return answer,
        };
        let written = match self.writer.write(principal.name(), work).await {
            Ok(written) => written,
            Err(refusal) => return Answer::refused(refusal),
        };
        // A store that stands still must not stop the intake: what is durable is acknowledged all the same.
        tokio::select! {
            () = self.reader.wait_applied(written.behind) => {}
            () = tokio::time::sleep(self.timeouts.searchable) => {}
            () = self.shutdown.wait() => {}
        }
        self.metrics.count(&written);
        Answer::of(written)
    }

    async fn prepare(&self, principal: Principal, kind: BodyKind, body: Bytes) -> Result<Work, Answer> {
        let Ok(permit) = self.decoders.clone().acquire_owned().await else {
            return Err(Answer::refused(Refusal::Unavailable));
        };
        let limits = self.limits;
        let now = Timestamp(self.clock.now());
        let enricher = self.enricher.clone();
        let work = move || {
            let _permit = permit;
            let mut work = match kind {
                BodyKind::Batches => native::prepare(&principal, &body, limits, now),
                BodyKind::Json(encoding) => json_body::prepare(&principal, &body, encoding, limits, now),
            }?;
            if let (Some(enricher), Work::Batches(batches)) = (&enricher, &mut work) {
                for batch in batches {
                    batch.enrich(enricher, now);
                }
            }
            Ok(work)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "Taking a request apart failed");
                Err(Answer::refused(Refusal::Unavailable))
            }
        }
    }
}

/// The limits of decoding one batch.
pub(crate) fn decode_limits(limits: SizeLimits) -> Limits {
    Limits {
        decompressed: limits.decompressed,
        line: limits.record,
    }
}

/// Refuses what the principal may not say; whose stream it is, is decided by the key, never by the body.
fn check_agent(principal: &Principal, agent: &AgentId) -> Result<(), Answer> {
    // What the server says of itself nobody else may say.
    let own = agent.as_str() == crate::detection::SERVER_AGENT && !matches!(principal, Principal::Process(_));
    if principal.allows_agent(agent.as_str()) && !own {
        return Ok(());
    }
    Err(Answer::forbidden(principal, agent))
}
