//! What was counted, as it is stored.
//!
//! Version 2: per correlation its groups as one text of bytes, the least recently touched first. Version 1 had every group
//! with its values as JSON; it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use super::group::{Burst, Entry, Group};
use super::{Book, Correlator};
use crate::beyond::Memory;
use crate::digest::digest;
use crate::lru::Lru;

const VERSION: u32 = 2;

/// As it is written.
#[derive(Serialize)]
struct SnapshotRef<'a> {
    v: u32,
    forgotten: u64,
    looked: Timestamp,
    books: BTreeMap<&'a str, &'a Lru<Group>>,
    #[serde(skip_serializing_if = "Memory::is_empty")]
    beyond: &'a Memory,
}

/// As it is read.
#[derive(Default, Deserialize)]
pub(super) struct Snapshot {
    forgotten: u64,
    looked: Timestamp,
    #[serde(default)]
    books: BTreeMap<String, Lru<Group>>,
    #[serde(default)]
    beyond: Memory,
    /// Of version 1.
    #[serde(default)]
    groups: Vec<((String, Vec<String>), GroupV1)>,
}

#[derive(Deserialize)]
struct GroupV1 {
    entries: Vec<EntryV1>,
    bursts: Vec<Burst>,
    touched: Timestamp,
}

#[derive(Deserialize)]
struct EntryV1 {
    t: Timestamp,
    p: usize,
    #[serde(default)]
    v: Option<String>,
}

impl Serialize for Correlator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SnapshotRef {
            v: VERSION,
            forgotten: self.forgotten,
            looked: self.looked,
            books: self
                .books
                .iter()
                .map(|(key, book)| (key.as_str(), &book.groups))
                .collect(),
            beyond: &self.beyond,
        }
        .serialize(serializer)
    }
}

impl From<Snapshot> for Correlator {
    fn from(snapshot: Snapshot) -> Self {
        let mut books = snapshot.books;
        let mut old = snapshot.groups;
        old.sort_by(|(a, one), (b, other)| (one.touched, a).cmp(&(other.touched, b)));
        for ((correlation, values), group) in old {
            let entry = |entry: &EntryV1| Entry::new(entry.t, group.touched, entry.p, entry.v.as_deref());
            let entries = group.entries.iter().map(entry).collect();
            let key = digest(values.iter().map(String::as_str));
            *books.entry(correlation).or_default().touch(key) = Group::new(entries, group.bursts, group.touched);
        }
        Self {
            books: books
                .into_iter()
                .map(|(key, groups)| (key, Book::new(groups)))
                .collect(),
            beyond: snapshot.beyond,
            forgotten: snapshot.forgotten,
            looked: snapshot.looked,
            ..Self::default()
        }
    }
}
