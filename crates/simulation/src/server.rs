use std::path::Path;
use std::sync::Arc;

use watchpost_event::batch::Limits;
use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamReport, StreamsResponse};
use watchpost_event::{AgentId, Batch, Decoded, Timestamp};
use watchpost_kit::chain;
use watchpost_ledger::{LedgerError, LedgerPosition, Options};
use watchpost_run::disk::MemDisk;
use watchpost_server::intake::{Intake, IntakeError, Offer};

use crate::reader::StoreReader;

/// A server process: intake and the reader behind it.
pub struct ServerNode {
    /// The real intake.
    pub intake: Intake,
    /// The reader `store`.
    pub reader: StoreReader,
}

impl ServerNode {
    pub(crate) fn start(disk: &MemDisk) -> Result<Self, String> {
        let options = Options {
            segment_bytes: 6 * 1024,
            max_bytes: 512 * 1024,
            max_record_bytes: 64 * 1024,
        };
        let (intake, _) =
            Intake::open(Arc::new(disk.clone()), Path::new("/ledger"), options).map_err(|error| chain(&error))?;
        let reader = StoreReader::open(disk)?;
        Ok(Self { intake, reader })
    }

    /// One request: every batch offered, one commit, then the answer. `None`: come again later (429, 503).
    pub(crate) fn handle(&mut self, body: &[u8], now: Timestamp) -> Result<Option<DataResponse>, IntakeError> {
        let mut response = DataResponse::default();
        let mut rest = body;
        while !rest.is_empty() {
            let (batch, after) = Batch::read(rest).expect("what the agent sent is whole");
            rest = after;
            if in_conflict(&response, &batch) {
                continue;
            }
            let decoded = Decoded::from_bytes(batch.bytes, Limits::default()).expect("and decodes");
            match self.intake.offer(&batch, decoded, "key:simulated", now) {
                Ok(offer) => note(&mut response, &batch, offer),
                Err(IntakeError::Ledger(LedgerError::Full { .. })) => return self.give_up(),
                Err(error) => return Err(error),
            }
        }
        self.intake.commit()?;
        Ok(Some(response))
    }

    /// Full: what was offered of this request may stay, but nothing is said about it.
    fn give_up(&mut self) -> Result<Option<DataResponse>, IntakeError> {
        self.intake.commit()?;
        Ok(None)
    }

    pub(crate) fn streams(&self, agent: &AgentId) -> StreamsResponse {
        StreamsResponse {
            streams: self.intake.streams_of(agent).map(StreamReport::of).collect(),
        }
    }

    /// The reader takes what is durable.
    pub(crate) fn read(&mut self) -> Result<(), String> {
        let reader = self.intake.reader();
        loop {
            let from = LedgerPosition(self.reader.applied()).max(reader.start());
            let records = reader.read(from, 16 * 1024).map_err(|error| chain(&error))?;
            if records.is_empty() {
                return Ok(());
            }
            for record in records {
                let batch =
                    Decoded::from_record(&record.payload, Limits::default()).expect("the ledger's records decode");
                self.reader.append(record.next.0, batch)?;
            }
        }
    }

    /// The reader's output becomes durable, and the ledger may let go.
    pub(crate) fn flush(&mut self, now: Timestamp) -> Result<(), String> {
        self.reader.flush(now)?;
        self.intake
            .trim(LedgerPosition(self.reader.committed()))
            .map_err(|error| chain(&error))?;
        Ok(())
    }
}

/// What follows a batch in conflict comes again under another epoch.
fn in_conflict(response: &DataResponse, batch: &Batch<'_>) -> bool {
    let (stream, epoch) = (&batch.header.stream, batch.header.epoch);
    let mut said = response.cursors.iter().filter(|said| said.outcome == Outcome::Conflict);
    said.any(|said| said.stream == *stream && said.epoch == epoch)
}

/// The last batch of a stream in a request decides what is said of it.
fn note(response: &mut DataResponse, batch: &Batch<'_>, offer: Offer) {
    let (stream, epoch) = (batch.header.stream.clone(), batch.header.epoch);
    let cursor = StreamCursor {
        stream,
        epoch,
        cursor: offer.cursor,
        outcome: offer.outcome,
    };
    let same = |said: &&mut StreamCursor| said.stream == cursor.stream && said.epoch == cursor.epoch;
    match response.cursors.iter_mut().find(same) {
        // A refusal stands: what follows it in the same request is refused for the same reason.
        Some(said) if !matches!(said.outcome, Outcome::Stored | Outcome::Duplicate) => {}
        Some(said) => *said = cursor,
        None => response.cursors.push(cursor),
    }
}
