//! Going on under a new epoch: the server holds other data for a stream than the spool does.

use serde_json::Value;
use watchpost_event::{Skip, StreamKey, Timestamp};

use super::spool::Room;
use super::{Delivery, DeliveryError, Entry, Order, make};
use crate::source::Produced;

impl Delivery {
    /// The server has this range with other content, or more than we ever sent: what waits goes on under a new epoch.
    ///
    /// The new epoch follows from the old one and the place, not from chance: a crash in the middle makes the same
    /// batches again, which the cursor rule then recognises.
    pub(super) fn begin_epoch(&mut self, key: &StreamKey, now: Timestamp) -> Result<(), DeliveryError> {
        self.spool.sync()?;
        let mark = self.spool.mark(key).cloned().unwrap_or_default();
        let waiting = self.outbox.of_stream(key);
        let start = waiting.first().map_or(mark.spooled, |entry| entry.from);
        let new = StreamKey {
            epoch: key.epoch.after(start),
            ..key.clone()
        };
        tracing::warn!(stream = %key.stream, old = %key.epoch, new = %new.epoch,
            "the server holds other data for this stream; going on under a new epoch");
        if start > 0 {
            let skip = Skip {
                from: 0,
                to: start,
                reason: Skip::BEFORE_START.to_owned(),
                records: 0,
            };
            self.declare(&make::skip_batch(&new, skip, mark.checkpoint.clone())?, now)?;
        }
        let moved = self.move_to_epoch(&waiting, &new, &mark.checkpoint, now)?;
        let left: &[Entry] = waiting.get(moved..).unwrap_or_default();
        if mark.live {
            self.declare_unmoved(&new, left, &mark.checkpoint, now)?;
        }
        self.spool.supersede(key, &new, mark.checkpoint, now)?;
        self.spool.sync()?;
        for entry in &waiting {
            self.outbox.let_go(entry);
        }
        self.orders.push(Order::ChangeEpoch {
            key: key.clone(),
            epoch: new.epoch,
        });
        if let Some(first) = left.first().filter(|_| !mark.live) {
            self.outbox.wait_for_source(&new, first.from);
            self.orders.push(Order::Rewind {
                key: new,
                to: first.from,
            });
        }
        Ok(())
    }

    /// A batch under the epoch its stream goes on in, where its source has not heard yet that the old one is over.
    pub(super) fn moved(&self, produced: &Produced) -> Result<Option<Produced>, DeliveryError> {
        let mut new = produced.key.clone();
        for order in &self.orders {
            if let Order::ChangeEpoch { key, epoch } = order
                && *key == new
            {
                new.epoch = *epoch;
            }
        }
        if new == produced.key {
            return Ok(None);
        }
        Ok(Some(make::under_epoch(
            &produced.batch,
            &new,
            produced.checkpoint.clone(),
        )?))
    }

    /// Writes what waits under its new epoch, as far as there is room; how many batches were.
    fn move_to_epoch(
        &mut self,
        waiting: &[Entry],
        new: &StreamKey,
        checkpoint: &Value,
        now: Timestamp,
    ) -> Result<usize, DeliveryError> {
        for (moved, entry) in waiting.iter().enumerate() {
            let batch = self.spool.batch(entry)?;
            let produced = make::under_epoch(&batch, new, checkpoint.clone())?;
            match self.spool.append(&produced, &produced.header()?, Room::Own, now) {
                Ok(entry) => self.outbox.push(entry),
                Err(DeliveryError::Full { .. }) => return Ok(moved),
                Err(error) => return Err(error),
            }
        }
        Ok(waiting.len())
    }

    /// Batches that found no room under their new epoch and cannot be read again.
    fn declare_unmoved(
        &mut self,
        new: &StreamKey,
        left: &[Entry],
        checkpoint: &Value,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let (Some(first), Some(last)) = (left.first(), left.last()) else {
            return Ok(());
        };
        let skip = Skip {
            from: first.from,
            to: last.to,
            reason: Skip::SPOOL_FULL.to_owned(),
            records: left.iter().map(|entry| entry.records).sum(),
        };
        if skip.from < skip.to {
            self.declare(&make::skip_batch(new, skip, checkpoint.clone())?, now)?;
        }
        Ok(())
    }
}
