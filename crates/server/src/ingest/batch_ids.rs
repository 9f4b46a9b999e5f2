//! The `batch_id`s of simple clients: the same id within a day is accepted without effect.
//!
//! An id travels in its ledger record, as the part of the envelope's principal behind the first `#`, so it is exactly
//! as durable as its events. At start the ids are restored from the ledger; since segments are removed once every
//! reader has them, the ids so far are written to `batch-ids.json` before each removal. Remembered are a day, and at
//! most [`IDS_MAX`] ids, the oldest forgotten first.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watchpost_event::protocol::StreamCursor;
use watchpost_event::{AgentId, Batch, Envelope, Timestamp};
use watchpost_ledger::{LedgerPosition, Reader};
use watchpost_run::Disk;
use watchpost_run::disk::{read_sealed, replace_sealed};

use crate::ServerError;

const IDS_MAX: usize = 100_000;
const REMEMBERED_NS: i64 = 24 * 3600 * 1_000_000_000;
/// The separator in an envelope's principal.
const MARK: char = '#';
const READ_BYTES: usize = 4 << 20;
/// A file of the most and longest ids is smaller.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The ids of the last day.
pub(crate) struct BatchIds {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    ids: HashMap<(AgentId, String), Accepted>,
    /// In order of acceptance.
    order: VecDeque<(AgentId, String)>,
    /// The file covers the ledger up to here.
    saved: LedgerPosition,
    changed: bool,
}

/// What became of an id's batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Accepted {
    at: Timestamp,
    cursor: StreamCursor,
}

#[derive(Serialize, Deserialize)]
struct IdsFile {
    v: u8,
    position: LedgerPosition,
    ids: Vec<(AgentId, String, Accepted)>,
}

/// The principal to put into the envelope.
pub(super) fn mark(principal: &str, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("{principal}{MARK}{id}"),
        None => principal.to_owned(),
    }
}

impl BatchIds {
    /// Restores the ids from the file and from the ledger behind it.
    pub(crate) fn restore(disk: Arc<dyn Disk>, path: PathBuf, ledger: &Reader) -> Result<Self, ServerError> {
        let mut ids = Self {
            disk,
            path,
            ids: HashMap::new(),
            order: VecDeque::new(),
            saved: LedgerPosition(0),
            changed: false,
        };
        if let Some(file) = ids.load()? {
            ids.saved = file.position;
            for (agent, id, accepted) in file.ids {
                ids.insert(agent, id, accepted);
            }
        }
        ids.replay(ledger)?;
        Ok(ids)
    }

    fn load(&self) -> Result<Option<IdsFile>, ServerError> {
        let failed = |source| ServerError::BatchIds {
            path: self.path.clone(),
            source,
        };
        let read = match read_sealed(&*self.disk, &self.path, FILE_BYTES_MAX) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => serde_json::from_slice::<IdsFile>(&bytes).ok(),
            Err(error) if error.kind() == ErrorKind::InvalidData => None,
            Err(error) => return Err(failed(error)),
        };
        let whole = read.filter(|file| file.v == 1);
        if whole.is_none() {
            // It only spares repetitions of simple clients; refusing to start would lose more.
            tracing::error!(path = %self.path.display(), "The file of batch ids is damaged, beginning without it");
        }
        Ok(whole)
    }

    fn replay(&mut self, ledger: &Reader) -> Result<(), ServerError> {
        let failed = |error| ServerError::Intake(crate::intake::IntakeError::Ledger(error));
        // A file from another ledger's life says nothing about this one.
        let mut at = self.saved.max(ledger.start()).min(ledger.durable_end());
        loop {
            let records = ledger.read(at, READ_BYTES).map_err(failed)?;
            let Some(last) = records.last() else { return Ok(()) };
            at = last.next;
            for record in &records {
                let Ok((envelope, bytes)) = Envelope::read(&record.payload) else {
                    continue;
                };
                let Some((_, id)) = envelope.principal.split_once(MARK) else {
                    continue;
                };
                if let Ok((batch, _)) = Batch::read(bytes) {
                    let header = batch.header;
                    let accepted = Accepted {
                        at: envelope.received_at,
                        cursor: StreamCursor {
                            stream: header.stream,
                            epoch: header.epoch,
                            cursor: header.to,
                            outcome: watchpost_event::protocol::Outcome::Duplicate,
                        },
                    };
                    self.insert(header.agent, id.to_owned(), accepted);
                }
            }
        }
    }

    /// What became of this id, if it came within the last day.
    pub(super) fn get(&self, agent: &AgentId, id: &str, now: Timestamp) -> Option<StreamCursor> {
        let accepted = self.ids.get(&(agent.clone(), id.to_owned()))?;
        let age = now.0.saturating_sub(accepted.at.0);
        (age < REMEMBERED_NS).then(|| accepted.cursor.clone())
    }

    /// Remembers an id as of now; it is durable with its record.
    pub(super) fn add(&mut self, agent: AgentId, id: String, cursor: StreamCursor, now: Timestamp) {
        self.forget_before(now.plus(-REMEMBERED_NS));
        self.insert(agent, id, Accepted { at: now, cursor });
    }

    /// Its record did not become durable.
    pub(super) fn remove(&mut self, agent: &AgentId, id: &str) {
        let key = (agent.clone(), id.to_owned());
        self.ids.remove(&key);
        self.order.retain(|have| *have != key);
    }

    fn insert(&mut self, agent: AgentId, id: String, accepted: Accepted) {
        let key = (agent, id);
        self.changed = true;
        if self.ids.insert(key.clone(), accepted).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > IDS_MAX {
            self.drop_oldest();
        }
    }

    fn forget_before(&mut self, moment: Timestamp) {
        while let Some(oldest) = self.order.front() {
            if self.ids.get(oldest).is_some_and(|accepted| accepted.at >= moment) {
                return;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            self.ids.remove(&oldest);
        }
    }

    /// Writes the ids down; everything before `position` may then be removed from the ledger.
    pub(super) fn save(&mut self, position: LedgerPosition) -> Result<(), ServerError> {
        if !self.changed {
            return Ok(());
        }
        let listed = |key: &(AgentId, String)| {
            let accepted = self.ids.get(key)?;
            Some((key.0.clone(), key.1.clone(), accepted.clone()))
        };
        let file = IdsFile {
            v: 1,
            position,
            ids: self.order.iter().filter_map(listed).collect(),
        };
        let failed = |source| ServerError::BatchIds {
            path: self.path.clone(),
            source,
        };
        let bytes = serde_json::to_vec(&file).map_err(|error| failed(error.into()))?;
        replace_sealed(&*self.disk, &self.path, bytes).map_err(failed)?;
        self.saved = position;
        self.changed = false;
        Ok(())
    }
}
