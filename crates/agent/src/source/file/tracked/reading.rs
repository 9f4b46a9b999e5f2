//! Bytes from the file to the framer.

use std::io;

use watchpost_event::Timestamp;

use super::{Look, Mark, Shared, Stamp, Tracked};
use crate::source::file::checkpoint::TAIL_BYTES;
use crate::source::file::content::Content;
use crate::source::file::packed::Step;
use crate::source::file::{READ_BYTES, os};

/// Room for a read at least: a file may grow while it is read.
const READ_BYTES_MIN: usize = 4 << 10;

impl Tracked {
    /// Reads what is new, up to `budget` bytes.
    pub(in crate::source::file) fn look(
        &mut self,
        shared: &Shared,
        buffer: &mut Vec<u8>,
        budget: u64,
        now: Timestamp,
    ) -> io::Result<Look> {
        if !self.stash.is_empty() {
            let stash = std::mem::take(&mut self.stash);
            if self.digest(shared, &stash, now) {
                return Ok(Look::Full);
            }
        }
        if self.is_packed() {
            make_room(buffer, READ_BYTES as u64);
            return self.look_into_packed(shared, buffer, budget, now);
        }
        let Some(file) = self.plain() else {
            return Ok(Look::Still);
        };
        let stamp = Stamp::of(&file.metadata()?);
        if stamp == self.seen {
            return Ok(Look::Still);
        }
        if stamp.size < self.read || !self.head.is_in(file)? {
            return Ok(Look::Replaced);
        }
        make_room(buffer, stamp.size.saturating_sub(self.read));
        let until = self.read + budget;
        while self.read < until {
            let Some(file) = self.plain() else {
                return Ok(Look::Still);
            };
            let overlap = self.window.bytes().len();
            let count = match os::read_at(file, buffer, self.read - overlap as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.get(..overlap.min(count)) != Some(&self.window.bytes()[..overlap.min(count)]) || count < overlap {
                return Ok(Look::Replaced);
            }
            if self.read == 0 && !self.head.begins(&buffer[..count]) {
                return Ok(Look::Replaced);
            }
            self.grown_to = self.grown_to.max(stamp.size);
            if count == overlap {
                self.seen = stamp;
                return Ok(Look::AtEnd);
            }
            self.grown_at = now;
            if self.digest(shared, &buffer[overlap..count], now) {
                return Ok(Look::Full);
            }
        }
        Ok(Look::More)
    }

    fn look_into_packed(
        &mut self,
        shared: &Shared,
        buffer: &mut [u8],
        budget: u64,
        now: Timestamp,
    ) -> io::Result<Look> {
        let mut spent = 0;
        while spent < budget {
            let Some(Content::Packed(packed)) = &mut self.content else {
                return Ok(Look::Still);
            };
            let is_at = packed.is_at(self.read);
            let step = if self.read >= packed.print.content {
                return Ok(Look::AtEnd);
            } else if !is_at {
                packed.approach(self.read, buffer)?
            } else if self.placed {
                packed.step(buffer)?
            } else if self.arrive() {
                continue;
            } else {
                return Ok(Look::Replaced);
            };
            match step {
                Step::Bytes(count) => {
                    spent += count as u64;
                    self.grown_at = now;
                    if is_at && self.digest(shared, &buffer[..count], now) {
                        return Ok(Look::Full);
                    }
                }
                Step::Pause => return Ok(Look::More),
                Step::Changed => return Ok(Look::Replaced),
            }
        }
        Ok(Look::More)
    }

    /// Unpacking has come to where reading goes on: what lies before it has to be what was read.
    fn arrive(&mut self) -> bool {
        let Some(Content::Packed(packed)) = &self.content else {
            return false;
        };
        let before = packed.before().clone();
        let mark = before.mark(&[], 0, self.read);
        let was_read = self.window.bytes();
        let expected = self.expected.take().is_none_or(|expected| expected == mark);
        if !expected || !was_read.is_empty() && was_read != before.bytes() {
            return false;
        }
        for place in [&mut self.emitted, &mut self.boundary, &mut self.sent] {
            if place.position == self.read {
                *place = mark;
            }
        }
        self.window = before;
        self.placed = true;
        true
    }

    /// Gives a chunk to the framer; true when a batch got full, with what is left of the chunk in the stash.
    fn digest(&mut self, shared: &Shared, chunk: &[u8], now: Timestamp) -> bool {
        let mut rest = chunk;
        let mut full = false;
        while let Some(record) = self.framer.next_record(&mut rest) {
            let builder = self.batch.builder(&self.origin, self.sent.position, now);
            let urgent = self.processor.process(&record, record.end, now, builder);
            self.batch.mark_urgent(urgent);
            if self.batch.is_full(&shared.policy) {
                full = true;
                break;
            }
        }
        let used = chunk.len() - rest.len();
        self.stash = rest.to_vec();
        self.head.extend(self.read, chunk);
        self.emitted = self.mark_at(self.framer.position(), &chunk[..used], self.emitted);
        self.boundary = self.mark_at(self.framer.boundary(), &chunk[..used], self.boundary);
        self.window.push(&chunk[..used]);
        self.read += used as u64;
        full
    }

    /// The mark at a place that lies in the chunk or is known already.
    fn mark_at(&self, position: u64, chunk: &[u8], known: Mark) -> Mark {
        if position > self.read {
            return self.window.mark(chunk, (position - self.read) as usize, position);
        }
        // Lines gathered into a record end where they were complete before this chunk came.
        if position == self.boundary.position {
            self.boundary
        } else {
            known
        }
    }
}

/// Makes the buffer as large as a read of so much that is new needs: most files grow by a few lines at a time.
fn make_room(buffer: &mut Vec<u8>, new_bytes: u64) {
    let wanted = new_bytes.clamp(READ_BYTES_MIN as u64, READ_BYTES as u64) as usize + TAIL_BYTES;
    if buffer.len() < wanted {
        buffer.resize(wanted, 0);
    }
}
