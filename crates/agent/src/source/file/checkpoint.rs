use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};
use watchpost_event::{Fingerprint, Timestamp};

use super::os;
use super::packed::PackedPrint;

/// Tails are of this many bytes at most.
pub(super) const TAIL_BYTES: usize = 1024;
/// Earlier places remembered by their tails.
pub(super) const MARKS_LIMIT: usize = 8;
const VERSION: u8 = 1;

/// Which file it is on this host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId {
    /// The device.
    pub dev: u64,
    /// The inode on it.
    pub ino: u64,
}

/// A place in a content, recognisable by the up to 1 KiB before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The place.
    pub position: u64,
    /// The bytes before it.
    pub tail: Fingerprint,
}

impl Mark {
    /// Before everything.
    pub(super) fn beginning() -> Self {
        Self {
            position: 0,
            tail: Fingerprint::of(b""),
        }
    }
}

/// Content that can be asked whether it is the same as another.
pub(super) trait Bytes {
    /// How many there are.
    fn size(&self) -> io::Result<u64>;
    /// Whether these are the first.
    fn begins_with(&self, head: Fingerprint) -> io::Result<bool>;
    /// Whether these lie before this place.
    fn has(&self, mark: Mark) -> io::Result<bool>;
}

impl Bytes for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn begins_with(&self, head: Fingerprint) -> io::Result<bool> {
        let bytes = read_exactly(self, 0, head.length as usize)?;
        Ok(bytes.is_some_and(|bytes| Fingerprint::of(&bytes) == head))
    }

    fn has(&self, mark: Mark) -> io::Result<bool> {
        let length = u64::from(mark.tail.length);
        let Some(from) = mark.position.checked_sub(length) else {
            return Ok(false);
        };
        let bytes = read_exactly(self, from, mark.tail.length as usize)?;
        Ok(bytes.is_some_and(|bytes| Fingerprint::of(&bytes) == mark.tail))
    }
}

/// So many bytes at a place; `None` when the file ends before that.
pub(super) fn read_exactly(file: &File, from: u64, count: usize) -> io::Result<Option<Vec<u8>>> {
    let bytes = read_up_to(file, from, count)?;
    Ok((bytes.len() == count).then_some(bytes))
}

/// Up to so many bytes at a place, fewer only at the end of the file.
pub(super) fn read_up_to(file: &File, from: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut have = 0;
    while have < count {
        match os::read_at(file, &mut bytes[have..], from + have as u64) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(have);
    Ok(bytes)
}

/// What is remembered of a file's content between runs. Agent, stream and epoch stand beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileCheckpoint {
    /// Version of this shape.
    pub v: u8,
    /// When it was written.
    pub at: Timestamp,
    /// Path at first sight, which gave the stream its name.
    pub path: String,
    /// Path it was last seen under, when that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_path: Option<String>,
    /// Which file it was.
    #[serde(flatten)]
    pub id: FileId,
    /// The content's first bytes.
    pub head: Fingerprint,
    /// Delivered up to here.
    #[serde(flatten)]
    pub mark: Mark,
    /// The file's size when it was last looked at.
    pub size: u64,
    /// Collection began here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start: u64,
    /// The content was read to its end and the epoch closed; kept while the file is there, so that it is not read again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Earlier places, by which a shorter copy is recognised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The file is a compressed one, this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<PackedPrint>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a file compares with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Other content.
    Other,
    /// The same content, not as far as the checkpoint has got.
    Shorter,
    /// The same content at least up to the checkpoint.
    Same,
}

impl FileCheckpoint {
    /// A checkpoint of this version.
    pub(super) fn new(at: Timestamp, path: String, id: FileId, head: Fingerprint, mark: Mark) -> Self {
        Self {
            v: VERSION,
            at,
            path,
            current_path: None,
            id,
            head,
            mark,
            size: mark.position,
            start: 0,
            ended: false,
            marks: Vec::new(),
            packed: None,
        }
    }

    /// Reads one; `None` when another version or another kind of source wrote it.
    pub(super) fn read(value: &serde_json::Value) -> Option<Self> {
        serde_json::from_value(value.clone())
            .ok()
            .filter(|read: &Self| read.v == VERSION)
    }

    /// Path it was last seen under.
    pub(super) fn current(&self) -> &str {
        self.current_path.as_deref().unwrap_or(&self.path)
    }

    /// Compares by head *and* tail.
    pub(super) fn compare(&self, content: &impl Bytes) -> io::Result<Likeness> {
        compare(content, self.head, self.mark, &self.marks)
    }
}

/// Compares a content with one that was read up to `mark`, and past `marks` before that.
pub(super) fn compare(content: &impl Bytes, head: Fingerprint, mark: Mark, marks: &[Mark]) -> io::Result<Likeness> {
    let size = content.size()?;
    if !content.begins_with(head)? {
        return Ok(Likeness::Other);
    }
    if size >= mark.position {
        return Ok(if content.has(mark)? {
            Likeness::Same
        } else {
            Likeness::Other
        });
    }
    let newest = marks
        .iter()
        .filter(|mark| mark.position <= size)
        .max_by_key(|mark| mark.position);
    match newest {
        Some(mark) if content.has(*mark)? => Ok(Likeness::Shorter),
        // Not even as long as the oldest place remembered: the head is all there is to go by, and it fills the file.
        None if size <= u64::from(head.length) => Ok(Likeness::Shorter),
        _ => Ok(Likeness::Other),
    }
}
