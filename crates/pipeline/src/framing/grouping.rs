use std::borrow::Cow;

use super::accumulator::Accumulator;
use super::lines::Lines;
use super::{Body, Framing, GROUP_LINES_LIMIT, Record};

/// The lines gathered for the record under way.
#[derive(Debug)]
pub(super) struct Group {
    bytes: Accumulator,
    max: usize,
    lines: usize,
    start: u64,
    end: u64,
    /// It was handed out; the next call begins with an empty one.
    spent: bool,
}

impl Group {
    pub(super) fn new(framing: &Framing) -> Self {
        Self {
            bytes: Accumulator::new(framing.max_record),
            max: framing.max_record,
            lines: 0,
            start: 0,
            end: 0,
            spent: false,
        }
    }

    /// Where it begins, unless it is empty.
    pub(super) fn start(&self) -> Option<u64> {
        (self.lines > 0 && !self.spent).then_some(self.start)
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.held_bytes()
    }

    fn forget_spent(&mut self) {
        if self.spent {
            self.bytes.clear();
            self.lines = 0;
            self.spent = false;
        }
    }

    /// Gathers lines until the record is complete; false when there are no more lines before that.
    pub(super) fn fill(&mut self, framing: &Framing, lines: &mut Lines, chunk: &mut &[u8]) -> bool {
        self.forget_spent();
        while let Some(line) = lines.find(framing, chunk) {
            let body = lines.body(framing, line, chunk);
            let begins = framing
                .break_before
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(&text(framing, &body)));
            if self.lines > 0 && (begins || self.lines >= GROUP_LINES_LIMIT) {
                return true;
            }
            let ends = framing
                .break_after
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(&text(framing, &body)));
            if self.lines > 0 {
                self.bytes.append(&framing.separator);
            }
            self.bytes.append_body(&body);
            let (start, end) = lines.pass(line, chunk);
            if self.lines == 0 {
                self.start = start;
            }
            self.lines += 1;
            self.end = end;
            if ends {
                return true;
            }
        }
        false
    }

    /// Whether what is gathered so far can be handed out.
    pub(super) fn close(&mut self) -> bool {
        self.forget_spent();
        self.lines > 0
    }

    pub(super) fn take(&mut self) -> Record<'_> {
        self.spent = true;
        Record {
            body: self.bytes.body(self.max, 0),
            start: self.start,
            end: self.end,
        }
    }
}

/// A line as patterns see it.
fn text<'a>(framing: &Framing, body: &Body<'a>) -> Cow<'a, [u8]> {
    framing.encoding.for_patterns(match *body {
        Body::Whole(bytes) => bytes,
        Body::Cut { first, .. } => first,
    })
}
