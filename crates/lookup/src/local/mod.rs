//! What is known without asking anybody: lists and geography from files, read again when they change.

mod addresses;
mod domains;
mod geo;
mod hashes;
mod lines;

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use watchpost_event::Timestamp;

use crate::config::{GeoSection, ListSection};
use crate::indicator::HashKey;
use crate::{Indicator, IndicatorKind, LookupSettings, Opinion, Verdict};
use addresses::Addresses;
use domains::Domains;
use geo::GeoFile;
pub(crate) use geo::{AsPlace, GeoPlace};
use hashes::Hashes;

/// One list, as it stood in its file.
#[derive(Debug)]
pub(crate) struct List {
    name: String,
    opinion: Opinion,
    entries: Entries,
}

#[derive(Debug)]
enum Entries {
    Hashes(Hashes),
    Addresses(Addresses),
    Domains(Domains),
}

/// Lists and geography as of one moment.
#[derive(Debug, Default)]
pub struct Local {
    lists: Vec<Arc<List>>,
    city: Option<Arc<GeoFile>>,
    asn: Option<Arc<GeoFile>>,
}

/// What a list says of something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit<'a> {
    pub(crate) list: &'a str,
    pub(crate) opinion: Opinion,
    /// What stands beside it.
    pub(crate) note: Option<&'a str>,
}

impl Local {
    /// Everything the lists say of an indicator, as verdicts.
    pub fn look(&self, indicator: &Indicator, now: Timestamp) -> Vec<Verdict> {
        let hits: Vec<Hit<'_>> = match indicator.kind() {
            IndicatorKind::Hash => {
                HashKey::read(indicator.as_str()).map_or_else(Vec::new, |key| self.hash(&key).collect())
            }
            IndicatorKind::Ip => match indicator.as_str().parse() {
                Ok(address) => self.address(address).collect(),
                Err(_) => Vec::new(),
            },
            IndicatorKind::Domain => self.domain(indicator.as_str()).collect(),
        };
        hits.into_iter().map(|hit| hit.verdict(now)).collect()
    }

    pub(crate) fn hash<'a>(&'a self, key: &HashKey) -> impl Iterator<Item = Hit<'a>> {
        let key = *key;
        self.lists.iter().filter_map(move |list| match &list.entries {
            Entries::Hashes(hashes) => hashes.get(&key).map(|note| list.hit(Some(note))),
            _ => None,
        })
    }

    pub(crate) fn address(&self, address: IpAddr) -> impl Iterator<Item = Hit<'_>> {
        self.lists.iter().filter_map(move |list| match &list.entries {
            Entries::Addresses(addresses) => addresses.contains(address).then(|| list.hit(None)),
            _ => None,
        })
    }

    pub(crate) fn domain<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Hit<'a>> {
        self.lists.iter().filter_map(move |list| match &list.entries {
            Entries::Domains(domains) => domains.contains(name).then(|| list.hit(None)),
            _ => None,
        })
    }

    pub(crate) fn geo(&self, address: IpAddr) -> Option<GeoPlace> {
        self.city.as_ref().and_then(|file| file.place(address))
    }

    pub(crate) fn network(&self, address: IpAddr) -> Option<AsPlace> {
        self.asn.as_ref().and_then(|file| file.network(address))
    }

    pub(crate) const fn has_geo(&self) -> bool {
        self.city.is_some() || self.asn.is_some()
    }

    pub(crate) fn has(&self, kind: IndicatorKind) -> bool {
        self.lists.iter().any(|list| list.kind() == kind)
    }
}

impl List {
    fn hit<'a>(&'a self, note: Option<&'a str>) -> Hit<'a> {
        Hit {
            list: &self.name,
            opinion: self.opinion,
            note,
        }
    }

    const fn kind(&self) -> IndicatorKind {
        match self.entries {
            Entries::Hashes(_) => IndicatorKind::Hash,
            Entries::Addresses(_) => IndicatorKind::Ip,
            Entries::Domains(_) => IndicatorKind::Domain,
        }
    }

    fn len(&self) -> usize {
        match &self.entries {
            Entries::Hashes(hashes) => hashes.len(),
            Entries::Addresses(addresses) => addresses.len(),
            Entries::Domains(domains) => domains.len(),
        }
    }
}

impl Hit<'_> {
    fn verdict(&self, now: Timestamp) -> Verdict {
        let mut verdict = Verdict {
            opinion: self.opinion,
            ..Verdict::unknown(self.list, now)
        };
        verdict.add_name(self.note.unwrap_or_default());
        verdict
    }
}

/// What a file looked like when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// The state of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceInfo {
    /// The list's name, or `geoip`, `geoip asn`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Entries of a list that hold; 0 for geography.
    pub entries: u64,
    /// Lines of it that are no entries.
    pub skipped: u64,
    /// Why what holds is older than the file, or nothing holds.
    pub error: Option<String>,
}

/// The files of the configuration, and what they held when they were last read.
#[derive(Debug)]
pub struct Places {
    lists: Vec<ListSection>,
    geo: GeoSection,
    current: RwLock<Arc<Local>>,
    read: Mutex<Read>,
}

#[derive(Debug, Default)]
struct Read {
    /// For each list, then the two files of geography.
    files: Vec<FileState>,
}

#[derive(Clone, Debug, Default)]
struct FileState {
    stamp: Option<Stamp>,
    info: Option<PlaceInfo>,
    list: Option<Arc<List>>,
    geo: Option<Arc<GeoFile>>,
}

impl Places {
    /// Reads everything for the first time. What cannot be read is said in [`Self::infos`] and tried again.
    pub fn open(settings: &LookupSettings) -> Self {
        let places = Self {
            lists: settings.lists.clone(),
            geo: settings.geoip.clone(),
            current: RwLock::default(),
            read: Mutex::new(Read {
                files: vec![FileState::default(); settings.lists.len() + 2],
            }),
        };
        places.look();
        places
    }

    /// What holds now.
    pub fn current(&self) -> Arc<Local> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How each file fares.
    pub fn infos(&self) -> Vec<PlaceInfo> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.files.iter().filter_map(|file| file.info.clone()).collect()
    }

    /// Reads what has changed since the last look; true when something did. A file that is gone or cannot be read leaves
    /// in force what it held.
    pub fn look(&self) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for (section, file) in self.lists.iter().zip(&mut read.files) {
            changed |= look_at_list(section, file);
        }
        let geo = [("geoip", &self.geo.path), ("geoip asn", &self.geo.asn)];
        for ((name, path), file) in geo.into_iter().zip(read.files.iter_mut().skip(self.lists.len())) {
            changed |= look_at_geo(name, path, file);
        }
        if changed {
            let behind = self.lists.len();
            let geo = |at: usize| read.files.get(behind + at).and_then(|file| file.geo.clone());
            let local = Local {
                lists: read.files.iter().filter_map(|file| file.list.clone()).collect(),
                city: geo(0),
                asn: geo(1),
            };
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(local);
        }
        changed
    }
}

/// The file's stamp when it is another than before; errors are noted.
fn changed(name: &str, path: &Path, file: &mut FileState) -> Option<Stamp> {
    match stamp(path) {
        Ok(stamp) if file.stamp == Some(stamp) => None,
        Ok(stamp) => Some(stamp),
        Err(error) => {
            note_error(name, path, file, &error);
            // When it is back it is read, whatever it looks like.
            file.stamp = None;
            None
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
    })
}

fn note_error(name: &str, path: &Path, file: &mut FileState, error: &io::Error) {
    let text = error.to_string();
    let info = file.info.get_or_insert_with(|| PlaceInfo {
        name: name.to_owned(),
        path: path.to_path_buf(),
        entries: 0,
        skipped: 0,
        error: None,
    });
    if info.error.as_ref() != Some(&text) {
        tracing::warn!(name, file = %path.display(), error = text, "A look-up file cannot be read, what it held before stays in force");
        info.error = Some(text);
    }
}

fn look_at_list(section: &ListSection, file: &mut FileState) -> bool {
    let Some(stamp) = changed(&section.name, &section.path, file) else {
        return false;
    };
    match read_list(section) {
        Ok((list, skipped)) => {
            tracing::info!(
                name = section.name,
                entries = list.len(),
                skipped,
                "Read a look-up list"
            );
            file.info = Some(PlaceInfo {
                name: section.name.clone(),
                path: section.path.clone(),
                entries: list.len() as u64,
                skipped,
                error: None,
            });
            file.list = Some(Arc::new(list));
            file.stamp = Some(stamp);
            true
        }
        Err(error) => {
            note_error(&section.name, &section.path, file, &error);
            file.stamp = None;
            false
        }
    }
}

fn read_list(section: &ListSection) -> io::Result<(List, u64)> {
    let (entries, skipped) = match section.kind {
        IndicatorKind::Hash => {
            let (hashes, skipped) = Hashes::read(&section.path)?;
            (Entries::Hashes(hashes), skipped)
        }
        IndicatorKind::Ip => {
            let (addresses, skipped) = Addresses::read(&section.path)?;
            (Entries::Addresses(addresses), skipped)
        }
        IndicatorKind::Domain => {
            let (domains, skipped) = Domains::read(&section.path)?;
            (Entries::Domains(domains), skipped)
        }
    };
    let list = List {
        name: section.name.clone(),
        opinion: section.verdict,
        entries,
    };
    Ok((list, skipped))
}

fn look_at_geo(name: &str, path: &Path, file: &mut FileState) -> bool {
    if path.as_os_str().is_empty() {
        return false;
    }
    let Some(stamp) = changed(name, path, file) else {
        return false;
    };
    match GeoFile::read(path) {
        Ok(geo) => {
            file.info = Some(PlaceInfo {
                name: name.to_owned(),
                path: path.to_path_buf(),
                entries: 0,
                skipped: 0,
                error: None,
            });
            file.geo = Some(Arc::new(geo));
            file.stamp = Some(stamp);
            true
        }
        Err(error) => {
            note_error(name, path, file, &error);
            file.stamp = None;
            false
        }
    }
}
