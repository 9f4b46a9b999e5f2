//! Rule files from folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use watchpost_detect::RuleText;

/// Files of all folders together.
const FILES_MAX: usize = 20_000;
/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How deep folders are followed.
const DEPTH_MAX: usize = 16;

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleFile {
    pub(super) path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

/// The rule files below these paths (`.yml`, `.yaml`), in order of their names. A folder that is not there has none.
pub(super) fn find(paths: &[PathBuf]) -> io::Result<Vec<RuleFile>> {
    let mut files = Vec::new();
    for path in paths {
        walk(path, 0, true, &mut files)?;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(path: &Path, depth: usize, named: bool, files: &mut Vec<RuleFile>) -> io::Result<()> {
    let named_place = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A folder nobody has made holds no rules; a link into nothing neither.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(named_place(error)),
    };
    if metadata.is_file() {
        if named || is_rule(path) {
            files.push(RuleFile {
                path: path.to_path_buf(),
                length: metadata.len(),
                modified: metadata.modified().ok(),
            });
        }
        if files.len() > FILES_MAX {
            let message = format!("more than {FILES_MAX} rule files");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        return Ok(());
    }
    if depth == DEPTH_MAX || !metadata.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(named_place)? {
        let entry = entry.map_err(named_place)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            walk(&entry.path(), depth + 1, false, files)?;
        }
    }
    Ok(())
}

pub(super) fn is_rule(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// A file as rules; a failure names the place.
pub(super) fn read(file: &RuleFile) -> io::Result<RuleText> {
    let place = file.path.display();
    let text = text(file).map_err(|error| io::Error::new(error.kind(), format!("{place}: {error}")))?;
    Ok(RuleText::new(place.to_string(), text))
}

/// A file's text.
pub(super) fn text(file: &RuleFile) -> io::Result<String> {
    if file.length > FILE_BYTES_MAX {
        let message = format!("has {} bytes; a rule file may have {FILE_BYTES_MAX}", file.length);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    fs::read_to_string(&file.path)
}
