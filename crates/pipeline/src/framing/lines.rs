use super::accumulator::Accumulator;
use super::{Body, Framing, Record, SEPARATOR_LIMIT};

/// Cuts bytes at separators.
#[derive(Debug)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come yet.
    carry: Accumulator,
    carried: u64,
    /// The carried line is complete; so many bytes of it are its separator.
    complete: Option<usize>,
    /// The carried line was handed out; the next call begins with an empty one.
    spent: bool,
    start: u64,
}

/// Where a complete line lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    /// At the beginning of the chunk.
    InChunk {
        /// Without separator.
        length: usize,
        /// With it.
        whole: usize,
    },
    /// In the carry.
    Carried {
        /// Bytes of separator at its end.
        trim: usize,
    },
}

impl Lines {
    pub(super) fn new(framing: &Framing, start: u64) -> Self {
        Self {
            carry: Accumulator::new(framing.max_record + framing.separator.len() + framing.carriage.len()),
            carried: 0,
            complete: None,
            spent: false,
            start,
        }
    }

    /// Where the line under way begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The input has ended: what is carried is a line.
    pub(super) fn close(&mut self) {
        self.forget_spent();
        if self.carried > 0 && self.complete.is_none() {
            self.complete = Some(0);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.carry.held_bytes()
    }

    fn forget_spent(&mut self) {
        if self.spent {
            self.carry.clear();
            self.carried = 0;
            self.complete = None;
            self.spent = false;
        }
    }

    /// Finds the next complete line without using it up: asked again, it says the same.
    pub(super) fn find(&mut self, framing: &Framing, chunk: &mut &[u8]) -> Option<Line> {
        self.forget_spent();
        if let Some(trim) = self.complete {
            return Some(Line::Carried { trim });
        }
        if self.carried == 0 {
            if let Some(at) = framing.find(chunk, 0) {
                let trim = framing.trim(|back| at.checked_sub(back).and_then(|before| chunk.get(before).copied()));
                let whole = at + framing.separator.len();
                return Some(Line::InChunk {
                    length: whole - trim,
                    whole,
                });
            }
            self.carry(chunk.len(), chunk);
            return None;
        }
        let Some(end) = self.find_behind_carry(framing, chunk) else {
            self.carry(chunk.len(), chunk);
            return None;
        };
        self.carry(end, chunk);
        let trim = framing.trim(|back| self.carry.byte_from_end(framing.separator.len() + back));
        self.complete = Some(trim);
        Some(Line::Carried { trim })
    }

    fn carry(&mut self, count: usize, chunk: &mut &[u8]) {
        let (taken, rest) = chunk.split_at(count);
        self.carry.append(taken);
        self.carried += count as u64;
        *chunk = rest;
    }

    /// How many bytes of the chunk still belong to the carried line. Its separator may have begun in the carry.
    fn find_behind_carry(&self, framing: &Framing, chunk: &[u8]) -> Option<usize> {
        let separator = framing.separator.len();
        let mut seam = [0u8; 2 * SEPARATOR_LIMIT];
        let mut before = 0;
        for back in (1..separator).rev() {
            if let Some(byte) = self.carry.byte_from_end(back) {
                seam[before] = byte;
                before += 1;
            }
        }
        let after = chunk.len().min(separator - 1);
        seam[before..before + after].copy_from_slice(&chunk[..after]);
        let from = self.carried - before as u64;
        let straddling = framing.find(&seam[..before + after], from);
        let straddling = straddling.map(|at| at + separator - before);
        straddling.or_else(|| framing.find(chunk, self.carried).map(|at| at + separator))
    }

    /// The bytes of a line that was found.
    pub(super) fn body<'a>(&'a mut self, framing: &Framing, line: Line, chunk: &'a [u8]) -> Body<'a> {
        match line {
            Line::InChunk { length, .. } => Body::of(&chunk[..length], framing.max_record),
            Line::Carried { trim } => self.carry.body(framing.max_record, trim),
        }
    }

    /// Uses up a line that was found. Its bytes stay readable until the next call.
    pub(super) fn pass(&mut self, line: Line, chunk: &mut &[u8]) -> (u64, u64) {
        let start = self.start;
        match line {
            Line::InChunk { whole, .. } => {
                *chunk = &chunk[whole..];
                self.start += whole as u64;
            }
            Line::Carried { .. } => {
                self.start += self.carried;
                self.spent = true;
            }
        }
        (start, self.start)
    }

    /// Both at once: a line as a record.
    pub(super) fn take<'a, 'c: 'a>(&'a mut self, framing: &Framing, line: Line, chunk: &mut &'c [u8]) -> Record<'a> {
        let before = *chunk;
        let (start, end) = self.pass(line, chunk);
        Record {
            body: self.body(framing, line, before),
            start,
            end,
        }
    }
}
