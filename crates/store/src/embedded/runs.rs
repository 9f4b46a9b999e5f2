//! Runs: what the rows of a block have in common.
//!
//! A **run** is neighbouring rows of one block, with a text that holds words of all of them. A word of a row is in its
//! run's text or in its block's filter, and what is in the text is in every row of the run. So a word in a run's text
//! settles the run, and a word in neither text nor filter rules it out, both without reading a message.
//!
//! A template with enough rows is a run of its own. Templates with few rows share one with their neighbours, which begin
//! alike: its text is the words they begin with, and their other words go to the filter.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::embedded::index::{Block, Input, varint};
use crate::embedded::template::{Template, TemplateWord, common_words};

/// So many rows are worth a run.
const ENOUGH_ROWS: u32 = 8;
const SECOND: i64 = 1_000_000_000;
/// Level 3 costs little for what is small.
const LEVEL: i32 = 3;
/// Runs of one file, decompressed.
const BYTES_LIMIT: u64 = 1 << 30;

/// One run. Its rows begin where those of the run before it end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) rows: u32,
    /// Earliest and latest event time, to the second: a run's times lie within these.
    pub(crate) times: (i64, i64),
}

/// The runs of all blocks of a file, decompressed when somebody asks for them.
///
/// Per block: u32 how many; per run: u32 rows, times in seconds from the block's first on, and the text, of which what
/// the text before it begins with is left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunTable {
    /// u64 length of all, one zstd frame. Empty when they were never compressed.
    packed: Bytes,
    plain: OnceLock<Option<Plain>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Plain {
    bytes: Vec<u8>,
    /// Where each block's runs end.
    ends: Vec<u32>,
}

impl RunTable {
    /// As they are read from a file.
    pub(crate) fn read(packed: Bytes) -> Self {
        Self {
            packed,
            plain: OnceLock::new(),
        }
    }

    fn plain(&self, blocks: &[Block]) -> Option<&Plain> {
        self.plain.get_or_init(|| decode(&self.packed, blocks)).as_ref()
    }

    /// The runs of a block; `None` when they cannot be read, and nothing is known.
    pub(crate) fn of(&self, blocks: &[Block], at: usize) -> Option<RunReader<'_>> {
        let plain = self.plain(blocks)?;
        let begin = at.checked_sub(1).map_or(Some(&0), |before| plain.ends.get(before))?;
        let bytes = plain.bytes.get(*begin as usize..*plain.ends.get(at)? as usize)?;
        RunReader::new(bytes, blocks.get(at)?.times.0)
    }

    /// Adds another file's behind these; false when they cannot be read.
    pub(crate) fn append(&mut self, mine: &[Block], other: &Self, theirs: &[Block]) -> bool {
        if self.plain(mine).is_none() {
            return false;
        }
        let (Some(Some(before)), Some(more)) = (self.plain.get_mut(), other.plain(theirs)) else {
            return false;
        };
        let begin = before.bytes.len() as u32;
        before.bytes.extend_from_slice(&more.bytes);
        before.ends.extend(more.ends.iter().map(|end| begin + end));
        // What is compressed lacks the new ones.
        self.packed = Bytes::new();
        true
    }

    /// As they are written to a file.
    pub(crate) fn encode(&self) -> Bytes {
        let Some(Some(plain)) = self.plain.get().filter(|_| self.packed.is_empty()) else {
            return self.packed.clone();
        };
        let mut out = (plain.bytes.len() as u64).to_le_bytes().to_vec();
        match zstd::bulk::compress(&plain.bytes, LEVEL) {
            Ok(packed) => out.extend_from_slice(&packed),
            // Never seen: of runs that cannot be read nothing is known, and rows are read whole.
            Err(error) => tracing::warn!(%error, "cannot compress the runs of an index"),
        }
        out.into()
    }

    /// Bytes in memory.
    pub(crate) fn size(&self) -> usize {
        let plain = self.plain.get().and_then(Option::as_ref);
        self.packed.len() + plain.map_or(0, |plain| plain.bytes.len() + plain.ends.len() * 4)
    }
}

impl From<Plain> for RunTable {
    fn from(plain: Plain) -> Self {
        Self {
            packed: Bytes::new(),
            plain: OnceLock::from(Some(plain)),
        }
    }
}

/// Decompresses, and goes through all runs once, so that reading them again cannot fail.
fn decode(packed: &[u8], blocks: &[Block]) -> Option<Plain> {
    if packed.is_empty() {
        return Some(Plain::default());
    }
    let mut input = Input(packed);
    let length = input.u64().filter(|length| *length <= BYTES_LIMIT)?;
    let bytes = zstd::bulk::decompress(input.0, usize::try_from(length).ok()?).ok()?;
    let mut ends = Vec::with_capacity(blocks.len());
    let mut rest = bytes.as_slice();
    for block in blocks {
        let mut runs = RunReader::new(rest, block.times.0)?;
        let mut rows = 0;
        let is_empty = runs.is_empty();
        while let Some((run, _)) = runs.next() {
            rows += u64::from(run.rows);
        }
        if runs.left > 0 || !(is_empty || rows == u64::from(block.rows)) {
            return None;
        }
        rest = runs.input.0;
        ends.push(u32::try_from(bytes.len() - rest.len()).ok()?);
    }
    rest.is_empty().then_some(Plain { bytes, ends })
}

/// Goes through the runs of a block.
pub(crate) struct RunReader<'a> {
    input: Input<'a>,
    left: u32,
    /// Where times begin.
    first: i64,
    text: String,
}

impl<'a> RunReader<'a> {
    fn new(bytes: &'a [u8], first: i64) -> Option<Self> {
        let mut input = Input(bytes);
        Some(Self {
            left: input.u32()?,
            input,
            first: floor(first),
            text: String::new(),
        })
    }

    /// Without runs, nothing is known, and all words are in the filter.
    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The next run with its text.
    pub(crate) fn next(&mut self) -> Option<(Run, &str)> {
        if self.left == 0 {
            return None;
        }
        let rows = self.input.u32()?;
        let (begin, length) = (self.input.varint()?, self.input.varint()?);
        let start = later(self.first, begin);
        let shared = usize::try_from(self.input.varint()?).ok()?;
        let rest = usize::try_from(self.input.varint()?).ok()?;
        let rest = std::str::from_utf8(self.input.take(rest)?).ok()?;
        if !self.text.is_char_boundary(shared) {
            return None;
        }
        self.text.truncate(shared);
        self.text.push_str(rest);
        self.left -= 1;
        let times = (start, later(start, length));
        Some((Run { rows, times }, &self.text))
    }
}

/// The whole second at or before a time; far before our era the time itself.
fn floor(time: i64) -> i64 {
    time.div_euclid(SECOND).checked_mul(SECOND).unwrap_or(time)
}

/// So many seconds later.
fn later(time: i64, seconds: u64) -> i64 {
    i64::try_from(i128::from(time) + i128::from(seconds) * i128::from(SECOND)).unwrap_or(i64::MAX)
}

/// The end of the second that a time lies in.
fn ceil(time: i64) -> i64 {
    floor(time).saturating_add(SECOND)
}

/// Neighbouring rows of one template.
struct Same {
    text: Box<str>,
    words: Box<[TemplateWord]>,
    rows: u32,
    times: (i64, i64),
}

/// Makes the runs of blocks from their rows in their order.
#[derive(Default)]
pub(crate) struct RunBuilder {
    rows: Vec<Same>,
    plain: Plain,
}

impl RunBuilder {
    pub(crate) fn push(&mut self, template: Template<'_>, time: i64) {
        if let Some(last) = self.rows.last_mut().filter(|last| *last.text == *template.text) {
            last.rows += 1;
            last.times = (last.times.0.min(time), last.times.1.max(time));
            return;
        }
        self.rows.push(Same {
            text: template.text.into(),
            words: template.words.into(),
            rows: 1,
            times: (time, time),
        });
    }

    /// Ends a block whose times begin at `first`. The key of every word is told, and whether the word is in no run's text.
    pub(crate) fn close_block(&mut self, first: i64, mut told: impl FnMut(u32, bool)) {
        let first = floor(first);
        let out = &mut self.plain.bytes;
        let count_at = out.len();
        out.extend_from_slice(&0_u32.to_le_bytes());
        let (mut count, mut before) = (0_u32, "");
        let mut rest = self.rows.as_slice();
        while let Some(next) = rest.first() {
            let (members, shared) = group(rest);
            let (members, later) = rest.split_at(members);
            rest = later;
            let (mut rows, mut times) = (0, next.times);
            for member in members {
                rows += member.rows;
                times = (times.0.min(member.times.0), times.1.max(member.times.1));
                for word in &member.words {
                    told(word.key, word.end as usize > shared);
                }
            }
            let text = &next.text[..shared];
            write(out, (rows, times, text), (first, before));
            (count, before) = (count + 1, text);
        }
        out[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
        self.plain.ends.push(out.len() as u32);
        self.rows.clear();
    }

    pub(crate) fn finish(self) -> RunTable {
        self.plain.into()
    }
}

/// Writes a run behind one with another text.
fn write(out: &mut Vec<u8>, (rows, times, text): (u32, (i64, i64), &str), (first, before): (i64, &str)) {
    let begin = first.abs_diff(floor(times.0)) / SECOND as u64;
    let end = first.abs_diff(ceil(times.1)).div_ceil(SECOND as u64);
    let shared = common_words(before, text);
    out.extend_from_slice(&rows.to_le_bytes());
    varint(begin, out);
    varint(end - begin, out);
    varint(shared as u64, out);
    varint((text.len() - shared) as u64, out);
    out.extend_from_slice(&text.as_bytes()[shared..]);
}

/// How many of these form the first run, and how much of the first text all of them begin with.
fn group(rows: &[Same]) -> (usize, usize) {
    let Some(first) = rows.first() else { return (0, 0) };
    let (mut count, mut shared, mut total) = (1, first.text.len(), first.rows);
    if total >= ENOUGH_ROWS {
        return (count, shared);
    }
    for next in rows[1..].iter().take_while(|next| next.rows < ENOUGH_ROWS) {
        let common = common_words(&first.text[..shared], &next.text);
        // A group that is large enough does not give up most of its text for one more.
        if total >= ENOUGH_ROWS && common * 2 < shared {
            break;
        }
        (count, shared, total) = (count + 1, common, total + next.rows);
    }
    (count, shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::filter::Filter;
    use crate::embedded::template::{Templates, has_word};

    type Told = (u32, (i64, i64), String);

    fn build(messages: &[&str]) -> (RunTable, Vec<Block>, Vec<u32>) {
        let mut templates = Templates::default();
        let numbers: Vec<u32> = messages
            .iter()
            .map(|message| templates.take(message, &mut Vec::new()))
            .collect();
        let mut builder = RunBuilder::default();
        for (number, time) in numbers.iter().zip(0..) {
            builder.push(templates.get(*number), time * SECOND / 2);
        }
        let mut cut = Vec::new();
        builder.close_block(0, |key, is_cut| cut.extend(is_cut.then_some(key)));
        let block = Block {
            first_row: 0,
            rows: messages.len() as u32,
            raw: 0,
            times: (0, messages.len() as i64 * SECOND / 2),
            positions: (0, 0),
            filter: Filter::default(),
        };
        (builder.finish(), vec![block], cut)
    }

    fn told(table: &RunTable, blocks: &[Block]) -> Option<Vec<Told>> {
        let mut runs = table.of(blocks, 0)?;
        let mut all = Vec::new();
        while let Some((run, text)) = runs.next() {
            all.push((run.rows, run.times, text.to_owned()));
        }
        Some(all)
    }

    #[test]
    fn many_rows_of_a_template_are_a_run_and_few_share_one() {
        let mut messages = vec!["invalid user ann"; 3];
        messages.extend(["invalid user bob"; 2]);
        messages.extend(["invalid user eve"; 4]);
        messages.extend(["session closed for root"; 9]);
        let (table, blocks, cut) = build(&messages);
        let told = told(&table, &blocks).expect("runs");
        let short: Vec<(u32, &str)> = told.iter().map(|(rows, _, text)| (*rows, text.as_str())).collect();
        assert_eq!(short, [(9, "invalid user"), (9, "session closed for root")]);
        assert_eq!(cut.len(), 3);
        assert!(told.iter().all(|(_, _, text)| !has_word(text, "bob")));
        assert_eq!(told[0].1, (0, 5 * SECOND), "to the second");
    }

    #[test]
    fn runs_read_back_as_they_were_written() {
        let mut messages = vec!["connection from 10.0.0.1 closed"; 20];
        messages.extend(["connection from 10.0.0.1 reset by peer"; 12]);
        messages.extend(["соединение закрыто", "一二三"]);
        let (table, blocks, _) = build(&messages);
        let before = told(&table, &blocks);
        assert!(before.as_ref().is_some_and(|runs| runs.len() > 2));
        let bytes = table.encode();
        assert_eq!(told(&RunTable::read(bytes.clone()), &blocks), before);
        for cut in 1..bytes.len() {
            let short = RunTable::read(bytes.slice(..cut));
            assert_eq!(told(&short, &blocks), None, "cut at {cut}");
        }
        let other = vec![Block {
            rows: 1,
            ..blocks[0].clone()
        }];
        assert_eq!(told(&RunTable::read(bytes), &other), None, "another number of rows");
    }

    #[test]
    fn two_files_runs_lie_behind_each_other() {
        let (mut one, mut blocks, _) = build(&["session opened for root"; 9]);
        let (two, more, _) = build(&["session closed for root"; 9]);
        assert!(one.append(&blocks, &RunTable::read(two.encode()), &more));
        blocks.extend(more);
        let mut last = one.of(&blocks, 1).expect("runs of the second");
        assert_eq!(
            last.next().map(|(run, text)| (run.rows, text)),
            Some((9, "session closed for root"))
        );
    }
}
