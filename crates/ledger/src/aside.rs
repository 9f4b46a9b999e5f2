//! Moving segments out of the way whose content their owner cannot read any more: their key is lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_run::disk::{Disk, OpenMode, read_exact_at};

use crate::format::{HeaderRead, Kind, SEGMENT_HEADER_BYTES, read_segment_header, segment_base, segment_path};
use crate::scan::Window;
use crate::{LedgerError, LedgerPosition, SetAside};

/// What is asked about one segment.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Where it begins.
    pub segment: LedgerPosition,
    /// The number of its ledger.
    pub ledger: u64,
    /// Its snapshot, as it was given to [`roll`](crate::Ledger::roll).
    pub snapshot: &'a [u8],
}

/// Moves every segment of the closed ledger in `dir` for whose snapshot `target` names a folder into that folder, made
/// when missing; oldest first. Done once more after a crash in the middle, it goes on. What stays is a whole ledger; a
/// segment missing in its middle is reported by the next [`open`](crate::Ledger::open). A segment without any valid
/// snapshot stays.
///
/// The folder then has the shape of a ledger too: with the key found again it can be opened as one.
///
/// # Errors
/// [`LedgerError::Locked`] when the ledger is open, and the disk's own.
pub fn set_aside(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    target: &mut dyn FnMut(Look<'_>) -> Option<PathBuf>,
) -> Result<Vec<SetAside>, LedgerError> {
    disk.create_dir_all(dir)
        .map_err(|e| LedgerError::io("create", dir, e))?;
    let lock_path = dir.join("lock");
    let _lock = disk.lock(&lock_path).map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock => LedgerError::Locked { dir: dir.to_owned() },
        _ => LedgerError::io("lock", &lock_path, e),
    })?;
    let entries = disk.read_dir(dir).map_err(|e| LedgerError::io("list", dir, e))?;
    let mut moved = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_dir) {
        let Some(base) = segment_base(&entry.name) else {
            continue;
        };
        let path = segment_path(dir, base);
        let snapshot = snapshot(&**disk, &path, base).map_err(|e| LedgerError::io("read", &path, e))?;
        let Some((ledger, snapshot)) = snapshot else { continue };
        let segment = LedgerPosition(base);
        let look = Look {
            segment,
            ledger,
            snapshot: &snapshot,
        };
        if let Some(folder) = target(look) {
            let file = take(&**disk, dir, &folder, base)?;
            moved.push(SetAside {
                segment,
                bytes: entry.len,
                file,
            });
        }
    }
    Ok(moved)
}

fn take(disk: &dyn Disk, dir: &Path, target: &Path, base: u64) -> Result<PathBuf, LedgerError> {
    let (from, to) = (segment_path(dir, base), segment_path(target, base));
    disk.create_dir_all(target)
        .map_err(|e| LedgerError::io("create", target, e))?;
    disk.rename(&from, &to)
        .map_err(|e| LedgerError::io("move to quarantine", &from, e))?;
    for folder in [target, dir] {
        disk.sync_dir(folder).map_err(|e| LedgerError::io("sync", folder, e))?;
    }
    Ok(to)
}

/// The ledger's number and the segment's snapshot, of whichever copy is valid.
fn snapshot(disk: &dyn Disk, path: &Path, base: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let file = disk.open(path, OpenMode::Read)?;
    let bytes = file.len()?;
    let mut header = vec![0; bytes.min(SEGMENT_HEADER_BYTES) as usize];
    read_exact_at(&*file, &mut header, 0)?;
    let HeaderRead::Known { salt, .. } = read_segment_header(&header, base) else {
        return Ok(None);
    };
    let end = base + bytes;
    let mut window = Window::new(&*file, base, salt, end);
    let mut at = base + SEGMENT_HEADER_BYTES;
    while at < end {
        let Some(header) = window.header(at)? else {
            at = window.resync(at + 1)?.max(at + 1);
            continue;
        };
        if !matches!(header.kind, Kind::Snapshot | Kind::SnapshotTwin) {
            return Ok(None);
        }
        if let Some(snapshot) = window.payload(at, &header)? {
            return Ok(Some((salt, snapshot)));
        }
        at += header.record_bytes();
    }
    Ok(None)
}
