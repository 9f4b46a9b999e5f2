//! Copies of damaged bytes, kept for a person to look at. Never needed to run, so failing here fails nothing.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_run::disk::{Disk, DiskFile, OpenMode};

use crate::format::segment_path;

/// Files kept at most.
const FILES_MAX: usize = 1000;
/// Bytes copied at once.
const CHUNK_BYTES: u64 = 256 * 1024;

pub(crate) struct Quarantine<'a> {
    disk: &'a Arc<dyn Disk>,
    dir: PathBuf,
    /// What is there already: name and length.
    files: BTreeMap<String, u64>,
    max_bytes: u64,
}

/// What became of a damaged stretch.
pub(crate) struct Kept {
    /// The copy, unless there was no room for it.
    pub(crate) file: Option<PathBuf>,
    /// False when an earlier opening had copied it already.
    pub(crate) first_seen: bool,
}

impl<'a> Quarantine<'a> {
    /// `max_bytes` limits all files together.
    pub(crate) fn new(disk: &'a Arc<dyn Disk>, ledger_dir: &Path, max_bytes: u64) -> Self {
        let dir = ledger_dir.join("quarantine");
        let entries = disk.read_dir(&dir).unwrap_or_default();
        let files = entries.into_iter().map(|entry| (entry.name, entry.len)).collect();
        Self {
            disk,
            dir,
            files,
            max_bytes,
        }
    }

    /// Copies a stretch of positions out of the segment at `base`.
    pub(crate) fn copy(&mut self, segment: &dyn DiskFile, base: u64, span: &Range<u64>) -> Kept {
        let offset = span.start - base;
        let name = format!("{base:020}+{offset:012}.bin");
        let bytes = span.end - span.start;
        let path = self.dir.join(&name);
        if self.files.get(&name) == Some(&bytes) {
            return Kept {
                file: Some(path),
                first_seen: false,
            };
        }
        let held: u64 = self.files.values().sum();
        if self.files.len() >= FILES_MAX || held + bytes > self.max_bytes {
            tracing::warn!(dir = %self.dir.display(), "No room in the quarantine folder, damaged bytes are not copied");
            return Kept {
                file: None,
                first_seen: true,
            };
        }
        match self.write(segment, offset, bytes, &name) {
            Ok(()) => {
                self.files.insert(name, bytes);
                Kept {
                    file: Some(path),
                    first_seen: true,
                }
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "Cannot copy damaged bytes to quarantine");
                Kept {
                    file: None,
                    first_seen: true,
                }
            }
        }
    }

    fn write(&self, segment: &dyn DiskFile, offset: u64, bytes: u64, name: &str) -> io::Result<()> {
        self.disk.create_dir_all(&self.dir)?;
        let path = self.dir.join(name);
        if self.files.contains_key(name) {
            self.disk.remove_file(&path)?;
        }
        let copy = self.disk.open(&path, OpenMode::CreateNew)?;
        let mut buffer = vec![0; bytes.min(CHUNK_BYTES) as usize];
        let mut done = 0;
        while done < bytes {
            let want = (bytes - done).min(CHUNK_BYTES) as usize;
            let n = segment.read_at(&mut buffer[..want], offset + done)?;
            if n == 0 {
                break;
            }
            copy.write_at(&buffer[..n], done)?;
            done += n as u64;
        }
        copy.sync()?;
        self.disk.sync_dir(&self.dir)
    }

    /// Moves a whole segment here. The caller syncs the ledger's folder.
    pub(crate) fn take(&mut self, ledger_dir: &Path, base: u64) -> io::Result<PathBuf> {
        self.disk.create_dir_all(&self.dir)?;
        let target = segment_path(&self.dir, base);
        self.disk.rename(&segment_path(ledger_dir, base), &target)?;
        self.disk.sync_dir(&self.dir)?;
        Ok(target)
    }
}
