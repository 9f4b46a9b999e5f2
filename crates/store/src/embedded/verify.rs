//! Comparing every byte with its checksum.

use std::ops::ControlFlow;
use std::path::Path;

use crate::VerifyReport;
use crate::embedded::EmbeddedStore;
use crate::embedded::datafile::IndexedFile;
use crate::embedded::index::Index;
use crate::embedded::io::{self, CheckedFile};
use crate::embedded::manifest::{FileEntry, Manifest};
use crate::embedded::rebuild;
use watchpost_kit::chain;
use watchpost_run::Disk;

/// Damaged places told of one file.
const PLACES_LIMIT: usize = 20;

impl EmbeddedStore {
    pub(super) fn verify_all(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> VerifyReport {
        let folder = Folder {
            disk: &*self.disk,
            dir: &self.dir,
        };
        let damage = match Manifest::load(&*self.disk, &self.dir) {
            Ok(Some((_, damage))) => damage,
            Ok(None) => vec![format!("{} has no manifest", self.dir.display())],
            Err(error) => vec![chain(&error)],
        };
        let files = self.snapshot().files;
        folder.verify(files.iter().map(|file| &**file), damage, progress)
    }
}

/// A store's folder, read and never written.
pub(super) struct Folder<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) dir: &'a Path,
}

impl Folder<'_> {
    pub(super) fn verify<'a>(
        &self,
        files: impl Iterator<Item = &'a FileEntry> + Clone,
        damage: Vec<String>,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> VerifyReport {
        let total = files.clone().map(FileEntry::bytes).sum();
        let mut report = VerifyReport {
            damage,
            ..VerifyReport::default()
        };
        for entry in files {
            if progress(report.bytes, total).is_break() {
                report.stopped = true;
                return report;
            }
            self.verify_file(entry, &mut report);
            report.files += 1;
            report.bytes += entry.bytes();
        }
        let _ = progress(report.bytes, total);
        report
    }

    fn verify_file(&self, entry: &FileEntry, report: &mut VerifyReport) {
        let index_path = entry.index_path(self.dir);
        let path = entry.data_path(self.dir);
        let index = io::read_file(self.disk, &index_path, super::INDEX_LIMIT)
            .map_err(crate::StoreError::io("read", &index_path))
            .and_then(|bytes| Index::decode(&index_path, &bytes));
        let index = match index {
            Ok(index) => index,
            Err(error) => {
                report.damage.push(chain(&error));
                // The checksums are gone with it; what is left to see is whether all rows can be read.
                match rebuild::index(self.disk, &path) {
                    Ok(index) => report.events += index.summary.rows,
                    Err(error) => report.damage.push(chain(&error)),
                }
                return;
            }
        };
        let file = match CheckedFile::open(self.disk, &path, index.checksums.clone()) {
            Ok(file) => file,
            Err(error) => {
                report.damage.push(chain(&error));
                return;
            }
        };
        report.events += index.summary.rows;
        match file.damaged_regions() {
            Ok(places) if places.is_empty() => {
                if let Err(error) = IndexedFile::open(file, index, &path) {
                    report.damage.push(chain(&error));
                }
            }
            Ok(places) => {
                let end = |at: u64| (at + io::REGION as u64).min(file.size());
                let told = places.iter().take(PLACES_LIMIT);
                let told: Vec<String> = told.map(|&at| format!("{at} to {}", end(at))).collect();
                report.damage.push(format!(
                    "{} is damaged in {} of its parts of {} bytes: bytes {}",
                    path.display(),
                    places.len(),
                    io::REGION,
                    told.join(", ")
                ));
            }
            Err(error) => report.damage.push(chain(&crate::StoreError::io("read", &path)(error))),
        }
    }
}
