//! Events of simple clients become one batch per request, on a stream the server itself counts.
//!
//! Stream `api`; its epoch is drawn when an agent first sends so and is found again among the ledger's cursors. A
//! position counts payloads, so `position - from - 1` is the index in the request. The writer assigns positions, so
//! requests at the same time do not collide.

use std::sync::Arc;

use watchpost_event::batch::Limits;
use watchpost_event::protocol::Rejected;
use watchpost_event::{
    AgentId, Batch, BatchBuilder, Cursors, Decoded, Envelope, Epoch, Event, EventError, Fields, Origin, StreamId,
    Timestamp,
};
use watchpost_kit::Rng;

/// What a simple client sent.
pub(crate) struct ApiEvents {
    pub(crate) agent: AgentId,
    pub(crate) batch_id: Option<String>,
    /// Bytes of the payloads as JSON.
    pub(crate) raw_bytes: u64,
    /// Events, or why they are none.
    pub(crate) events: Vec<Result<Event, String>>,
}

/// The same as a batch.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) decoded: Decoded,
    /// The payloads that are no events; `n` is their index.
    pub(super) rejected: Vec<Rejected>,
}

impl ApiEvents {
    /// Gives positions behind the agent's cursor and encodes.
    pub(super) fn encode(self, cursors: &Cursors, rng: &mut Rng, now: Timestamp) -> Result<Encoded, EventError> {
        let stream = StreamId::new("api")?;
        let (epoch, from) = place(cursors, &self.agent, &stream, rng);
        let mut builder =
            BatchBuilder::new(self.agent.clone(), stream.clone(), epoch, from).local(self.raw_bytes as usize);
        let count = self.events.len() as u64;
        builder.count_read(count, self.raw_bytes);
        let mut events = Vec::with_capacity(self.events.len());
        let mut rejected = Vec::new();
        for (index, event) in self.events.into_iter().enumerate() {
            match event {
                Ok(mut event) => {
                    event.position = from + index as u64 + 1;
                    event.n = 0;
                    builder.push(&event);
                    events.push(event);
                }
                Err(error) => rejected.push(Rejected {
                    stream: stream.clone(),
                    p: from + index as u64,
                    n: index as u32,
                    error,
                }),
            }
        }
        // Events were within their limits as they came; taken apart, with their names dotted, they are longer.
        let limits = Limits {
            decompressed: builder.encoded_bytes(),
            line: builder.encoded_bytes(),
        };
        let bytes = builder.finish(from + count)?;
        let header = Batch::read(&bytes)?.0.header;
        let origin = Arc::new(Origin {
            agent: self.agent,
            stream,
            epoch,
            fields: Fields::new(),
        });
        let envelope = Envelope {
            received_at: now,
            limits: Some(limits),
            ..Envelope::default()
        };
        let decoded = Decoded {
            header,
            origin,
            envelope,
            events,
            rejected_lines: rejected.len() as u64,
            rejected: rejected.clone(),
        };
        Ok(Encoded {
            bytes,
            decoded,
            rejected,
        })
    }

    /// Whether there is anything to keep.
    pub(super) fn has_events(&self) -> bool {
        self.events.iter().any(Result::is_ok)
    }

    /// The payloads that are no events, when none is one.
    pub(super) fn all_rejected(self) -> Vec<Rejected> {
        let Ok(stream) = StreamId::new("api") else {
            return Vec::new();
        };
        let errors = self.events.into_iter().filter_map(Result::err).enumerate();
        errors
            .map(|(index, error)| Rejected {
                stream: stream.clone(),
                p: 0,
                n: index as u32,
                error,
            })
            .collect()
    }
}

/// The agent's living epoch and its cursor, or a new one.
fn place(cursors: &Cursors, agent: &AgentId, stream: &StreamId, rng: &mut Rng) -> (Epoch, u64) {
    let living = cursors
        .of_agent(agent)
        .filter(|(key, state)| key.stream == *stream && !state.ended)
        .max_by_key(|(key, state)| (state.updated, key.epoch));
    match living {
        Some((key, state)) => (key.epoch, state.cursor),
        None => (Epoch(rng.next_u64()), 0),
    }
}
