//! Numbers in bytes from outside.

/// Why something cannot be read.
pub(super) type Fault = &'static str;

pub(super) const TOO_SHORT: Fault = "a record ends too early";

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let number = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(number.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(number.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let number = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(number.try_into().ok()?))
}

/// A place in a chunk, and where what is read there ends.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'c> {
    chunk: &'c [u8],
    pub(super) at: usize,
    end: usize,
}

impl<'c> Cursor<'c> {
    pub(super) fn new(chunk: &'c [u8], at: usize, end: usize) -> Result<Self, Fault> {
        if at <= end && end <= chunk.len() {
            Ok(Self { chunk, at, end })
        } else {
            Err("an offset points out of its chunk")
        }
    }

    /// Whether it stands at the end.
    pub(super) fn is_over(&self) -> bool {
        self.at >= self.end
    }

    /// The next byte, which stays.
    pub(super) fn peek(&self) -> Option<u8> {
        (!self.is_over()).then(|| self.chunk.get(self.at).copied()).flatten()
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<&'c [u8], Fault> {
        let to = self
            .at
            .checked_add(bytes)
            .filter(|to| *to <= self.end)
            .ok_or(TOO_SHORT)?;
        let taken = self.chunk.get(self.at..to).ok_or(TOO_SHORT)?;
        self.at = to;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.take(1)?.first().copied().ok_or(TOO_SHORT)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        u16_at(self.take(2)?, 0).ok_or(TOO_SHORT)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        u32_at(self.take(4)?, 0).ok_or(TOO_SHORT)
    }

    /// A number of UTF-16 units, and these.
    pub(super) fn units(&mut self) -> Result<&'c [u8], Fault> {
        let count = usize::from(self.u16()?);
        self.take(count * 2)
    }
}
