//! Reading records out of one segment file, and finding the next record behind damage.

use std::io;
use std::ops::Range;

use memchr::memmem;
use watchpost_run::disk::DiskFile;

use crate::format::{
    Kind, MARKER, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, payload_crc, payload_crc_start,
    snapshots_end,
};

/// Bytes asked of the disk at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// A buffered view of one segment, addressed by position.
pub(crate) struct Window<'a> {
    file: &'a dyn DiskFile,
    base: u64,
    salt: u64,
    /// Nothing at or after this position is looked at.
    limit: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(file: &'a dyn DiskFile, base: u64, salt: u64, limit: u64) -> Self {
        Self {
            file,
            base,
            salt,
            limit,
            start: base,
            buffer: Vec::new(),
        }
    }

    /// The bytes from `position` on: `len` of them, or fewer at the limit or the end of the file.
    pub(crate) fn bytes(&mut self, position: u64, len: u64) -> io::Result<&[u8]> {
        let end = position.saturating_add(len).min(self.limit).max(position);
        if position < self.start || end > self.start + self.buffer.len() as u64 {
            self.fill(position, len)?;
        }
        let from = ((position - self.start) as usize).min(self.buffer.len());
        let to = ((end - self.start) as usize).min(self.buffer.len());
        Ok(&self.buffer[from..to])
    }

    fn fill(&mut self, position: u64, len: u64) -> io::Result<()> {
        let wanted = len.max(CHUNK_BYTES).min(self.limit.saturating_sub(position));
        self.start = position;
        self.buffer.resize(wanted as usize, 0);
        let read = read_up_to(self.file, &mut self.buffer, position - self.base);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }

    /// The valid record header at `position`, of a record that ends before the limit.
    pub(crate) fn header(&mut self, position: u64) -> io::Result<Option<RecordHeader>> {
        let (salt, limit) = (self.salt, self.limit);
        let header = RecordHeader::decode(self.bytes(position, RECORD_HEADER_BYTES)?, salt, position);
        Ok(header.filter(|h| position + h.record_bytes() <= limit))
    }

    /// Whether the payload of the record at `position` is what was written.
    pub(crate) fn payload_holds(&mut self, position: u64, header: &RecordHeader) -> io::Result<bool> {
        let mut at = position + RECORD_HEADER_BYTES;
        let end = position + header.record_bytes();
        let mut crc = payload_crc_start(self.salt);
        while at < end {
            // What the buffer still holds first, so that no byte is read twice.
            let buffered = (self.start + self.buffer.len() as u64).saturating_sub(at);
            let piece = self.bytes(at, (end - at).min(if buffered == 0 { CHUNK_BYTES } else { buffered }))?;
            if piece.is_empty() {
                return Ok(false);
            }
            crc = payload_crc(crc, piece);
            at += piece.len() as u64;
        }
        Ok(crc == header.payload_crc)
    }

    /// The payload of the record at `position`; `None` when it is not what was written.
    pub(crate) fn payload(&mut self, position: u64, header: &RecordHeader) -> io::Result<Option<Vec<u8>>> {
        let body = position + RECORD_HEADER_BYTES;
        let len = header.length as usize;
        let buffered = (self.start + self.buffer.len() as u64).saturating_sub(body);
        let mut out = Vec::with_capacity(len);
        if buffered > 0 {
            out.extend_from_slice(self.bytes(body, buffered.min(len as u64))?);
        }
        let have = out.len();
        if have < len {
            if len - have < CHUNK_BYTES as usize {
                let rest = self.bytes(body + have as u64, (len - have) as u64)?;
                out.extend_from_slice(rest);
            } else {
                out.resize(len, 0);
                let read = read_up_to(self.file, &mut out[have..], body + have as u64 - self.base)?;
                out.truncate(have + read);
            }
        }
        let holds = out.len() == len && payload_crc(payload_crc_start(self.salt), &out) == header.payload_crc;
        Ok(holds.then_some(out))
    }

    /// The position of the first valid record header at or after `from`, or the limit or end of the file.
    pub(crate) fn resync(&mut self, from: u64) -> io::Result<u64> {
        let mut at = from;
        loop {
            // What is buffered is searched to its end before more is read: payloads may be full of markers.
            let buffered = (self.start + self.buffer.len() as u64).saturating_sub(at);
            let len = if buffered < RECORD_HEADER_BYTES {
                CHUNK_BYTES
            } else {
                buffered
            };
            let piece = self.bytes(at, len)?;
            let len = piece.len() as u64;
            if len < RECORD_HEADER_BYTES {
                return Ok(at + len);
            }
            // A marker cut by the end of the piece begins the next one.
            let found = memmem::find(piece, &MARKER).map(|n| at + n as u64);
            match found {
                None => at += len - (MARKER.len() as u64 - 1),
                Some(position) if self.header(position)?.is_some() => return Ok(position),
                Some(position) => at = position + 1,
            }
        }
    }
}

fn read_up_to(file: &dyn DiskFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// A stretch of a segment that holds no valid record, or a commit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) span: Range<u64>,
    pub(crate) is_commit: bool,
}

/// One valid copy of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotCopy {
    pub(crate) position: u64,
    pub(crate) header: RecordHeader,
}

/// What one segment holds.
#[derive(Clone, Debug)]
pub(crate) struct SegmentScan {
    /// The greatest position that a record here knew to be durable; 0 when there is no record.
    pub(crate) named: u64,
    /// The same, of the records that will not be overwritten.
    pub(crate) pinned: u64,
    /// Snapshot and twin, each when valid and in its place.
    pub(crate) snapshots: [Option<SnapshotCopy>; 2],
    /// In order, not touching one another unless one is a commit record. At most one for each pair of record
    /// headers, so bounded by the size of a segment.
    pub(crate) regions: Vec<Region>,
}

impl SegmentScan {
    pub(crate) fn snapshot(&self) -> Option<SnapshotCopy> {
        self.snapshots[0].or(self.snapshots[1])
    }

    /// The end of both copies of the snapshot, when one of them is valid.
    pub(crate) fn snapshots_end(&self, base: u64) -> Option<u64> {
        self.snapshot()
            .map(|copy| snapshots_end(base, u64::from(copy.header.length)))
    }

    fn region(&mut self, span: Range<u64>, is_commit: bool) {
        match self.regions.last_mut() {
            Some(last) if last.span.end == span.start && !last.is_commit && !is_commit => last.span.end = span.end,
            _ => self.regions.push(Region { span, is_commit }),
        }
    }

    fn take_snapshot(&mut self, base: u64, position: u64, header: RecordHeader) {
        let first = base + SEGMENT_HEADER_BYTES;
        let (slot, place) = match header.kind {
            Kind::Snapshot => (0, first),
            Kind::SnapshotTwin => (1, first + header.record_bytes()),
            Kind::Data | Kind::Commit | Kind::Mark => return,
        };
        if position == place {
            self.snapshots[slot] = Some(SnapshotCopy { position, header });
        }
    }
}

/// Reads all of a segment up to `limit` (a position), which must not lie behind the end of the file.
pub(crate) fn scan_segment(file: &dyn DiskFile, base: u64, salt: u64, limit: u64) -> io::Result<SegmentScan> {
    let mut window = Window::new(file, base, salt, limit);
    let mut scan = SegmentScan {
        named: 0,
        pinned: 0,
        snapshots: [None, None],
        regions: Vec::new(),
    };
    let mut at = base + SEGMENT_HEADER_BYTES;
    while at < limit {
        let Some(header) = window.header(at)? else {
            let next = window.resync(at + 1)?.max(at + 1);
            scan.region(at..next, false);
            at = next;
            continue;
        };
        let end = at + header.record_bytes();
        // A header with a valid checksum is believed even when its payload is damaged.
        scan.named = scan.named.max(header.durable.min(at));
        if header.kind != Kind::Commit {
            scan.pinned = scan.pinned.max(header.durable.min(at));
        }
        if !window.payload_holds(at, &header)? {
            scan.region(at..end, false);
        } else if header.kind == Kind::Commit {
            scan.region(at..end, true);
        } else {
            scan.take_snapshot(base, at, header);
        }
        at = end;
    }
    Ok(scan)
}
