//! One look against the one before.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::scope::Scope;
use super::state::{Baseline, Entry};

/// What happened to a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Created,
    /// Its content is another, or it is of another kind; it was like this before.
    Modified(Entry),
    /// Mode, owner or attributes; it was like this before.
    Attributes(Entry),
    /// It stood under this name before.
    Renamed(String, Entry),
    Deleted,
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Files are watched from now on.
    Baseline {
        /// How many.
        files: u64,
        /// Their size, of all together.
        bytes: u64,
        /// What is watched, as it was written.
        paths: Vec<String>,
    },
    /// Something happened to one of them.
    File(Box<FileChange>),
}

/// Something that happened to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileChange {
    pub(super) path: String,
    pub(super) what: What,
    /// As it is, or as it was when it was deleted.
    pub(super) entry: Entry,
    /// Names of users and groups by their numbers: those of now, else those of before.
    pub(super) users: BTreeMap<u32, String>,
    pub(super) groups: BTreeMap<u32, String>,
}

/// What leads from one look to the other: first what is watched from now on, then changes by path.
pub(super) fn changes(before: &Baseline, after: &Baseline) -> Vec<Change> {
    let scopes = scope_of(before).zip(scope_of(after));
    let Some((scope_before, scope_after)) = scopes else {
        return Vec::new();
    };
    let same_scope = before.paths == after.paths && before.exclude == after.exclude;
    let was_seen = |name: &str| {
        let path = Path::new(name);
        let was_covered = same_scope || scope_before.covers(path);
        before.taken.0 != 0 && was_covered && before.unread_at(path) != Some(false) && !before.is_cut(name)
    };
    let is_seen = |name: &str| (same_scope || scope_after.covers(Path::new(name))) && !after.is_cut(name);
    let (mut fresh, mut bytes) = (0, 0);
    let (mut created, mut found) = (Vec::new(), BTreeMap::new());
    for (name, is) in &after.files {
        match before.files.get(name) {
            Some(was) => {
                if let Some(what) = differs(was, is) {
                    found.insert(name, (what, is));
                }
            }
            None if was_seen(name) => created.push((name, is)),
            None => {
                fresh += 1;
                bytes += is.stamp.size;
            }
        }
    }
    let gone = before.files.iter();
    let gone = gone.filter(|(name, _)| !after.files.contains_key(*name) && is_seen(name));
    let mut gone: BTreeMap<&String, &Entry> = gone.collect();
    let numbers = gone.iter().map(|(name, was)| ((was.stamp.dev, was.stamp.ino), *name));
    let numbers: HashMap<(u64, u64), &String> = numbers.collect();
    for (name, is) in created {
        let from = numbers.get(&(is.stamp.dev, is.stamp.ino));
        let from = from.and_then(|from| take_renamed(&mut gone, from, is));
        let what = from.map_or(What::Created, |(from, was)| What::Renamed(from.clone(), was.clone()));
        found.insert(name, (what, is));
    }
    found.extend(gone.into_iter().map(|(name, was)| (name, (What::Deleted, was))));
    let is_begun = before.taken.0 == 0 || !same_scope || fresh > 0;
    let begun = is_begun.then(|| Change::Baseline {
        files: fresh,
        bytes,
        paths: after.paths.clone(),
    });
    let told = found
        .into_iter()
        .map(|(path, (what, entry))| tell(before, after, path, what, entry));
    begun.into_iter().chain(told).collect()
}

fn tell(before: &Baseline, after: &Baseline, path: &str, what: What, entry: &Entry) -> Change {
    let was = match &what {
        What::Modified(was) | What::Attributes(was) | What::Renamed(_, was) => Some(was),
        What::Created | What::Deleted => None,
    };
    let names = |id: fn(&Entry) -> Option<u32>, now: &BTreeMap<u32, String>, then: &BTreeMap<u32, String>| {
        let ids = [Some(entry), was].into_iter().flatten().filter_map(id);
        ids.filter_map(|id| Some((id, now.get(&id).or_else(|| then.get(&id))?.clone())))
            .collect()
    };
    Change::File(Box::new(FileChange {
        path: path.to_owned(),
        users: names(|entry| entry.uid, &after.users, &before.users),
        groups: names(|entry| entry.gid, &after.groups, &before.groups),
        what,
        entry: entry.clone(),
    }))
}

fn scope_of(baseline: &Baseline) -> Option<Scope> {
    // It was checked when the look was taken.
    Scope::new(&baseline.paths, &baseline.exclude, &[]).ok()
}

fn differs(was: &Entry, is: &Entry) -> Option<What> {
    if has_other_content(was, is) {
        return Some(What::Modified(was.clone()));
    }
    let attributes = |entry: &Entry| (entry.mode, entry.uid, entry.gid, entry.attributes);
    (attributes(was) != attributes(is)).then(|| What::Attributes(was.clone()))
}

fn has_other_content(was: &Entry, is: &Entry) -> bool {
    if was.target != is.target {
        return true;
    }
    if was.target.is_some() {
        return false;
    }
    match (&was.hash, &is.hash) {
        (Some(was), Some(is)) => was != is,
        _ => (was.stamp.size, was.stamp.mtime) != (is.stamp.size, is.stamp.mtime),
    }
}

/// The file that stood under this name before. Its number alone is not enough: it is given to another when a file is
/// deleted.
fn take_renamed<'a>(
    gone: &mut BTreeMap<&'a String, &'a Entry>,
    from: &'a String,
    is: &Entry,
) -> Option<(&'a String, &'a Entry)> {
    let was = *gone.get(from)?;
    let same_times = (was.stamp.size, was.stamp.mtime) == (is.stamp.size, is.stamp.mtime);
    if is.stamp.ino == 0 || !same_times || has_other_content(was, is) {
        return None;
    }
    gone.remove(from);
    Some((from, was))
}
