//! Runs: what the rows of a block have in common.
//!
//! A **run** is neighbouring rows of one block, with a text that holds words of all of them. A word of a row is in its
//! run's text or in its block's filter, and what is in the text is in every row of the run. So a word in a run's text
//! settles the run, and a word in neither text nor filter rules it out, both without reading a message.
//!
//! A template with enough rows is a run of its own. Templates with few rows share one with their neighbours, which begin
//! alike: its text is the words they begin with, and their other words go to the filter.

use crate::embedded::index::Input;
use crate::embedded::template::{Template, TemplateWord, common_words};

/// So many rows are worth a run.
const ENOUGH_ROWS: u32 = 8;
const SECOND: i64 = 1_000_000_000;

/// One run. Its rows begin where those of the run before it end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) rows: u32,
    /// Earliest and latest event time, to the second: a run's times lie within these.
    pub(crate) times: (i64, i64),
    /// Where its text ends.
    end: u32,
}

/// The runs of a block. None: nothing is known, all words are in the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    all: Box<[Run]>,
    texts: Box<str>,
}

impl Runs {
    /// Every run with its text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Run, &str)> {
        let mut begin = 0;
        self.all.iter().map(move |run| {
            let text = self.texts.get(begin..run.end as usize).unwrap_or_default();
            begin = run.end as usize;
            (run, text)
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bytes in memory.
    pub(crate) fn size(&self) -> usize {
        self.all.len() * size_of::<Run>() + self.texts.len()
    }

    /// Per run: rows, times in seconds from `first` on, and the text, of which what the text before it begins with is
    /// left out.
    pub(crate) fn encode(&self, first: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.all.len() as u32).to_le_bytes());
        let mut before = "";
        for (run, text) in self.iter() {
            let shared = common_words(before, text);
            let behind = |time: i64| floor(first).abs_diff(time);
            let begin = behind(run.times.0) / SECOND as u64;
            let end = behind(run.times.1).div_ceil(SECOND as u64);
            out.extend_from_slice(&run.rows.to_le_bytes());
            varint(begin, out);
            varint(end - begin, out);
            varint(shared as u64, out);
            varint((text.len() - shared) as u64, out);
            out.extend_from_slice(&text.as_bytes()[shared..]);
            before = text;
        }
    }

    pub(crate) fn decode(first: i64, input: &mut Input<'_>) -> Option<Self> {
        let count = input.u32()?;
        let mut all = Vec::new();
        let mut texts = String::new();
        let mut before = 0..0;
        for _ in 0..count {
            let rows = input.u32()?;
            let (begin, length) = (input.varint()?, input.varint()?);
            let start = later(floor(first), begin);
            let end = later(start, length);
            let shared = usize::try_from(input.varint()?).ok()?;
            let rest = usize::try_from(input.varint()?).ok()?;
            let kept = texts.get(before.clone())?.get(..shared)?.to_owned();
            let text_begin = texts.len();
            texts.push_str(&kept);
            texts.push_str(std::str::from_utf8(input.take(rest)?).ok()?);
            before = text_begin..texts.len();
            all.push(Run {
                rows,
                times: (start, end),
                end: u32::try_from(texts.len()).ok()?,
            });
        }
        Some(Self {
            all: all.into(),
            texts: texts.into(),
        })
    }

    /// Rows of all runs together.
    pub(crate) fn rows(&self) -> u64 {
        self.all.iter().map(|run| u64::from(run.rows)).sum()
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

/// LEB128.
fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Neighbouring rows of one template.
struct Same {
    text: Box<str>,
    words: Box<[TemplateWord]>,
    rows: u32,
    times: (i64, i64),
}

/// Makes the runs of a block from its rows in their order.
#[derive(Default)]
pub(crate) struct RunBuilder {
    rows: Vec<Same>,
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

    /// The runs. Keys of words that are in no run's text are handed to `cut`.
    pub(crate) fn finish(&mut self, mut cut: impl FnMut(u32)) -> Runs {
        let same = std::mem::take(&mut self.rows);
        let (mut all, mut texts) = (Vec::new(), String::new());
        let mut rest = same.as_slice();
        while let Some(first) = rest.first() {
            let (count, shared) = group(rest);
            let (members, later) = rest.split_at(count);
            rest = later;
            let mut run = Run {
                rows: 0,
                times: first.times,
                end: 0,
            };
            for member in members {
                run.rows += member.rows;
                run.times = (run.times.0.min(member.times.0), run.times.1.max(member.times.1));
                for word in member.words.iter().filter(|word| word.end as usize > shared) {
                    cut(word.key);
                }
            }
            texts.push_str(&first.text[..shared]);
            run.times = (floor(run.times.0), ceil(run.times.1));
            run.end = texts.len() as u32;
            all.push(run);
        }
        Runs {
            all: all.into(),
            texts: texts.into(),
        }
    }
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
    use crate::embedded::template::{Templates, has_word};

    fn build(messages: &[&str]) -> (Runs, Vec<u32>) {
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
        let runs = builder.finish(|key| cut.push(key));
        (runs, cut)
    }

    #[test]
    fn many_rows_of_a_template_are_a_run_and_few_share_one() {
        let mut messages = vec!["invalid user ann"; 3];
        messages.extend(["invalid user bob"; 2]);
        messages.extend(["invalid user eve"; 4]);
        messages.extend(["session closed for root"; 9]);
        let (runs, cut) = build(&messages);
        let told: Vec<(u32, &str)> = runs.iter().map(|(run, text)| (run.rows, text)).collect();
        assert_eq!(told, [(9, "invalid user"), (9, "session closed for root")]);
        assert_eq!(cut.len(), 3);
        assert_eq!(runs.rows(), messages.len() as u64);
        assert!(runs.iter().all(|(_, text)| !has_word(text, "bob")));
    }

    #[test]
    fn runs_read_back_as_they_were_written() {
        let mut messages = vec!["connection from 10.0.0.1 closed"; 20];
        messages.extend(["connection from 10.0.0.1 reset by peer"; 12]);
        messages.extend(["соединение закрыто", "一二三"]);
        let (runs, _) = build(&messages);
        let mut bytes = Vec::new();
        runs.encode(0, &mut bytes);
        let mut input = Input(&bytes);
        assert_eq!(Runs::decode(0, &mut input), Some(runs));
        assert!(input.0.is_empty());
        for cut in 0..bytes.len() {
            assert_eq!(Runs::decode(0, &mut Input(&bytes[..cut])), None, "cut at {cut}");
        }
    }
}
