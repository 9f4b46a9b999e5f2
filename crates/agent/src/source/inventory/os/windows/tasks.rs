//! Scheduled tasks, as they lie in files: no service has to be asked.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::super::super::row::{ROWS_LIMIT, Rows};
use super::super::super::task;

/// Largest file, in bytes.
const FILE_LIMIT: u64 = 1 << 20;
/// Folders within folders at most.
const DEPTH_LIMIT: usize = 16;

#[expect(clippy::disallowed_methods, reason = "Windows names its folders there")]
fn system_root() -> PathBuf {
    std::env::var_os("SystemRoot").map_or_else(|| r"C:\Windows".into(), PathBuf::from)
}

pub(super) fn read(rows: &mut Rows) -> io::Result<()> {
    let folder = system_root().join(r"System32\Tasks");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut waiting = Vec::new();
    take(entries, "", 0, &mut waiting, rows)?;
    let mut seen = 0;
    while let Some((path, name, depth)) = waiting.pop() {
        seen += 1;
        if seen > 2 * ROWS_LIMIT {
            return Err(io::Error::other(format!(
                "{} has more than {seen} files",
                folder.display()
            )));
        }
        if let Err(error) = look_at(&path, &name, depth, &mut waiting, rows) {
            rows.unread(name.as_str(), Some(format!("{}: {error}", path.display())));
        }
    }
    Ok(())
}

/// What is to be looked at, under which name, and how deep it lies.
type Waiting = Vec<(PathBuf, String, usize)>;

fn take(entries: fs::ReadDir, below: &str, depth: usize, waiting: &mut Waiting, rows: &mut Rows) -> io::Result<()> {
    for entry in entries {
        let entry = entry?;
        let name = format!(r"{below}\{}", entry.file_name().to_string_lossy());
        if waiting.len() < 2 * ROWS_LIMIT {
            waiting.push((entry.path(), name, depth));
        } else {
            rows.unread(name, Some("too many tasks".to_owned()));
        }
    }
    Ok(())
}

fn look_at(path: &Path, name: &str, depth: usize, waiting: &mut Waiting, rows: &mut Rows) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_dir() {
        if depth >= DEPTH_LIMIT {
            return Err(io::Error::other(format!(
                "more than {DEPTH_LIMIT} folders within each other"
            )));
        }
        return take(fs::read_dir(path)?, name, depth + 1, waiting, rows);
    }
    if !metadata.is_file() {
        return Ok(());
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let row = task::read(name, &bytes).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
    rows.add(name, row);
    Ok(())
}
