//! Looks on disk: `NUMBER.json` in a folder of the agent's data folder, each with its checksum.
//!
//! The stream's checkpoint names the look that was told, and the one that is being told with the number of changes
//! that are. A file is there before a checkpoint names it, and as long as one does: after a stop at any point the same
//! changes follow from the same two files, and those that were told are known by their number.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use watchpost_run::disk::{Disk, read_sealed, replace_sealed};

/// Largest file, in bytes.
const FILE_LIMIT: u64 = 256 << 20;
/// Layout of the file.
const VERSION: u64 = 1;

/// Where looks are kept.
#[derive(Clone)]
pub struct Keep {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Stored<S> {
    v: u64,
    state: S,
}

impl Keep {
    /// In a folder of its own, which is made when it is needed.
    pub fn new(disk: Arc<dyn Disk>, folder: impl Into<PathBuf>) -> Self {
        Self {
            disk,
            folder: folder.into(),
        }
    }

    /// Where a look lies.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number}.json"))
    }

    /// A look; number 0 is the empty one before the first.
    pub(super) fn load<S: Default + DeserializeOwned>(&self, number: u64) -> io::Result<S> {
        if number == 0 {
            return Ok(S::default());
        }
        let bytes = read_sealed(&*self.disk, &self.path(number), FILE_LIMIT)?;
        let bytes = bytes.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the file is missing"))?;
        let stored: Stored<S> = serde_json::from_slice(&bytes)?;
        if stored.v != VERSION {
            let message = format!("it has version {}, and {VERSION} is known", stored.v);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(stored.state)
    }

    /// Durable when it returns.
    pub(super) fn store(&self, number: u64, state: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec(&Stored { v: VERSION, state })?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.disk.create_dir_all(&self.folder)?;
        replace_sealed(&*self.disk, &self.path(number), bytes)
    }

    /// A number that no file has, so that none that a checkpoint may name is replaced.
    pub(super) fn next_number(&self, base: u64) -> u64 {
        self.numbers().into_iter().max().unwrap_or(0).max(base) + 1
    }

    /// Removes what is older than a number. What cannot be removed now is tried again.
    pub(super) fn tidy(&self, oldest: u64) {
        for number in self.numbers().into_iter().filter(|number| *number < oldest) {
            self.remove(number);
        }
    }

    /// Removes one.
    pub(super) fn remove(&self, number: u64) {
        let path = self.path(number);
        if let Err(error) = self.disk.remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(
                error = watchpost_kit::chain(&error),
                path = %path.display(),
                "cannot remove an old look"
            );
        }
    }

    fn numbers(&self) -> Vec<u64> {
        let entries = self.disk.read_dir(&self.folder).unwrap_or_default();
        let number = |name: &str| name.strip_suffix(".json")?.parse().ok();
        entries.iter().filter_map(|entry| number(&entry.name)).collect()
    }
}
