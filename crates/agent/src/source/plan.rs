//! Which sources an agent has: the one list.

use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{AgentId, StreamKey};
use watchpost_kit::{Rng, chain};

use super::asked::AskedSource;
use super::eventlog::{self, EventLogSettings, EventLogSource};
use super::file::{FileSettings, FileSource};
use super::integrity::{self, IntegritySettings, IntegritySource};
use super::inventory::{self, InventorySettings, InventorySource, Keep};
use super::journal::{JournalSettings, JournalSource};
use super::process::{ProcessSettings, ProcessSource};
use super::system::{SystemSettings, SystemSource};
use super::watch::FolderWatch;
use super::{Identity, OwnSource, SendPolicy, Source, SourceError, Waker};
use crate::AgentSettings;
use crate::asked::Desk;

/// A source, and what the collector has to know of it.
pub(crate) struct Collected {
    pub(crate) name: String,
    /// It can be read again or held up: when the spool is full it waits.
    pub(crate) waits: bool,
    pub(crate) source: Box<dyn Source>,
}

impl Collected {
    fn new(name: impl Into<String>, waits: bool, source: impl Source + 'static) -> Self {
        Self {
            name: name.into(),
            waits,
            source: Box::new(source),
        }
    }
}

/// Where sources keep what they know.
#[derive(Clone)]
pub(crate) struct Keeps {
    pub(crate) inventory: Keep,
    pub(crate) integrity: Keep,
}

/// What is collected and for whom.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) identity: Identity,
    pub(crate) policy: SendPolicy,
    pub(crate) files: Vec<FileSettings>,
    pub(crate) process: Option<ProcessSettings>,
    pub(crate) event_logs: Vec<EventLogSettings>,
    pub(crate) journal: Option<JournalSettings>,
    pub(crate) system: Option<SystemSettings>,
    pub(crate) inventory: Option<InventorySettings>,
    pub(crate) integrity: Option<IntegritySettings>,
    /// Where looks are kept; without it none are taken.
    pub(crate) keeps: Option<Keeps>,
    /// Rung by sources that hear of something new; `None` where they are polled all the time anyway.
    pub(crate) waker: Option<Waker>,
    /// What the server asks, where it may ask.
    pub(crate) asked: Option<Arc<Desk>>,
}

impl Plan {
    pub(crate) fn new(settings: &AgentSettings, agent: AgentId) -> Self {
        Self {
            identity: Identity {
                agent,
                fields: settings.fields.clone(),
            },
            policy: settings.policy.clone(),
            files: settings.files.clone(),
            process: settings.process.clone(),
            event_logs: settings.event_logs.clone(),
            journal: settings.journal.clone(),
            system: settings.system.clone(),
            inventory: settings.inventory.clone(),
            integrity: settings.integrity.clone(),
            keeps: None,
            waker: None,
            asked: None,
        }
    }

    /// Makes the sources; they go on from `known` checkpoints.
    pub(crate) fn sources(&self, known: &[(StreamKey, Value)]) -> Vec<Collected> {
        let watch = self.waker.clone().map(FolderWatch::new);
        let file = |(at, settings): (usize, &FileSettings)| {
            let mut rng = Rng::from_os();
            let draw = move || rng.next_u64();
            let (identity, policy) = (self.identity.clone(), self.policy.clone());
            let source = FileSource::new(settings.clone(), identity, policy, known.to_vec(), draw);
            let source = match &watch {
                Some(watch) => source.hearing(watch),
                None => source,
            };
            let name = match settings.name.as_str() {
                "" => format!("file {}", at + 1),
                name => format!("file {name}"),
            };
            Collected::new(name, true, source)
        };
        let mut sources: Vec<Collected> = self.files.iter().enumerate().map(file).collect();
        let draw = || Rng::from_os().next_u64();
        let policy = || self.policy.clone();
        let waker = || self.waker.clone().unwrap_or_else(Waker::none);
        if let Some(settings) = &self.process {
            let source = ProcessSource::new(settings.clone(), &self.identity, policy(), known, waker(), draw);
            add(&mut sources, "process", false, source);
        }
        for settings in &self.event_logs {
            let Some(log) = eventlog::this_host() else { continue };
            let (identity, known) = (self.identity.clone(), known.to_vec());
            let source = EventLogSource::new(settings.clone(), log, identity, policy(), known, draw);
            add(&mut sources, "eventlog", true, source);
        }
        if let Some(settings) = &self.journal {
            let source = JournalSource::new(settings, &self.identity, policy(), known, draw, waker());
            add(&mut sources, "journal", true, source);
        }
        if let Some(settings) = &self.system {
            let source = SystemSource::new(settings, &self.identity, policy(), known, draw);
            add(&mut sources, "system", false, source);
        }
        if let Some(keeps) = &self.keeps {
            self.snapshots(keeps, watch, known, &mut sources);
        }
        if let Some(desk) = &self.asked {
            let source = AskedSource::new(desk.clone(), &self.identity, policy(), known, draw);
            add(&mut sources, "commands", true, source);
        }
        let own = OwnSource::new(&self.identity, policy(), known, draw);
        add(&mut sources, "own", false, own);
        sources
    }

    /// Sources of what is looked at again and again.
    fn snapshots(
        &self,
        keeps: &Keeps,
        watch: Option<FolderWatch>,
        known: &[(StreamKey, Value)],
        sources: &mut Vec<Collected>,
    ) {
        let draw = || Rng::from_os().next_u64();
        let policy = || self.policy.clone();
        let waker = || self.waker.clone().unwrap_or_else(Waker::none);
        if let (Some(settings), Some(look)) = (&self.inventory, inventory::this_host()) {
            let around = inventory::Surroundings {
                look,
                keep: keeps.inventory.clone(),
                waker: waker(),
            };
            let source = InventorySource::new(settings, &self.identity, policy(), known, around, draw);
            add(sources, "inventory", true, source);
        }
        if let Some(settings) = &self.integrity {
            let around = integrity::Surroundings {
                keep: keeps.integrity.clone(),
                waker: waker(),
                watch,
            };
            let source = IntegritySource::new(settings, &self.identity, policy(), known, around, draw);
            add(sources, "integrity", true, source);
        }
    }
}

/// One source that cannot be made must not keep the others from their work.
fn add<S: Source + 'static>(sources: &mut Vec<Collected>, name: &str, waits: bool, source: Result<S, SourceError>) {
    match source {
        Ok(source) => sources.push(Collected::new(name, waits, source)),
        Err(error) => tracing::error!(error = chain(&error), "a source cannot be made"),
    }
}
