//! The head: batches that are in the ledger but in no file yet, searchable as they are.

use std::sync::Arc;

use watchpost_event::{Decoded, Event, Timestamp, View};

use crate::embedded::keys::{field_keys, origin_keys};
use crate::embedded::order::SourceRow;
use crate::embedded::template::Templates;

/// One batch with the filter keys of its rows: a search looks at them before it looks at texts, and a flush writes
/// them into the files' filters, so that a message is taken apart once.
pub(crate) struct HeadBatch {
    batch: Arc<Decoded>,
    /// Events before this one were known already.
    start: usize,
    /// Keys of cut words and of fields.
    keys: Vec<u32>,
    /// Where each kept event's keys end.
    ends: Vec<u32>,
    templates: Templates,
    /// The template of each kept event.
    template_of: Vec<u32>,
    origin_keys: Vec<u32>,
    /// Earliest and latest time of the kept events.
    pub(crate) times: (Timestamp, Timestamp),
    pub(crate) weight: u64,
}

impl HeadBatch {
    /// Of the events behind position `skip_to`.
    pub(crate) fn new(batch: Arc<Decoded>, skip_to: u64) -> Self {
        let start = batch.events.partition_point(|event| event.position <= skip_to);
        let kept = &batch.events[start..];
        let mut keys = Vec::with_capacity(kept.len() * 16);
        let mut ends = Vec::with_capacity(kept.len());
        let mut template_of = Vec::with_capacity(kept.len());
        let mut templates = Templates::default();
        let mut times = (Timestamp(i64::MAX), Timestamp(i64::MIN));
        for event in kept {
            template_of.push(templates.take(&event.message, &mut keys));
            field_keys(event, &mut keys);
            ends.push(keys.len() as u32);
            times = (times.0.min(event.time), times.1.max(event.time));
        }
        let origin_keys = origin_keys(&batch.origin);
        templates.close();
        let numbers = keys.len() + 2 * ends.len() + origin_keys.len();
        let weight = (batch.weight() + numbers * 4 + templates.weight()) as u64;
        Self {
            batch,
            start,
            keys,
            ends,
            templates,
            template_of,
            origin_keys,
            times,
            weight,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn received(&self) -> Timestamp {
        self.batch.envelope.received_at
    }

    pub(crate) fn batch(&self) -> &Decoded {
        &self.batch
    }

    pub(crate) fn event(&self, at: usize) -> &Event {
        &self.batch.events[self.start + at]
    }

    pub(crate) fn view(&self, at: usize) -> View<'_> {
        View {
            event: self.event(at),
            origin: &self.batch.origin,
        }
    }

    /// Whether a row holds a filter key.
    pub(crate) fn holds(&self, at: usize, key: u32) -> bool {
        let template = || self.templates.get(self.template_of[at]).words;
        self.keys_of(at).contains(&key)
            || template().iter().any(|word| word.key == key)
            || self.origin_keys.contains(&key)
    }

    fn keys_of(&self, at: usize) -> &[u32] {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.keys[begin as usize..self.ends[at] as usize]
    }

    /// Rows for a file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = SourceRow<'_>> {
        (0..self.len()).map(|at| SourceRow {
            event: self.event(at),
            origin: &self.batch.origin,
            received: self.received(),
            keys: self.keys_of(at),
            template: self.templates.get(self.template_of[at]),
            origin_keys: &self.origin_keys,
        })
    }
}
