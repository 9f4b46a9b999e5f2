//! What is on the host: programs, services, scheduled tasks, what starts by itself, accounts, groups and open ports.
//!
//! The host is looked at at every start and every `interval`. The first time everything is told (`snapshot`), from then on
//! only what changed: each change once, over restarts too. What cannot be read is told as a notice, and stays as it was
//! known: nothing is removed because it could not be looked at.
//!
//! How changes are told once is in `source/snapshot`. Start reading at `compare.rs`.

mod compare;
mod events;
#[cfg_attr(not(windows), allow(dead_code, reason = "Windows' own"))]
mod facts;
mod os;
mod row;
mod settings;
#[cfg_attr(not(windows), allow(dead_code, reason = "Windows' own"))]
mod task;

use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Event, StreamKey, Timestamp};

use super::snapshot::{Failure, Looking, SnapshotSource, Subject};
use super::{Identity, InventoryNotice, Notice, SendPolicy, SourceError, Waker};
use compare::{Change, Inventory, Known};

pub use super::snapshot::Keep;
pub use os::this_host;
pub use row::{Kind, LIST_LIMIT, Look, ROWS_LIMIT, Row, Rows, TEXT_LIMIT};
pub use settings::{InventorySection, InventorySettings};

/// Where a source has its inventory from, and where it keeps it.
pub struct Surroundings {
    /// Looks at the host.
    pub look: Arc<dyn Look>,
    /// Keeps inventories.
    pub keep: Keep,
    /// Called when there is something to poll for.
    pub waker: Waker,
}

/// The source of stream `inventory`.
pub type InventorySource = SnapshotSource<Host>;

/// The host that is looked at.
pub struct Host(Arc<dyn Look>);

impl InventorySource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn new(
        settings: &InventorySettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        around: Surroundings,
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let host = Arc::new(Host(around.look));
        let kept = (around.keep, around.waker);
        Self::of(host, settings.interval, (identity, policy), known, kept, draw)
    }
}

impl Subject for Host {
    const STREAM: &'static str = "inventory";
    type State = Inventory;
    type Change = Change;

    fn look(&self, before: &Inventory, looking: &mut Looking<'_>) -> Option<Inventory> {
        let mut after = Inventory {
            taken: looking.now,
            kinds: before.kinds.clone(),
        };
        for kind in Kind::ALL {
            let mut rows = Rows::default();
            if let Err(reason) = self.0.look(kind, &mut rows) {
                // What was known of it stays: that it cannot be read does not mean that it is gone.
                looking.notices.push(unread(kind, reason));
                continue;
            }
            if rows.is_over {
                looking.notices.push(Notice::Inventory(InventoryNotice::TooLong {
                    kind: kind.as_str(),
                    limit: ROWS_LIMIT,
                }));
            }
            let reasons = rows.reasons.drain(..);
            looking.notices.extend(reasons.map(|reason| unread(kind, reason)));
            after.kinds.insert(kind, Known::after(before.kinds.get(&kind), rows));
        }
        looking.again_soon = !looking.notices.is_empty();
        Some(after)
    }

    fn changes(before: &Inventory, after: &Inventory) -> Vec<Change> {
        compare::changes(before, after)
    }

    fn is_same(before: &Inventory, after: &Inventory) -> bool {
        before.kinds.keys().eq(after.kinds.keys()) && before.same_places(after)
    }

    fn taken(inventory: &Inventory) -> Timestamp {
        inventory.taken
    }

    fn event(change: &Change, taken: Timestamp) -> Event {
        events::event(change, taken)
    }

    fn notices_of(failure: Failure) -> Vec<Notice> {
        let one = |notice| vec![Notice::Inventory(notice)];
        match failure {
            Failure::Damaged { path, reason } => one(InventoryNotice::Damaged { path, reason }),
            Failure::NotKept { path, reason } => one(InventoryNotice::NotKept { path, reason }),
            Failure::Ended { reason } => one(InventoryNotice::Unread {
                kind: "anything",
                reason,
            }),
        }
    }
}

fn unread(kind: Kind, reason: String) -> Notice {
    Notice::Inventory(InventoryNotice::Unread {
        kind: kind.as_str(),
        reason,
    })
}
