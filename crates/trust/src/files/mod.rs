//! Files of keys and certificates: written whole or not at all, keys for their owner only.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{create_dir, create_new, sync_dir};
#[cfg(windows)]
use windows::{create_dir, create_new, sync_dir};

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::TrustError;

/// Room for a bundle of certificates.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Makes the folder, closed to others, and its parents.
pub(crate) fn make_dir(path: &Path) -> Result<(), TrustError> {
    create_dir(path).map_err(|source| TrustError::Write {
        path: path.to_path_buf(),
        source,
    })
}

/// Reads a file; `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, TrustError> {
    let failed = |source| TrustError::Read {
        path: path.to_path_buf(),
        source,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Writes a file that only its owner can read (0600), durably, replacing what was there in one step.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), TrustError> {
    replace(path, text).map_err(|source| TrustError::Write {
        path: path.to_path_buf(),
        source,
    })
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut temporary = PathBuf::from(path);
    temporary.as_mut_os_string().push(".new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create_new(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}
