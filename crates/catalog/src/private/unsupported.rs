use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Makes the file when it is not there; who may read it follows from its folder.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path).map(drop)
}
