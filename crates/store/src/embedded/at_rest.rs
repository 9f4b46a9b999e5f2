//! A store that nobody uses, such as a backup: looked at, and never changed.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use watchpost_run::{Disk, DiskLock, OpenMode};

use super::manifest::Manifest;
use super::verify::Folder;
use crate::{StoreError, StoreStats, VerifyReport};

/// Reads everything in a store's folder and compares all checksums, as [`crate::LogStore::verify`] does. Nothing is
/// repaired or removed. [`StoreError::Locked`] when a server runs on it.
pub fn verify_at_rest(
    disk: &dyn Disk,
    dir: &Path,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<VerifyReport, StoreError> {
    let _lock = lock(disk, dir)?;
    let (manifest, damage) = load(disk, dir)?;
    Ok(Folder { disk, dir }.verify(manifest.files.iter(), damage, progress))
}

/// What is stored in a store's folder. [`StoreError::Locked`] when a server runs on it.
pub fn stats_at_rest(disk: &dyn Disk, dir: &Path) -> Result<StoreStats, StoreError> {
    let _lock = lock(disk, dir)?;
    let (manifest, _) = load(disk, dir)?;
    let mut all = StoreStats::default();
    for file in &manifest.files {
        all.add(file);
    }
    Ok(all)
}

fn load(disk: &dyn Disk, dir: &Path) -> Result<(Manifest, Vec<String>), StoreError> {
    Manifest::load(disk, dir)?.ok_or_else(|| StoreError::NoManifest {
        path: dir.join("manifest.json"),
    })
}

/// Where a lock file stands it is taken; a copy without one, or one that may only be read, has no other user.
fn lock(disk: &dyn Disk, dir: &Path) -> Result<Option<Box<dyn DiskLock>>, StoreError> {
    let path = dir.join("lock");
    if disk.open(&path, OpenMode::Read).is_err() {
        return Ok(None);
    }
    match disk.lock(&path) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(StoreError::Locked { path: dir.to_owned() }),
        Err(_) => Ok(None),
    }
}
