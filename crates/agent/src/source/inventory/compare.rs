//! One inventory against the one before.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use super::row::{ById, Kind, Row, Rows};

/// What is known of a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// When it was taken.
    pub(super) taken: Timestamp,
    /// Kinds that were never read are not there.
    pub(super) kinds: BTreeMap<Kind, Known>,
}

/// What is known of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) rows: ById,
    /// Beginnings of ids that cannot be read at all times, and whether they ever were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) places: BTreeMap<String, bool>,
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// It is there; since when is not known.
    Snapshot,
    Added,
    Removed,
    /// It was like this before.
    Changed(Arc<Row>),
}

/// A row that is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) what: What,
    /// As it is, or as it was when it was removed.
    pub(super) row: Arc<Row>,
}

impl Inventory {
    /// Whether the same can be read of both.
    pub(super) fn same_places(&self, other: &Self) -> bool {
        let places = |inventory: &Self, kind: &Kind| inventory.kinds.get(kind).map(|known| known.places.clone());
        Kind::ALL.iter().all(|kind| places(self, kind) == places(other, kind))
    }
}

impl Known {
    /// What was read now; what could not be read is as it was.
    pub(super) fn after(before: Option<&Self>, read: Rows) -> Self {
        let mut known = Self {
            rows: read.by_id,
            places: read.places,
        };
        let Some(before) = before else { return known };
        let unread: Vec<&String> = known
            .places
            .iter()
            .filter(|(_, read)| !**read)
            .map(|(at, _)| at)
            .collect();
        for (id, row) in &before.rows {
            if unread.iter().any(|place| id.starts_with(place.as_str())) {
                known.rows.entry(id.clone()).or_insert_with(|| row.clone());
            }
        }
        for (place, ever) in &mut known.places {
            *ever |= before.places.get(place).copied().unwrap_or_default();
        }
        known
    }

    /// Whether a row that was not there may have been there all the time.
    fn may_hide(&self, id: &str) -> bool {
        let mut unread = self.places.iter().filter(|(_, read)| !**read);
        unread.any(|(place, _)| id.starts_with(place.as_str()))
    }
}

/// What leads from one inventory to the other, by kind and id.
pub(super) fn changes(before: &Inventory, after: &Inventory) -> Vec<Change> {
    let mut found = Vec::new();
    for (kind, after) in &after.kinds {
        match before.kinds.get(kind) {
            Some(before) => compare(*kind, before, after, &mut found),
            None => found.extend(after.rows.iter().map(|(id, row)| Change {
                kind: *kind,
                id: id.clone(),
                what: What::Snapshot,
                row: row.clone(),
            })),
        }
    }
    found
}

fn compare(kind: Kind, before: &Known, after: &Known, found: &mut Vec<Change>) {
    let mut ids: Vec<&String> = before.rows.keys().chain(after.rows.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (what, row) = match (before.rows.get(id), after.rows.get(id)) {
            (Some(was), Some(is)) if was.fields == is.fields => continue,
            (Some(was), Some(is)) => (What::Changed(was.clone()), is),
            (Some(was), None) => (What::Removed, was),
            (None, Some(is)) if before.may_hide(id) => (What::Snapshot, is),
            (None, Some(is)) => (What::Added, is),
            (None, None) => continue,
        };
        found.push(Change {
            kind,
            id: id.clone(),
            what,
            row: row.clone(),
        });
    }
}
