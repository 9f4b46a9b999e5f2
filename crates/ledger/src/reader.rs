//! Reading: many handles, each at its own pace, of durable records only.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use watchpost_run::disk::{DiskFile, OpenMode};

use crate::format::{Kind, SEGMENT_HEADER_BYTES, segment_path};
use crate::scan::Window;
use crate::shared::{Segment, Shared, Stretch};
use crate::{Hole, LedgerError, LedgerPosition};

/// One record as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub position: LedgerPosition,
    /// Where to read on after it. The record before a hole does not know of the hole: the next record's `position`
    /// may be greater than this.
    pub next: LedgerPosition,
    /// The parts given to `append`, joined.
    pub payload: Vec<u8>,
}

/// Reads durable records. Cheap to clone, may move to other threads, never blocks the writer for longer than the
/// look-up of a segment.
pub struct Reader {
    shared: Arc<Shared>,
    /// The segment read last, so that a reader that follows the log does not open a file for every read.
    open: Mutex<Option<(u64, Arc<dyn DiskFile>)>>,
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

/// What a read has gathered.
struct Gathered {
    records: Vec<Record>,
    bytes: usize,
    limit_bytes: usize,
}

impl Gathered {
    fn has_room(&self, bytes: usize) -> bool {
        self.records.is_empty() || self.bytes.saturating_add(bytes) <= self.limit_bytes
    }
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            open: Mutex::new(None),
        }
    }

    /// The records from `from` on, until their payloads together would pass `limit_bytes`; at least one if there is one.
    ///
    /// Damaged stretches are passed over and added to [`holes`](Self::holes). An empty answer means that no readable
    /// record lies between `from` and the [`durable_end`](Self::durable_end) asked *before* the call: a caller may move
    /// its cursor there, which also takes it past a hole at the very end.
    ///
    /// # Errors
    /// [`LedgerError::BeforeStart`] and [`LedgerError::BeyondEnd`] for a cursor outside the ledger, and the disk's own.
    pub fn read(&self, from: LedgerPosition, limit_bytes: usize) -> Result<Vec<Record>, LedgerError> {
        let mut gathered = Gathered {
            records: Vec::new(),
            bytes: 0,
            limit_bytes,
        };
        let mut at = from.0;
        while let Some(stretch) = self.shared.stretch(at)? {
            let Some(file) = self.file(stretch.segment, at)? else {
                continue;
            };
            let read = self.read_stretch(&*file, &stretch, at, &mut gathered);
            let path = segment_path(&self.shared.dir, stretch.segment.base);
            if !read.map_err(|e| LedgerError::io("read", &path, e))? {
                break;
            }
            at = stretch.end;
        }
        Ok(gathered.records)
    }

    /// The end of what is durable now: the `next` of the newest durable record.
    pub fn durable_end(&self) -> LedgerPosition {
        LedgerPosition(self.shared.read().durable)
    }

    /// The oldest position still held.
    pub fn start(&self) -> LedgerPosition {
        LedgerPosition(self.shared.read().start())
    }

    /// Every damaged or missing stretch found so far, by this or any other reader or at opening, that is still held.
    pub fn holes(&self) -> Vec<Hole> {
        self.shared.read().holes.clone()
    }

    /// The segment's file; `None` when it was removed meanwhile, so that the position must be looked up again.
    fn file(&self, segment: Segment, at: u64) -> Result<Option<Arc<dyn DiskFile>>, LedgerError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((base, file)) = &*open
            && *base == segment.base
        {
            return Ok(Some(file.clone()));
        }
        let path = segment_path(&self.shared.dir, segment.base);
        match self.shared.disk.open(&path, OpenMode::Read) {
            Ok(file) => {
                *open = Some((segment.base, file.clone()));
                Ok(Some(file))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && at < self.shared.read().start() => Ok(None),
            Err(e) => Err(LedgerError::io("open", &path, e)),
        }
    }

    /// Whether there is room for more after this stretch.
    fn read_stretch(
        &self,
        file: &dyn DiskFile,
        stretch: &Stretch,
        from: u64,
        gathered: &mut Gathered,
    ) -> io::Result<bool> {
        let Segment { base, salt } = stretch.segment;
        let mut window = Window::new(file, base, salt, stretch.end);
        let mut at = from.max(base + SEGMENT_HEADER_BYTES);
        while at < stretch.end {
            let Some(header) = window.header(at)? else {
                let found = window.resync(at + 1)?;
                // A file that ends early is missing the rest.
                let next = if window.header(found)?.is_some() {
                    found
                } else {
                    stretch.end
                };
                self.add_hole(at, next);
                at = next;
                continue;
            };
            let next = at + header.record_bytes();
            if header.kind == Kind::Data {
                if !gathered.has_room(header.length as usize) {
                    return Ok(false);
                }
                match window.payload(at, &header)? {
                    None => self.add_hole(at, next),
                    Some(payload) => {
                        gathered.bytes += payload.len();
                        let (position, next) = (LedgerPosition(at), LedgerPosition(next));
                        gathered.records.push(Record {
                            position,
                            next,
                            payload,
                        });
                    }
                }
            }
            at = next;
        }
        Ok(true)
    }

    fn add_hole(&self, start: u64, end: u64) {
        let hole = Hole {
            start: LedgerPosition(start),
            end: LedgerPosition(end),
        };
        if self.shared.write().add_hole(hole) {
            tracing::warn!(dir = %self.shared.dir.display(), start, end, "Ledger records are damaged, passing over them");
        }
    }
}
