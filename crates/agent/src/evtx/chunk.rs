//! A chunk and its records.

use flate2::Crc;

use super::binxml::{self, Budget};
use super::cursor::{Fault, u32_at};

const MAGIC: &[u8; 8] = b"ElfChnk\0";
/// Where the records begin: behind the header and the tables of names and templates.
const RECORDS_AT: usize = 512;
const RECORD_MAGIC: &[u8; 4] = b"**\0\0";
/// Its size, number and time stand before a record's content, its size again behind it.
const BEFORE: usize = 24;
const BEHIND: usize = 4;
/// Records begin at multiples of this.
const ALIGNMENT: usize = 8;

/// A chunk whose records are being read.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    doubt: Option<Fault>,
    budget: Budget,
}

/// What comes next in a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record.
    Record,
    /// At least one record that cannot be read, and why.
    LeftOut(Fault),
    /// No more.
    End,
}

impl Chunk {
    /// A chunk, or the first part of one.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        if !bytes.starts_with(MAGIC) {
            return Err("it does not begin as chunks do");
        }
        let free = u32_at(&bytes, 48).unwrap_or(0) as usize;
        let doubt = doubt(&bytes, free);
        // Where the header is not believed, records are looked for everywhere.
        let end = if doubt.is_none() { free } else { bytes.len() };
        Ok(Self {
            bytes,
            at: RECORDS_AT,
            end,
            doubt,
            budget: Budget::of_chunk(),
        })
    }

    /// Why not all of it may be what was written. What has the form of a record is read nevertheless.
    pub(super) fn doubt(&self) -> Option<Fault> {
        self.doubt
    }

    /// Appends the XML of the next record, on one line; after [`Next::LeftOut`] there may be a part of one.
    pub(super) fn next(&mut self, line: &mut String) -> Next {
        let from = self.at;
        let Some(size) = self.find() else {
            let left_out = self.doubt.is_none() && from < self.end;
            self.at = self.end;
            return if left_out {
                Next::LeftOut("no record where one should be")
            } else {
                Next::End
            };
        };
        if self.at > from {
            return Next::LeftOut("no record where one should be");
        }
        self.at += size;
        let (begin, end) = (from + BEFORE, from + size - BEHIND);
        match binxml::render(&self.bytes, begin, end, &mut self.budget, line) {
            Ok(()) => Next::Record,
            Err(why) => Next::LeftOut(why),
        }
    }

    /// Goes to the next record, over what is none, and says its size.
    fn find(&mut self) -> Option<usize> {
        let mut at = self.at;
        while at < self.end {
            if let Some(size) = self.size_at(at) {
                self.at = at;
                return Some(size);
            }
            at += ALIGNMENT;
        }
        None
    }

    fn size_at(&self, at: usize) -> Option<usize> {
        let record = self.bytes.get(at..self.end)?;
        if !record.starts_with(RECORD_MAGIC) {
            return None;
        }
        let size = u32_at(record, 4)? as usize;
        let fits = size >= BEFORE + BEHIND && u32_at(record, size.checked_sub(BEHIND)?)? as usize == size;
        fits.then_some(size)
    }
}

fn doubt(bytes: &[u8], free: usize) -> Option<Fault> {
    let header = [bytes.get(..120), bytes.get(128..RECORDS_AT)];
    let records = [bytes.get(RECORDS_AT..free), Some(&[][..])];
    if sum(header).is_none_or(|sum| Some(sum) != u32_at(bytes, 124)) {
        return Some("its header's checksum is wrong");
    }
    if sum(records).is_none_or(|sum| Some(sum) != u32_at(bytes, 52)) {
        return Some("its records' checksum is wrong");
    }
    None
}

/// CRC-32 of two parts, if both are there.
fn sum(parts: [Option<&[u8]>; 2]) -> Option<u32> {
    let mut crc = Crc::new();
    for part in parts {
        crc.update(part?);
    }
    Some(crc.sum())
}
