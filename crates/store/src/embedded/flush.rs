//! From the head into files.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use watchpost_event::{Origin, Timestamp, names};

use crate::StoreError;
use crate::embedded::head::HeadBatch;
use crate::embedded::manifest::{Class, FileEntry};
use crate::embedded::order::{self, SourceRow};
use crate::embedded::writer::{Effort, FileWriter};
use crate::embedded::{EmbeddedStore, index, lock};

/// The `event.kind` of alerts.
const ALERT: &str = "alert";

impl EmbeddedStore {
    /// Writes the whole head. When it fails, nothing has changed for anyone, and it can be tried again.
    pub(super) fn flush_head(&self) -> Result<(), StoreError> {
        let _flushing = lock(&self.flushing);
        let (head, applied, cursors) = {
            let state = lock(&self.state);
            if state.head.is_empty() && state.applied == state.committed {
                return Ok(());
            }
            (state.head.clone(), state.applied, state.cursors.clone())
        };
        let files = self.write_head(&head)?;
        let added = files.clone();
        let committed = self.commit(
            |manifest| {
                manifest.files.extend(added);
                manifest.committed = applied;
                manifest.cursors = cursors;
            },
            |state| {
                state.head.drain(..head.len());
                state.head_bytes = state.head.iter().map(|batch| batch.weight).sum();
                state.head_since = None;
                state.committed = applied;
            },
        );
        if committed.is_err() {
            // The manifest that names them may be the one in force: they go when a later one is.
            lock(&self.upkeep).doubtful.extend(files.into_iter().map(Arc::new));
        }
        committed
    }

    fn write_head(&self, head: &[Arc<HeadBatch>]) -> Result<Vec<FileEntry>, StoreError> {
        let mut parts: BTreeMap<(Class, String), Vec<SourceRow<'_>>> = BTreeMap::new();
        for batch in head {
            let day = day(batch.received());
            let constant = class_of_origin(&batch.batch().origin);
            let (security, logs): (Vec<_>, Vec<_>) =
                batch.rows().partition(|row| class_of(row, constant) == Class::Security);
            for (class, rows) in [(Class::Logs, logs), (Class::Security, security)] {
                if !rows.is_empty() {
                    parts.entry((class, day.clone())).or_default().extend(rows);
                }
            }
        }
        let mut files = Vec::new();
        for ((class, day), mut rows) in parts {
            order::sort(&mut rows);
            match self.write_rows(class, &day, &rows) {
                Ok(file) => files.push(file),
                Err(error) => {
                    for file in &files {
                        self.remove_files(file);
                    }
                    return Err(error);
                }
            }
        }
        Ok(files)
    }

    /// Writes sorted rows as one file, with durable names. After an error nothing of it stays.
    pub(super) fn write_rows(&self, class: Class, day: &str, rows: &[SourceRow<'_>]) -> Result<FileEntry, StoreError> {
        self.write_file(class, day, Effort::Fast, |file| {
            rows.iter().try_for_each(|row| file.push(row))
        })
    }

    /// Writes a new file with durable names. After an error nothing of it stays.
    pub(super) fn write_file(
        &self,
        class: Class,
        day: &str,
        effort: Effort,
        fill: impl FnOnce(&mut FileWriter<'_>) -> Result<(), StoreError>,
    ) -> Result<FileEntry, StoreError> {
        let folder = self.dir.join(day);
        self.disk
            .create_dir_all(&folder)
            .map_err(StoreError::io("create", &folder))?;
        let id = self.new_id();
        let written = FileWriter::create(&*self.disk, &self.dir, (id, class, day), effort).and_then(|mut file| {
            fill(&mut file)?;
            file.finish()
        });
        self.made_durable(id, class, day, written)
    }

    /// Syncs the folder of a new file, or removes what there is of it.
    pub(super) fn made_durable(
        &self,
        id: u64,
        class: Class,
        day: &str,
        written: Result<FileEntry, StoreError>,
    ) -> Result<FileEntry, StoreError> {
        let folder = self.dir.join(day);
        let done = written.and_then(|file| {
            self.disk.sync_dir(&folder).map_err(StoreError::io("sync", &folder))?;
            Ok(file)
        });
        if done.is_err() {
            self.remove_files(&FileEntry::new(id, class, day, &index::FileSummary::default(), 0));
        }
        done
    }

    /// Removes a file and its index; true when neither is there any more.
    pub(super) fn remove_files(&self, file: &FileEntry) -> bool {
        let gone = |path: &std::path::Path| match self.disk.remove_file(path) {
            Ok(()) => true,
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        let data = gone(&file.data_path(&self.dir));
        gone(&file.index_path(&self.dir)) && data
    }
}

/// The UTC day of a receive time, as its folder is named.
fn day(time: Timestamp) -> String {
    let mut text = time.to_string();
    text.truncate(10);
    text
}

/// The class of an origin's events that have no fields of their own to say otherwise.
fn class_of_origin(origin: &Origin) -> Class {
    let is_alert = origin.fields.text(names::EVENT_KIND) == Some(ALERT);
    if origin.fields.get(names::EVENT_CATEGORY).is_some() || is_alert {
        Class::Security
    } else {
        Class::Logs
    }
}

fn class_of(row: &SourceRow<'_>, constant: Class) -> Class {
    let fields = &row.event.fields;
    if fields.is_empty() {
        return constant;
    }
    if fields.get(names::EVENT_CATEGORY).is_some() {
        return Class::Security;
    }
    match fields.get(names::EVENT_KIND) {
        None => constant,
        Some(kind) if kind.as_str() == Some(ALERT) => Class::Security,
        // Its own kind hides a constant one.
        Some(_) if row.origin.fields.get(names::EVENT_CATEGORY).is_some() => Class::Security,
        Some(_) => Class::Logs,
    }
}
