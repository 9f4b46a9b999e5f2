//! Words of many texts, quickly. The definition is [`super::for_each_word`]; here is its fast path for texts in ASCII,
//! which looks at 64 bytes at once and hardly ever has to guess where a branch goes.

use super::{AddressRun, WORD_LIMIT, for_each_word};

const CHUNK: usize = 64;
/// A copy of so many bytes is quicker than one of a word's own length.
pub const WIDE: usize = 16;
/// So many are looked for at once, whether they are there or not.
const USUAL: usize = 4;

/// Where a word stands in [`Words::folded`], and what it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte of it.
    pub start: u32,
    /// Bytes of it.
    pub len: u32,
    /// It holds an ASCII digit, or it is an address.
    pub numeric: bool,
    /// Nothing but the letters a to f, unless it is numeric.
    pub hex: bool,
}

impl Span {
    /// A word as it stands in a template or a query: folded and cut.
    pub fn of(start: usize, word: &[u8]) -> Self {
        Self {
            start: start as u32,
            len: word.len() as u32,
            numeric: word.iter().any(|b| matches!(b, b'0'..=b'9' | b'.' | b':')),
            hex: word.iter().all(|b| matches!(b, b'a'..=b'f')),
        }
    }
}

/// The words of a text.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    folded: &'a [u8],
    /// All words as [`for_each_word`] finds them, addresses behind the others.
    pub spans: &'a [Span],
}

impl<'a> Words<'a> {
    /// A word: UTF-8, folded, cut, an address canonical.
    #[inline]
    pub fn get(&self, span: Span) -> &'a [u8] {
        &self.folded[span.start as usize..][..span.len as usize]
    }

    /// A word of at most 16 bytes with whatever stands behind it.
    #[inline]
    pub fn wide(&self, span: Span) -> Option<&'a [u8; WIDE]> {
        let short = span.len as usize <= WIDE;
        self.folded.get(span.start as usize..).filter(|_| short)?.first_chunk()
    }
}

/// Finds words, and keeps its buffers from one text to the next.
#[derive(Debug, Default)]
pub struct Scanner {
    folded: Vec<u8>,
    spans: Vec<Span>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// Where at least four words joined by single signs begin and end.
    joined: Vec<(u32, u32)>,
}

impl Scanner {
    /// The words of a text.
    pub fn scan(&mut self, text: &str) -> Words<'_> {
        self.folded.clear();
        self.spans.clear();
        if is_usual(text.as_bytes()) {
            self.ascii(text);
        } else {
            for_each_word(text, |word| self.push(word));
        }
        Words {
            folded: &self.folded,
            spans: &self.spans,
        }
    }

    fn push(&mut self, word: &str) {
        self.spans.push(Span::of(self.folded.len(), word.as_bytes()));
        self.folded.extend_from_slice(word.as_bytes());
    }

    #[expect(clippy::needless_bitwise_bool, reason = "what cannot be guessed is no branch")]
    fn ascii(&mut self, text: &str) {
        let len = text.len();
        self.folded.extend_from_slice(text.as_bytes());
        self.folded.make_ascii_lowercase();
        // The last chunk is blank at its end, so every word ends.
        self.folded.resize((len / CHUNK + 1) * CHUNK, b' ');
        let found = self.edges();
        // Like `AddressRun`: no address has less than four groups, where none is left out.
        let (mut first, mut last, mut joined) = (0, 0, 0_u32);
        self.spans.resize(found, Span::default());
        let words = self.starts.iter().zip(&self.ends);
        for (span, (&start, &end)) in self.spans.iter_mut().zip(words) {
            let (end, shape) = (end >> 2, end);
            let joined_to_last = (start - last == 1) & joins(self.folded[last as usize]) & (last > 0);
            if !joined_to_last & (joined >= 3) {
                self.joined.push((first, last));
            }
            first = if joined_to_last { first } else { start };
            joined = if joined_to_last { joined + 1 } else { 0 };
            last = end;
            *span = Span {
                start,
                len: end - start,
                numeric: shape & 1 != 0,
                hex: matches!(shape & 3, 0),
            };
            if span.len as usize > WORD_LIMIT {
                let start = start as usize;
                *span = Span::of(start, &self.folded[start..start + WORD_LIMIT]);
            }
        }
        if joined >= 3 {
            self.joined.push((first, last));
        }
        for at in 0..self.joined.len() {
            let (first, last) = self.joined[at];
            AddressRun::address_in(text, first as usize, last as usize, &mut |word| self.push(word));
        }
        self.joined.clear();
        self.folded.resize(self.folded.len() + WIDE, b' ');
    }

    /// Finds where words begin, and where they end with what they are made of in the two lowest bits; their number.
    fn edges(&mut self) -> usize {
        let (mut begun, mut ended) = (0, 0);
        let mut carry = [false; 3];
        for at in 0..self.folded.len() / CHUNK {
            let Some(chunk) = self.folded[at * CHUNK..].first_chunk() else {
                break;
            };
            let room = begun.max(ended) + CHUNK / 2 + USUAL;
            if self.starts.len() < room {
                self.starts.resize(room * 2, 0);
                self.ends.resize(room * 2, 0);
            }
            let masks = Masks::of(chunk);
            let behind = masks.word << 1 | u64::from(carry[0]);
            let numeric = reaching(masks.word, masks.digit, &mut carry[1]);
            let other = reaching(masks.word, masks.word & !masks.hex, &mut carry[2]);
            carry[0] = masks.word >> (CHUNK - 1) != 0;
            let base = (at * CHUNK) as u32;
            begun += places(masks.word & !behind, &mut self.starts[begun..], |bit| base + bit);
            ended += places(!masks.word & behind, &mut self.ends[ended..], |bit| {
                let shape = (numeric >> (bit & 63) & 1) | (other >> (bit & 63) & 1) << 1;
                (base + bit) << 2 | shape as u32
            });
        }
        ended
    }
}

/// A bit behind every run of ones in `runs` that holds a one of `marks`: adding the marks carries just there.
#[inline]
fn reaching(runs: u64, marks: u64, carry: &mut bool) -> u64 {
    let (sum, over) = runs.overflowing_add(marks);
    let (sum, more) = sum.overflowing_add(u64::from(*carry));
    *carry = over | more;
    sum & !runs
}

/// Writes what `of` makes of every bit that is set; their number.
#[inline]
fn places(mut bits: u64, out: &mut [u32], of: impl Fn(u32) -> u32) -> usize {
    let count = bits.count_ones() as usize;
    for out in out.as_chunks_mut::<USUAL>().0.iter_mut().take(count.div_ceil(USUAL)) {
        for out in out {
            *out = of(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
    }
    count
}

/// Whether a text is ASCII and nowhere joins words by two signs, as `::1` does. (No way out early, and numbers instead
/// of truths: so the compiler makes vector instructions of it.)
fn is_usual(bytes: &[u8]) -> bool {
    let Some((_, behind)) = bytes.split_first() else {
        return true;
    };
    let mut unusual = 0_u8;
    for (&a, &b) in bytes[..behind.len()].iter().zip(behind) {
        unusual |= u8::from(b == b':') & u8::from(joins(a));
    }
    unusual == 0 && bytes.is_ascii()
}

#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "what cannot be guessed is no branch")]
fn joins(byte: u8) -> bool {
    (byte == b'.') | (byte == b':') | (byte == b'-')
}

/// A bit for each of 64 bytes.
#[derive(Clone, Copy, Default)]
struct Masks {
    word: u64,
    digit: u64,
    hex: u64,
}

impl Masks {
    /// Of text in lower case.
    #[inline]
    fn of(chunk: &[u8; CHUNK]) -> Self {
        // One byte of three bits for each: the compiler makes vector instructions of this loop.
        let mut class = [0_u8; CHUNK];
        for (class, &byte) in class.iter_mut().zip(chunk) {
            let digit = u8::from(byte.wrapping_sub(b'0') < 10);
            let letter = u8::from(byte.wrapping_sub(b'a') < 26);
            let hex = u8::from(byte.wrapping_sub(b'a') < 6);
            *class = (digit | letter | u8::from(byte == b'_')) | digit << 1 | hex << 2;
        }
        let mut masks = Self::default();
        for (at, eight) in class.chunks_exact(8).enumerate() {
            let mut bits = [0; 8];
            bits.copy_from_slice(eight);
            let bits = u64::from_le_bytes(bits);
            masks.word |= gather(bits) << (at * 8);
            masks.digit |= gather(bits >> 1) << (at * 8);
            masks.hex |= gather(bits >> 2) << (at * 8);
        }
        masks
    }
}

/// The lowest bit of each byte, as one byte.
#[inline]
fn gather(bits: u64) -> u64 {
    (bits & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words in the order of their beginnings, addresses behind them.
    fn plainly(text: &str) -> Vec<(String, bool, bool)> {
        let mut all = Vec::new();
        for_each_word(text, |word| {
            let span = Span::of(0, word.as_bytes());
            all.push((word.to_owned(), span.numeric, span.hex));
        });
        all
    }

    fn is_address(word: &str) -> bool {
        word.contains(['.', ':'])
    }

    proptest! {
        #[test]
        fn it_finds_what_the_definition_finds(
            texts in prop::collection::vec(
                "[a-gA-GxyzXYZ0-9_ .:/=\\-\"é漢]{0,200}|[a-z0-9 ]{0,300}|(a ){0,200}|[a-f]{250,300}|\\PC{0,80}\
                 |([0-9a-f]{1,4}[:.-]{1,2}){0,12}|([0-9]{1,3}[.:-]){3,7}[0-9]{1,3}|([0-9a-f]{2}[:-]){5,8}[0-9a-f]{2} x",
                1..6,
            )
        ) {
            let mut scanner = Scanner::default();
            for text in &texts {
                let words = scanner.scan(text);
                let mut fast = Vec::new();
                for &span in words.spans {
                    let word = std::str::from_utf8(words.get(span)).expect("UTF-8");
                    prop_assert!(words.wide(span).is_none_or(|wide| wide.starts_with(word.as_bytes())));
                    fast.push((word.to_owned(), span.numeric, span.hex));
                }
                let mut plain = plainly(text);
                for all in [&mut fast, &mut plain] {
                    all.sort_by_key(|(word, ..)| is_address(word));
                }
                prop_assert_eq!(fast, plain);
            }
        }
    }
}
