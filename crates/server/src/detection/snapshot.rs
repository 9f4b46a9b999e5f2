use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watchpost_detect::Correlator;
use watchpost_event::Epoch;
use watchpost_kit::Rng;
use watchpost_run::Disk;
use watchpost_run::disk::{read_sealed, replace_sealed};

use super::overlong::OverlongRuns;
use crate::ServerError;

/// A snapshot may have so many bytes; it is bounded by the correlator's own limits.
const BYTES_MAX: u64 = 1 << 30;
const VERSION: u32 = 1;

/// What detection remembers, together with how far it has read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DetectSnapshot {
    v: u32,
    /// Everything before this position of the ledger was looked at.
    pub(crate) position: u64,
    /// The epoch of the stream of detections.
    pub(crate) epoch: Epoch,
    /// Where that stream stands.
    pub(crate) cursor: u64,
    /// What was counted.
    pub(crate) correlator: Correlator,
    /// Records too long, in a row.
    #[serde(default)]
    pub(crate) overlong: OverlongRuns,
}

impl DetectSnapshot {
    /// Nothing was looked at; detections begin under a new epoch. It has to be saved before the first detection is
    /// written: found again after a kill, a detection is known by its epoch and position.
    pub(crate) fn empty() -> Self {
        Self {
            v: VERSION,
            position: 0,
            epoch: Epoch(Rng::from_os().next_u64()),
            cursor: 0,
            correlator: Correlator::default(),
            overlong: OverlongRuns::default(),
        }
    }

    /// Its file in the server's data folder.
    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("detect").join("snapshot.json")
    }

    /// Reads it; one that is damaged is put aside and said so: what it remembered is counted anew.
    pub(crate) fn load(disk: &Arc<dyn Disk>, path: &Path) -> Result<(Self, Option<String>), ServerError> {
        let failed = |source| ServerError::Detect {
            path: path.to_path_buf(),
            source,
        };
        if let Some(folder) = path.parent() {
            disk.create_dir_all(folder).map_err(failed)?;
        }
        let begin = |why| {
            let empty = Self::empty();
            empty.save(disk, path).map(|()| (empty, why))
        };
        let read = match read_sealed(&**disk, path, BYTES_MAX) {
            Ok(None) => return begin(None),
            Ok(Some(bytes)) => serde_json::from_slice::<Self>(&bytes).map_err(io::Error::from),
            Err(error) if matches!(error.kind(), io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidData) => {
                Err(error)
            }
            Err(error) => return Err(failed(error)),
        };
        match read {
            Ok(snapshot) if snapshot.v == VERSION => Ok((snapshot, None)),
            other => {
                let why = match other {
                    Ok(snapshot) => format!("it has version {}, this program knows {VERSION}", snapshot.v),
                    Err(error) => error.to_string(),
                };
                let aside = path.with_extension("damaged");
                disk.rename(path, &aside).map_err(failed)?;
                let what = format!(
                    "the snapshot of detection could not be read ({why}); it was put aside as {}, what it had counted is counted anew",
                    aside.display()
                );
                begin(Some(what))
            }
        }
    }

    /// Writes it whole or not at all.
    pub(crate) fn save(&self, disk: &Arc<dyn Disk>, path: &Path) -> Result<(), ServerError> {
        let failed = |source| ServerError::Detect {
            path: path.to_path_buf(),
            source,
        };
        let bytes = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        replace_sealed(&**disk, path, bytes).map_err(failed)
    }
}
