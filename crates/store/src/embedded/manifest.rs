//! The manifest: which files are the store, and up to where each stream and the ledger are in them. Both in one
//! commit, so that they are always of the same moment.
//!
//! `manifest.json` is one line of JSON and one line `crc32c XXXXXXXX`. A commit writes `manifest.new`, syncs it,
//! renames it over `manifest.json`, and then keeps a second copy, `manifest.copy`, the same way: a damaged manifest
//! loses nothing. A file that is not in the manifest is garbage.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use watchpost_event::{Cursors, Timestamp};
use watchpost_run::Disk;

use crate::StoreError;
use crate::embedded::index::FileSummary;
use crate::embedded::io::{read_file, write_file};

/// The version this program writes.
pub(crate) const VERSION: u32 = 1;
const MAIN: &str = "manifest.json";
const COPY: &str = "manifest.copy";
const NEW: &str = "manifest.new";
/// A million files and a hundred thousand streams fit.
const LIMIT: u64 = 1 << 30;

/// Retention class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Logs,
    Security,
}

impl Class {
    pub(crate) const ALL: [Self; 2] = [Self::Logs, Self::Security];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Security => "security",
        }
    }
}

/// One data file and its index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) id: u64,
    pub(crate) class: Class,
    /// Its folder: the UTC day of receive time.
    pub(crate) day: String,
    pub(crate) rows: u64,
    /// Bytes of messages and fields as text.
    pub(crate) raw: u64,
    pub(crate) data_bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) received_first: Timestamp,
    pub(crate) received_last: Timestamp,
    /// Written once more, as small as it gets (`pack`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) packed: bool,
}

impl FileEntry {
    pub(crate) fn new(id: u64, class: Class, day: &str, summary: &FileSummary, index_bytes: u64) -> Self {
        Self {
            id,
            class,
            day: day.to_owned(),
            rows: summary.rows,
            raw: summary.raw,
            data_bytes: summary.data_bytes,
            index_bytes,
            first: Timestamp(summary.first),
            last: Timestamp(summary.last),
            received_first: Timestamp(summary.received_first),
            received_last: Timestamp(summary.received_last),
            packed: false,
        }
    }

    pub(crate) fn data_path(&self, dir: &Path) -> PathBuf {
        dir.join(&self.day).join(format!("{:08}.parquet", self.id))
    }

    pub(crate) fn index_path(&self, dir: &Path) -> PathBuf {
        dir.join(&self.day).join(format!("{:08}.idx", self.id))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.data_bytes + self.index_bytes
    }
}

/// Everything one commit says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) v: u32,
    /// Counts commits.
    pub(crate) commit: u64,
    /// Number of the next file.
    pub(crate) next_id: u64,
    /// The ledger position up to which everything is in the files.
    pub(crate) committed: u64,
    pub(crate) files: Vec<FileEntry>,
    pub(crate) cursors: Cursors,
}

impl Manifest {
    pub(crate) fn empty() -> Self {
        Self {
            v: VERSION,
            commit: 0,
            next_id: 1,
            committed: 0,
            files: Vec::new(),
            cursors: Cursors::new(),
        }
    }

    /// Writes it in both places and syncs the folder. After an error the old or the new one may be in force.
    pub(crate) fn commit(&self, disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        let bytes = self.encode()?;
        put(disk, dir, MAIN, &bytes)?;
        if let Err(error) = put(disk, dir, COPY, &bytes) {
            // The commit stands; only its copy is older until the next one.
            tracing::warn!(%error, "cannot keep a second copy of the store's manifest");
        }
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| StoreError::Io {
            action: "encode",
            path: MAIN.into(),
            source: error.into(),
        })?;
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(format!("\ncrc32c {crc:08x}\n").as_bytes());
        Ok(bytes)
    }

    /// The manifest of a folder, with what was wrong; `None` when there never was one.
    pub(crate) fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<(Self, Vec<String>)>, StoreError> {
        let main = read(disk, &dir.join(MAIN))?;
        let copy = read(disk, &dir.join(COPY))?;
        match (main, copy) {
            (Stored::Bad(error @ StoreError::UnknownVersion { .. }), _)
            | (_, Stored::Bad(error @ StoreError::UnknownVersion { .. })) => Err(error),
            // The copy is one commit behind when the power went between the two.
            (Stored::Good(main), Stored::Good(_) | Stored::Missing) => Ok(Some((main, Vec::new()))),
            (Stored::Good(main), Stored::Bad(error)) => Ok(Some((main, vec![repaired(&error, "written anew")]))),
            (Stored::Bad(error), Stored::Good(copy)) => Ok(Some((copy, vec![repaired(&error, "its copy is used")]))),
            (Stored::Missing, Stored::Good(copy)) => {
                let damage = format!("{} is missing; its copy is used", dir.join(MAIN).display());
                Ok(Some((copy, vec![damage])))
            }
            (Stored::Missing, Stored::Missing) => Ok(None),
            (_, _) => Err(StoreError::NoManifest { path: dir.join(MAIN) }),
        }
    }
}

fn repaired(error: &StoreError, how: &str) -> String {
    format!("{error}; {how}")
}

enum Stored {
    Good(Manifest),
    Bad(StoreError),
    Missing,
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Stored, StoreError> {
    let bytes = match read_file(disk, path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Missing),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    Ok(match decode(path, &bytes) {
        Ok(manifest) => Stored::Good(manifest),
        Err(error) => Stored::Bad(error),
    })
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Manifest, StoreError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let bad = |what: &str| StoreError::damaged(path, what);
    let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not text"))?;
    let (json, crc) = text
        .strip_suffix('\n')
        .and_then(|text| text.rsplit_once("\ncrc32c "))
        .ok_or_else(|| bad("it does not end with its checksum"))?;
    // As text: a checksum in another spelling is damage as well.
    if crc != format!("{:08x}", crc32c::crc32c(json.as_bytes())) {
        return Err(bad("it fails its checksum"));
    }
    let version: Version = serde_json::from_str(json).map_err(|_| bad("it is not a manifest"))?;
    if version.v > VERSION {
        return Err(StoreError::UnknownVersion {
            path: path.to_owned(),
            found: version.v,
            known: VERSION,
        });
    }
    serde_json::from_str(json).map_err(|error| bad(&format!("it is not a manifest ({error})")))
}

fn put(disk: &dyn Disk, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let new = dir.join(NEW);
    match disk.remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io("remove", new)(error)),
        _ => {}
    }
    write_file(disk, &new, bytes)?;
    let path = dir.join(name);
    disk.rename(&new, &path).map_err(StoreError::io("rename", &path))?;
    disk.sync_dir(dir).map_err(StoreError::io("sync", dir))
}
