//! What the delivery side asks of the source.

use watchpost_event::{Batch, Epoch, StreamKey, Timestamp};

use super::checkpoint::{FileCheckpoint, Likeness};
use super::content::Content;
use super::globs::{Found, neighbours};
use super::tracked::{Begin, End, Tracked};
use super::{FileSource, Produced, SourceError, os};
use crate::source::Rewound;
use crate::source::common::{Closing, OpenBatch, origin};

impl FileSource {
    /// The server lost what lies behind `to`: reads it again if the content is still there.
    pub fn rewind(&mut self, key: &StreamKey, to: u64, now: Timestamp) -> Rewound {
        if self.blocked.as_ref().is_some_and(|blocked| blocked.key == *key) {
            self.blocked = None;
        }
        self.reopen_done(key, now);
        let Some(tracked) = self
            .tracked
            .iter_mut()
            .find(|tracked| tracked.key() == *key && !tracked.ended)
        else {
            return Rewound::Gone { resumes_at: None };
        };
        if to > tracked.sent.position {
            return Rewound::Again;
        }
        tracked.open_again();
        let intact = tracked.is_intact().unwrap_or(false);
        if intact && tracked.go_back(to).is_ok() {
            return Rewound::Again;
        }
        Rewound::Gone {
            resumes_at: Some(tracked.sent.position),
        }
    }

    /// Goes on under another epoch; positions go on as they were.
    pub fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        for done in self.done.iter_mut().filter(|done| done.key == *key) {
            done.key.epoch = epoch;
        }
        for suspect in self.suspects.iter_mut().filter(|suspect| suspect.of == *key) {
            suspect.of.epoch = epoch;
        }
        self.unresolved_epoch(key, epoch);
        let blocked = self.blocked.take_if(|blocked| blocked.key == *key);
        let Some(tracked) = self.tracked.iter_mut().find(|tracked| tracked.key() == *key) else {
            return;
        };
        // What was cut but not taken is read and cut again under the new epoch.
        let from = blocked.and_then(|blocked| Batch::read(&blocked.batch).ok().map(|(batch, _)| batch.header.from));
        let from = from.unwrap_or(tracked.sent.position);
        tracked.change_epoch(&self.shared, epoch);
        tracked.open_again();
        if tracked.go_back(from).is_err() {
            tracked.abandon_batch();
        }
    }

    /// A content that ended is followed again, so that it can be read again.
    fn reopen_done(&mut self, key: &StreamKey, now: Timestamp) {
        let Some(at) = self.done.iter().position(|done| done.key == *key) else {
            return;
        };
        let checkpoint = self.done[at].checkpoint.clone();
        let Some((found, content)) = self.content_of(&checkpoint) else {
            return;
        };
        let begin = Begin {
            id: found.id,
            at: checkpoint.mark.position,
            resumed: true,
        };
        let path = std::path::PathBuf::from(&checkpoint.path);
        if let Ok(mut tracked) = Tracked::new(&self.shared, key, &path, content, begin, now) {
            tracked.current = found.path;
            tracked.start = checkpoint.start;
            tracked.remember(&checkpoint.marks);
            tracked.expect(checkpoint.mark);
            self.tracked.push(tracked);
            self.done.retain(|done| done.key != *key);
        }
    }

    fn content_of(&mut self, checkpoint: &FileCheckpoint) -> Option<(Found, Content)> {
        let folder = std::path::Path::new(checkpoint.current()).parent()?;
        let listed = self.shared.settings.globs.walk().files;
        let all = listed.into_iter().chain(neighbours(folder, |_| true));
        let found = all.into_iter().find(|found| found.id == checkpoint.id)?;
        if let Some(print) = checkpoint.packed {
            let content = self.open_packed(&found, print)?;
            return Some((found, content));
        }
        let file = os::open(&found.path).ok()?;
        (checkpoint.compare(&file).ok()? == Likeness::Same).then_some((found, Content::Plain(file)))
    }

    /// A batch without events that ends a stream at its checkpoint.
    pub(super) fn end_batch(
        &self,
        key: StreamKey,
        checkpoint: &FileCheckpoint,
        end: End,
    ) -> Result<Produced, SourceError> {
        let fields = self.shared.fields_for(std::path::Path::new(&checkpoint.path));
        let to = checkpoint.mark.position;
        let closing = Closing {
            to,
            head: Some(checkpoint.head),
            tail: Some(checkpoint.mark.tail),
            end: true,
        };
        Ok(Produced {
            batch: OpenBatch::default().close(&origin(&key, &fields), to, &closing)?,
            key,
            checkpoint: serde_json::to_value(checkpoint).unwrap_or_default(),
            to,
            finished: end == End::Forget,
        })
    }
}
