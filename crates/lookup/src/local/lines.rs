//! A list's file, line by line, with limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Entries of one list.
const ENTRIES_MAX: usize = 1_000_000;
/// Bytes of one list.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// A longer line is no entry.
const LINE_BYTES_MAX: usize = 4_096;

/// Hands every line that is neither empty nor a comment to `take`, which answers how many entries it made of it. Answers
/// how many lines were none.
pub(super) fn each(path: &Path, mut take: impl FnMut(&str) -> usize) -> io::Result<u64> {
    let file = File::open(path)?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    let mut reader = BufReader::new(file.take(FILE_BYTES_MAX));
    let (mut entries, mut skipped) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = Read::by_ref(&mut reader)
            .take(LINE_BYTES_MAX as u64)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(skipped);
        }
        if read == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            skipped += 1;
            pass_over(&mut reader)?;
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with(['#', ';']) || text.starts_with("//") {
            continue;
        }
        match take(text) {
            0 => skipped += 1,
            made => entries += made,
        }
        if entries > ENTRIES_MAX {
            return Err(io::Error::other(format!(
                "it has more than {ENTRIES_MAX} entries: leave out what is old, or split it"
            )));
        }
    }
}

/// The rest of a line that is too long.
fn pass_over(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(length);
        if end.is_some() {
            return Ok(());
        }
    }
}
