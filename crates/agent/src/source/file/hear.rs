//! Hearing of changes between two looks: a file that is written to is read at once, and a new name makes the folders be
//! listed soon.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use watchpost_event::Timestamp;

use super::tracked::Tracked;
use super::{ACTIVE_NANOS, BUSY_PAUSE_NANOS, FileSource, MANY_ENTRIES};
use crate::source::watch::{self, FolderWatch, Listener};

/// A source's ear, and what it listens to.
pub(super) struct Ear {
    listener: Listener,
    /// Followed files as they stand in the globs, and where they really are.
    files: HashMap<PathBuf, PathBuf>,
    /// Something appeared that only listing the folders shows.
    wants_discovery: bool,
}

/// Whether a file has to be looked at, and whether its changes are heard of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stir {
    due: bool,
    /// A change was heard of since the last look, where every write is.
    heard: bool,
    /// It was heard of when the file last grew.
    told: bool,
}

impl Default for Stir {
    fn default() -> Self {
        Self {
            due: true,
            heard: false,
            told: false,
        }
    }
}

impl Stir {
    pub(super) fn look_again(&mut self) {
        self.due = true;
    }

    /// Everything there was is read.
    pub(super) fn rest(&mut self) {
        self.due = false;
    }

    /// It was looked at.
    pub(super) fn looked(&mut self, grew: bool) {
        let heard = std::mem::take(&mut self.heard);
        if grew {
            self.told = heard;
        }
    }

    fn hear(&mut self) {
        *self = Self {
            due: true,
            heard: Listener::HEARS_EVERY_WRITE,
            told: Listener::HEARS_EVERY_WRITE,
        };
    }
}

impl FileSource {
    /// Has this source told of changes by `watch`, so that it is polled before [`super::Activity::next`].
    #[must_use]
    pub fn hearing(mut self, watch: &FolderWatch) -> Self {
        let globs = self.shared.settings.globs.clone();
        self.ear = Some(Ear {
            listener: watch.listener(Box::new(move |path| globs.covers(path))),
            files: HashMap::new(),
            wants_discovery: false,
        });
        self
    }

    /// Takes note of what happened since the last poll.
    pub(super) fn listen(&mut self) {
        let Some(ear) = &mut self.ear else { return };
        let heard = ear.listener.take();
        ear.wants_discovery |= heard.appeared;
        let changed: HashSet<PathBuf> = heard.changed.into_iter().collect();
        if changed.is_empty() {
            return;
        }
        for tracked in &mut self.tracked {
            ear.wants_discovery |= tracked.orphaned.is_some();
            if ear
                .files
                .get(&tracked.current)
                .is_some_and(|real| changed.contains(real))
            {
                tracked.stir.hear();
                // Quiet files are closed where there are many; only a discovery opens them again.
                ear.wants_discovery |= tracked.content.is_none();
            }
        }
    }

    /// Whether a file need not be looked at: it was read to its end, and a change would have been heard of, or is seen
    /// with the next discovery.
    pub(super) fn is_at_rest(&self, at: usize) -> bool {
        let tracked = &self.tracked[at];
        self.ear.is_some() && !tracked.stir.due && !tracked.is_packed()
    }

    /// Whether something is being written of which only looking tells: nobody hears of it, or it stands under another name.
    pub(super) fn is_written_unheard(&self, now: Timestamp) -> bool {
        let grew = |tracked: &Tracked| now.0.saturating_sub(tracked.grown_at.0) < ACTIVE_NANOS;
        let known = |tracked: &Tracked| tracked.stir.told && tracked.missed == 0 && tracked.orphaned.is_none();
        let settled = self.ear.is_some() && self.suspects.is_empty();
        self.tracked
            .iter()
            .any(|tracked| grew(tracked) && !(settled && known(tracked)))
    }

    /// When folders are to be listed because of what was heard. Names that come and go all the time do not make it
    /// happen more often than a file that grows does, and where listing costs much it keeps its pace.
    pub(super) fn heard_discovery_due(&self) -> Option<Timestamp> {
        let wanted = self.ear.as_ref().is_some_and(|ear| ear.wants_discovery);
        let at = self.discovered_at.filter(|_| wanted && self.entries <= MANY_ENTRIES)?;
        Some(at.plus(BUSY_PAUSE_NANOS))
    }

    /// After a discovery: listens to the files that are followed now.
    pub(super) fn listen_to_followed(&mut self) {
        let Some(ear) = &mut self.ear else { return };
        ear.wants_discovery = false;
        let known = self
            .tracked
            .iter()
            .all(|tracked| ear.files.contains_key(&tracked.current));
        if known && ear.files.len() <= self.tracked.len() && !ear.listener.is_stale() {
            return;
        }
        let mut before = std::mem::take(&mut ear.files);
        for tracked in &self.tracked {
            let shown = &tracked.current;
            let real = before.remove(shown).unwrap_or_else(|| watch::really(shown));
            ear.files.insert(shown.clone(), real);
        }
        let files = ear.files.iter();
        ear.listener
            .listen_to(files.map(|(shown, real)| (shown.as_path(), real.as_path())));
    }
}
