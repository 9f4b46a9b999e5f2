//! `lookup_upload`: a file is given to a service, once for each command.
//!
//! That a file is about to leave is written down before the first byte does. An agent that was killed in between says
//! afterwards that it does not know what became of it, and does not try again.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};
use watchpost_kit::{Clock, chain};
use watchpost_lookup::{
    Desk as Service, LookupError, LookupSection, LookupSettings, ServiceKind, ServiceSettings, Upload, Uploaded,
};
use watchpost_run::disk::{Disk, read_sealed, replace_sealed};

use super::worker::{Outcome, Worker};
use super::{Job, events};
use crate::AgentError;
use crate::config::setting;
use crate::files::{Sha256Sum, open_regular, sha256, true_path, words};

/// Numbers of uploads that are remembered.
const BEGUN: usize = 256;
const BEGUN_BYTES_MAX: u64 = 64 << 10;
/// Nothing leaves from there: what looks like a file is none.
const NO_FILES: [&str; 3] = ["/proc", "/sys", "/dev"];
/// … but here are files, and malware likes the place.
const FILES_AFTER_ALL: &str = "/dev/shm";

/// Which services get files, and which files.
pub(crate) struct Uploads {
    services: Vec<Arc<Service>>,
    settings: UploadSettings,
    begun: Begun,
}

/// What is configured of giving files away, checked.
#[derive(Clone, Debug)]
pub struct UploadSettings {
    /// Services with a key and `upload = true`.
    pub services: Vec<ServiceSettings>,
    /// Where files may lie; `None`: anywhere.
    pub paths: Option<GlobSet>,
    /// Larger files do not leave.
    pub max_bytes: u64,
    /// Folders of this program, from which nothing does.
    pub own: Vec<PathBuf>,
}

impl UploadSettings {
    /// Checks `[lookup]` as far as an agent needs it. `data_dir` is the agent's own.
    pub(crate) fn new(section: &LookupSection, data_dir: &Path) -> Result<Self, AgentError> {
        let settings = LookupSettings::try_from(section.clone()).map_err(not_usable)?;
        let mut paths = GlobSetBuilder::new();
        for (at, text) in section.upload_paths.iter().enumerate() {
            let bad = |error: globset::Error| setting(&format!("lookup.upload_paths[{at}]"), error.to_string());
            if !Path::new(text).is_absolute() {
                let message = format!("{text:?} is not absolute: give the whole path, such as /home/**/*.exe");
                return Err(setting(&format!("lookup.upload_paths[{at}]"), message));
            }
            paths.add(GlobBuilder::new(text).literal_separator(true).build().map_err(bad)?);
        }
        let paths = paths.build();
        let paths = paths.map_err(|error| setting("lookup.upload_paths", error.to_string()))?;
        Ok(Self {
            services: settings.services.into_iter().filter(|service| service.upload).collect(),
            paths: (!section.upload_paths.is_empty()).then_some(paths),
            max_bytes: section.upload_max.0,
            own: vec![std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned())],
        })
    }
}

/// A key of `[lookup]` that cannot be used.
pub(crate) fn not_usable(error: LookupError) -> AgentError {
    match error {
        LookupError::Config { key, reason } => setting(&key, reason),
        source => AgentError::Lookup { source },
    }
}

/// A file that may leave.
pub(super) struct Leaving {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) sum: Sha256Sum,
    pub(super) service: ServiceKind,
}

impl Uploads {
    /// Opens what is configured. Quotas and what was begun lie in `dir`.
    pub(crate) fn open(
        settings: UploadSettings,
        disk: &Arc<dyn Disk>,
        dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, AgentError> {
        let open = |service| Service::open(service, disk.clone(), dir, clock.clone()).map(Arc::new);
        let services: Result<Vec<_>, LookupError> = settings.services.iter().map(open).collect();
        let services = services.map_err(|source| AgentError::Lookup { source })?;
        Ok(Self {
            services,
            settings,
            begun: Begun {
                disk: disk.clone(),
                path: dir.join("uploads-begun"),
                guard: Mutex::default(),
            },
        })
    }

    fn service(&self, wanted: Option<&str>) -> Result<&Arc<Service>, String> {
        let name = wanted.unwrap_or("virustotal");
        let named = |service: &&Arc<Service>| service.service().kind().name() == name;
        self.services.iter().find(named).ok_or_else(|| {
            let name: String = name.chars().take(40).filter(|c| !c.is_control()).collect();
            format!("this agent's configuration has no lookup.{name} with a key and upload = true")
        })
    }

    /// The file, if it may leave: open, so that what was looked at is what is sent.
    fn file(&self, path: &str, service: &Service) -> Result<(File, PathBuf, u64), String> {
        let path = Path::new(path);
        if !path.is_absolute() {
            return Err("the path is not absolute: give it whole".to_owned());
        }
        let (file, metadata) = open_regular(path).map_err(|error| format!("it cannot be opened: {error}"))?;
        let place = true_path(&file, path).map_err(|error| format!("nobody knows where it lies: {error}"))?;
        self.settings.allows(&place)?;
        let size = metadata.len();
        let limit = service
            .service()
            .upload_limit()
            .unwrap_or(0)
            .min(self.settings.max_bytes);
        if size > limit {
            return Err(format!("it has {size} bytes; files of at most {limit} are given away"));
        }
        Ok((file, place, size))
    }
}

impl UploadSettings {
    /// Whether a file that lies there may leave.
    fn allows(&self, place: &Path) -> Result<(), String> {
        let is_special = NO_FILES.iter().any(|folder| place.starts_with(folder));
        if is_special && !place.starts_with(FILES_AFTER_ALL) {
            return Err("nothing is given away from /proc, /sys and /dev".to_owned());
        }
        if self.own.iter().any(|folder| place.starts_with(folder)) {
            return Err("it belongs to watchpost itself".to_owned());
        }
        match &self.paths {
            Some(paths) if !GlobSet::is_match(paths, place) => {
                Err("it lies in none of lookup.upload_paths of this agent's configuration".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Gives a file away, or says why not.
pub(super) fn run(worker: &Worker, job: &Job) -> Outcome {
    let refuse = |reason: &str| Outcome::Over(events::refused(job, reason, worker.now()));
    let uploads = &worker.uploads;
    match uploads.begun.has(job.id) {
        Ok(false) => {}
        Ok(true) => {
            return refuse("the agent was ended while it was being sent: whether it arrived, only the service knows");
        }
        Err(error) => {
            let (path, error) = (uploads.begun.path.display(), chain(&error));
            return refuse(&format!(
                "what was begun before cannot be read: {error}; remove {path} to begin anew"
            ));
        }
    }
    let prepared = uploads.service(job.service.as_deref()).and_then(|service| {
        let (file, path, size) = uploads.file(&job.path, service)?;
        Ok((service, file, path, size))
    });
    let (service, mut file, path, size) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return refuse(&reason),
    };
    let shutdown = worker.shutdown.clone();
    let sum = match sha256(&mut file, size, 0, |_| !shutdown.is_triggered()) {
        Ok((sum, _)) => sum,
        Err(_) if worker.shutdown.is_triggered() => return Outcome::Interrupted,
        Err(error) => return refuse(&chain(&error)),
    };
    let leaving = Leaving {
        path,
        size,
        sum,
        service: service.service().kind(),
    };
    if let Err(error) = file.seek(SeekFrom::Start(0)) {
        return refuse(&format!("it cannot be read again: {error}"));
    }
    if !worker.tell(job, events::upload_requested(job, &leaving, worker.now())) {
        return Outcome::Interrupted;
    }
    if let Err(error) = uploads.begun.note(job.id) {
        return refuse(&format!("it cannot be written down that it leaves: {}", chain(&error)));
    }
    match send(worker, service, file, &leaving) {
        Ok(Some(uploaded)) => Outcome::Over(events::upload_done(job, &leaving, &uploaded, worker.now())),
        Ok(None) => Outcome::Interrupted,
        Err(reason) => Outcome::Over(events::upload_failed(job, &leaving, &reason, worker.now())),
    }
}

/// `None` when the agent ends.
fn send(worker: &Worker, service: &Arc<Service>, file: File, leaving: &Leaving) -> Result<Option<Uploaded>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    let sent = Arc::new(Mutex::new(Sha256::new()));
    let name = leaving
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let upload = Upload {
        name,
        size: leaving.size,
        content: Box::new(Watched {
            file,
            sent: Arc::clone(&sent),
        }),
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = service.upload(upload) => Some(outcome),
            () = worker.shutdown.wait() => None,
        }
    });
    runtime.shutdown_background();
    let uploaded = match outcome {
        None => return Ok(None),
        Some(Ok(uploaded)) => uploaded,
        Some(Err(unanswered)) => return Err(words(&unanswered)),
    };
    let sum = sent.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
    if leaving.sum != Sha256Sum(sum.into()) {
        return Err("it was changed while it was sent: what arrived has another hash".to_owned());
    }
    Ok(Some(uploaded))
}

/// Hashes what is read, as it is read.
struct Watched {
    file: File,
    sent: Arc<Mutex<Sha256>>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.update(&buffer[..length]);
        Ok(length)
    }
}

/// Uploads that were begun, on disk.
struct Begun {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    guard: Mutex<()>,
}

impl Begun {
    fn has(&self, id: u64) -> io::Result<bool> {
        let _guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.read()?.contains(&id))
    }

    fn note(&self, id: u64) -> io::Result<()> {
        let _guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids = self.read()?;
        ids.push(id);
        let old = ids.len().saturating_sub(BEGUN);
        ids.drain(..old);
        replace_sealed(&*self.disk, &self.path, serde_json::to_vec(&ids)?)
    }

    fn read(&self) -> io::Result<Vec<u64>> {
        let Some(bytes) = read_sealed(&*self.disk, &self.path, BEGUN_BYTES_MAX)? else {
            return Ok(Vec::new());
        };
        serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
