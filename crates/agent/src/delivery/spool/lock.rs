//! What becomes of segments whose key is lost: they are moved to a folder of their own, which is told to the server as a gap.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::{AgentId, BatchBuilder, Epoch, EventError, Fingerprint, Skip, StreamId, StreamKey};
use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options, set_aside};
use watchpost_run::disk::{Disk, read_file, replace_file};

use crate::delivery::DeliveryError;
use crate::delivery::seal::{SpoolKey, sealed_with};
use crate::source::Produced;

/// The stream that declares what of the spool itself is lost. Its positions count batches.
const STREAM: &str = "spool";
/// Spooled batches whose key is lost.
const KEY_LOST: &str = "spool-key-lost";
/// Stands in a folder once the server has been asked where it stands.
const TOLD: &str = "told";
const READ_CHUNK_BYTES: usize = 1 << 20;
/// Folders looked at.
const FOLDERS_MAX: usize = 100;

/// Segments set aside, not yet told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::delivery) struct Locked {
    /// Where they are.
    pub(in crate::delivery) folder: PathBuf,
    /// Batches in them.
    batches: u64,
}

/// Moves the segments away that were sealed with another key.
pub(super) fn set_locked_aside(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    key: Option<&SpoolKey>,
) -> Result<Vec<Locked>, DeliveryError> {
    let quarantine = dir.join("quarantine");
    set_aside(disk, dir, &mut |look| {
        let id = sealed_with(look.snapshot).filter(|id| key.map(SpoolKey::id) != Some(*id))?;
        Some(quarantine.join(format!("locked-{:016x}-{id}", look.ledger)))
    })?;
    let mut untold = Vec::new();
    for entry in disk.read_dir(&quarantine).unwrap_or_default().iter().take(FOLDERS_MAX) {
        let folder = quarantine.join(&entry.name);
        if !entry.is_dir || !entry.name.starts_with("locked-") || is_told(&**disk, &folder) {
            continue;
        }
        let batches = count(disk, &folder)?;
        untold.push(Locked { folder, batches });
    }
    Ok(untold)
}

fn is_told(disk: &dyn Disk, folder: &Path) -> bool {
    read_file(disk, &folder.join(TOLD), 1024).is_ok_and(|file| file.is_some())
}

fn count(disk: &Arc<dyn Disk>, folder: &Path) -> Result<u64, LedgerError> {
    let (ledger, _) = Ledger::open(disk.clone(), folder, Options::default())?;
    let reader = ledger.reader();
    let mut at: LedgerPosition = ledger.start();
    let mut batches = 0;
    loop {
        let records = reader.read(at, READ_CHUNK_BYTES)?;
        let Some(last) = records.last() else { return Ok(batches) };
        at = last.next;
        batches += records.len() as u64;
    }
}

impl Locked {
    /// The same for the same folder, so that telling it twice is telling it once.
    pub(in crate::delivery) fn declaration(&self, agent: &AgentId) -> Result<Produced, EventError> {
        let name = self.folder.file_name().unwrap_or_default();
        let key = StreamKey {
            agent: agent.clone(),
            stream: StreamId::new(STREAM)?,
            epoch: Epoch(Fingerprint::of(name.as_encoded_bytes()).hash),
        };
        let to = self.batches.max(1);
        let mut batch = BatchBuilder::new(agent.clone(), key.stream.clone(), key.epoch, 0);
        batch.declare_skip(Skip {
            from: 0,
            to,
            reason: KEY_LOST.to_owned(),
            records: self.batches,
        });
        batch.set_end();
        Ok(Produced {
            batch: batch.finish(to)?,
            key,
            checkpoint: serde_json::Value::Null,
            to,
            finished: true,
        })
    }

    /// Notes that it needs no more telling.
    pub(super) fn told(&self, disk: &dyn Disk) -> std::io::Result<()> {
        replace_file(disk, &self.folder.join(TOLD), b"The server was told of this gap.\n")
    }

    /// In words, with the remedy.
    pub(super) fn describe(&self) -> String {
        format!(
            "{} encrypted batches cannot be read: their key is lost; their segments were moved to {} (with the key found \
             again, stop the agent and put key and segments back in place of what is there then)",
            self.batches,
            self.folder.display()
        )
    }
}
