use super::Body;

/// Capacity kept between records.
const IDLE_CAPACITY: usize = 16 << 10;

/// The first and the last bytes of something that may be far too long to keep.
#[derive(Debug)]
pub(super) struct Accumulator {
    /// How many bytes each half holds: the record limit and what may yet be trimmed.
    keep: usize,
    first: Vec<u8>,
    /// A ring of the newest bytes behind `first`; its oldest is at `oldest` once it is full.
    last: Vec<u8>,
    oldest: usize,
    total: u64,
}

impl Accumulator {
    pub(super) fn new(keep: usize) -> Self {
        Self {
            keep,
            first: Vec::new(),
            last: Vec::new(),
            oldest: 0,
            total: 0,
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.keep - self.first.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        extend_within(&mut self.first, head, self.keep);
        if rest.is_empty() {
            return;
        }
        if rest.len() >= self.keep {
            self.last.clear();
            self.oldest = 0;
            extend_within(&mut self.last, &rest[rest.len() - self.keep..], self.keep);
            return;
        }
        let room = self.keep - self.last.len();
        let (head, mut rest) = rest.split_at(room.min(rest.len()));
        extend_within(&mut self.last, head, self.keep);
        while !rest.is_empty() {
            let run = rest.len().min(self.keep - self.oldest);
            self.last[self.oldest..self.oldest + run].copy_from_slice(&rest[..run]);
            self.oldest = (self.oldest + run) % self.keep;
            rest = &rest[run..];
        }
    }

    /// Appends a line of which only both ends may be known.
    pub(super) fn append_body(&mut self, body: &Body<'_>) {
        match *body {
            Body::Whole(bytes) => self.append(bytes),
            Body::Cut { first, last, length } => {
                self.append(first);
                let overlap = ((first.len() + last.len()) as u64).saturating_sub(length) as usize;
                self.total += body.omitted();
                self.append(&last[overlap.min(last.len())..]);
            }
        }
    }

    /// The byte so many places before the end (1 is the last).
    pub(super) fn byte_from_end(&self, back: usize) -> Option<u8> {
        let back = back.checked_sub(1)?;
        if back < self.last.len() {
            let newest = self.oldest + self.last.len() - 1 - back;
            return self.last.get(newest % self.last.len()).copied();
        }
        let at = self.first.len().checked_sub(back - self.last.len() + 1)?;
        self.first.get(at).copied()
    }

    /// All but the last `trim` bytes, as a record of at most `max` or its two ends. Asked again, it says the same.
    pub(super) fn body(&mut self, max: usize, trim: usize) -> Body<'_> {
        let length = self.total - trim as u64;
        if length <= max as u64 {
            return Body::Whole(&self.first[..length as usize]);
        }
        self.last.rotate_left(self.oldest);
        self.oldest = 0;
        // Of a record only a little longer than `max`, part of the last bytes still lie in `first`.
        let missing = (max + trim).saturating_sub(self.last.len());
        let lies_in_first = &self.first[self.first.len() - missing..];
        self.last.splice(0..0, lies_in_first.iter().copied());
        let end = self.last.len() - trim;
        Body::Cut {
            first: &self.first[..max],
            last: &self.last[end - max..end],
            length,
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.first.capacity() + self.last.capacity()
    }

    pub(super) fn clear(&mut self) {
        for buffer in [&mut self.first, &mut self.last] {
            buffer.clear();
            buffer.shrink_to(IDLE_CAPACITY);
        }
        self.oldest = 0;
        self.total = 0;
    }
}

/// Grows by doubling as a `Vec` does, but never past `most`.
fn extend_within(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let needed = buffer.len() + bytes.len();
    if needed > buffer.capacity() {
        let capacity = needed.max(2 * buffer.capacity()).min(most.max(needed));
        buffer.reserve_exact(capacity - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}
