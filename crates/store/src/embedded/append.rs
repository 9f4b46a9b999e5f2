//! Taking batches in.

use std::sync::Arc;

use watchpost_event::{Decoded, Timestamp, Verdict};

use crate::embedded::head::HeadBatch;
use crate::embedded::{EmbeddedStore, lock};
use crate::{Appended, StoreError};

impl EmbeddedStore {
    pub(super) fn append_batch(&self, next: u64, batch: Arc<Decoded>) -> Result<Appended, StoreError> {
        let _appending = lock(&self.appending);
        let verdict = {
            let state = lock(&self.state);
            let limit = self.options.head_bytes.saturating_mul(2);
            if state.head_bytes >= limit {
                return Err(StoreError::HeadFull {
                    bytes: state.head_bytes,
                    limit,
                });
            }
            state.cursors.judge(&batch.header)
        };
        let skip_to = match verdict {
            Verdict::Accept { skip_to } => skip_to,
            // Intake has accepted it, so what lies between was in the ledger and was damaged there.
            Verdict::Gap { .. } => {
                lock(&self.state).cursors.cross_damage(&batch.header);
                None
            }
            Verdict::Duplicate | Verdict::Conflict | Verdict::Ended => {
                let mut state = lock(&self.state);
                state.applied = state.applied.max(next);
                return Ok(Appended {
                    kept: 0,
                    duplicate: verdict == Verdict::Duplicate,
                    verdict,
                });
            }
        };
        let header = batch.header.clone();
        let received = batch.envelope.received_at;
        let rejected = batch.rejected_lines;
        let batch = HeadBatch::new(batch, skip_to.unwrap_or(0));
        let kept = batch.len() as u64;
        let mut state = lock(&self.state);
        state.cursors.advance(&header, skip_to, kept, received);
        if rejected > 0 {
            state
                .cursors
                .count_rejected(&watchpost_event::StreamKey::of(&header), rejected);
        }
        state.applied = state.applied.max(next);
        if kept > 0 {
            state.head_bytes += batch.weight;
            state.head.push(Arc::new(batch));
        }
        Ok(Appended {
            kept,
            duplicate: false,
            verdict,
        })
    }

    pub(super) fn is_flush_due(&self, now: Timestamp) -> bool {
        let mut state = lock(&self.state);
        if state.applied == state.committed && state.head.is_empty() {
            state.head_since = None;
            return false;
        }
        let since = *state.head_since.get_or_insert(now);
        let age = i64::try_from(self.options.head_age.as_nanos()).unwrap_or(i64::MAX);
        state.head_bytes >= self.options.head_bytes || since.plus(age) <= now
    }
}
