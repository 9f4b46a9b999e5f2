//! Who runs, and where from: kept up by events, so that a process that is gone already still has a parent and a user.
//!
//! Pure: what is read from `/proc` comes in as [`Seen`] and [`Found`].

use std::collections::HashMap;
use std::sync::Arc;

use watchpost_event::Timestamp;

use super::TICK;
use super::hash::Ticket;
use super::record::{Cgroup, Ended, Exit, From, Image, Parent, Process, Started, UserId};
use super::watch::{WatchList, base_name};

/// Processes at most; beyond, those forked first are forgotten.
const ENTRIES: usize = 65_536;
/// A parent's command line is kept up to here.
const KEPT_BYTES: usize = 4096;
/// Processes whose first thread ended before the others, waiting to be looked at.
const LINGERING: usize = 4096;

/// What `/proc` says of what a process runs; nothing when it was gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) comm: Option<String>,
    pub(super) executable: Option<String>,
    pub(super) args: Vec<String>,
    pub(super) command_line: Option<String>,
    pub(super) working_directory: Option<String>,
    pub(super) cgroup: Option<Arc<Cgroup>>,
    pub(super) hash: Option<Ticket>,
}

/// What `/proc` says of who a process is.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) parent: u32,
    pub(super) user: Option<UserId>,
    pub(super) effective_user: Option<UserId>,
    pub(super) session: Option<u32>,
    pub(super) integrity: Option<&'static str>,
    pub(super) born: i64,
    pub(super) threads: u32,
    pub(super) kernel: bool,
    /// Differs after an exec: where the kernel put the program and its arguments. `None` when it may not be seen.
    pub(super) print: Option<u64>,
}

/// One process.
#[derive(Debug)]
pub(super) struct Entry {
    parent: u32,
    /// What the parent ran when it forked: it may be gone.
    parent_image: Option<Arc<Image>>,
    /// Since boot, in nanoseconds.
    pub(super) born: i64,
    start: Timestamp,
    user: Option<UserId>,
    effective_user: Option<UserId>,
    session: Option<u32>,
    integrity: Option<&'static str>,
    pub(super) image: Arc<Image>,
    /// Its end is told.
    announced: bool,
    /// Its fork was not seen: `/proc` knows more.
    pub(super) stranger: bool,
    pub(super) kernel: bool,
    pub(super) print: Option<u64>,
    /// Its start was told from `/proc` as of then: an older message about it is of the same.
    told_at: i64,
    /// Titles of its ancestors and of itself.
    lineage: u64,
    threads: u32,
    /// How its first thread ended, while others go on.
    leader: Option<Exit>,
}

/// All processes.
pub(super) struct Table {
    entries: HashMap<u32, Entry>,
    watch: Arc<WatchList>,
    /// The agent: neither it nor what it starts itself is told.
    own: u32,
    /// Wall clock minus time since boot, in nanoseconds.
    pub(super) wall: i64,
    lingering: Vec<u32>,
}

impl Table {
    pub(super) fn new(watch: Arc<WatchList>, own: u32) -> Self {
        Self {
            entries: HashMap::new(),
            watch,
            own,
            wall: 0,
            lingering: Vec::new(),
        }
    }

    pub(super) fn get(&self, pid: u32) -> Option<&Entry> {
        self.entries.get(&pid)
    }

    pub(super) fn get_mut(&mut self, pid: u32) -> Option<&mut Entry> {
        self.entries.get_mut(&pid)
    }

    /// Everyone, with the time since boot of the fork.
    pub(super) fn everyone(&self) -> Vec<(u32, i64)> {
        self.entries.iter().map(|(&pid, entry)| (pid, entry.born)).collect()
    }

    /// A fork: the child is what its parent is. An end of an earlier process of this id that was not seen is told.
    pub(super) fn fork(&mut self, parent: u32, child: u32, at: i64) -> Option<Ended> {
        if let Some(entry) = self.entries.get_mut(&child)
            && (entry.born - at).abs() < 2 * TICK
        {
            // It was found in `/proc` before this message was read.
            entry.parent = parent;
            return None;
        }
        let missed = self.end(child, None, at, From::Connector);
        let entry = match self.entries.get(&parent) {
            Some(from) => Entry {
                parent,
                parent_image: Some(Arc::clone(&from.image)),
                born: at,
                start: Timestamp(at.saturating_add(self.wall)),
                user: from.user.clone(),
                effective_user: from.effective_user.clone(),
                session: from.session,
                integrity: from.integrity,
                image: Arc::clone(&from.image),
                announced: false,
                stranger: from.stranger,
                kernel: from.kernel,
                print: None,
                told_at: i64::MIN,
                lineage: from.lineage,
                threads: 1,
                leader: None,
            },
            None => self.stranger(parent, at),
        };
        self.insert(child, entry);
        missed
    }

    /// A thread more.
    pub(super) fn thread(&mut self, pid: u32) {
        if let Some(entry) = self.entries.get_mut(&pid) {
            entry.threads = entry.threads.saturating_add(1);
        }
    }

    /// Another user (setuid(2) and programs that are).
    pub(super) fn user(&mut self, pid: u32, user: UserId, effective: UserId) {
        if let Some(entry) = self.entries.get_mut(&pid) {
            (entry.user, entry.effective_user) = (Some(user), Some(effective));
        }
    }

    /// Who a process is, from `/proc`: one that was there before, or whose fork was missed.
    pub(super) fn identify(&mut self, pid: u32, found: &Found) {
        let wall = self.wall;
        // A number that was given again is another process.
        let parent = self.entries.get(&found.parent);
        let parent = parent.filter(|parent| parent.born < found.born + 2 * TICK);
        let lineage = parent.map_or(0, |parent| parent.lineage);
        let parent_image = parent.map(|parent| Arc::clone(&parent.image));
        if !self.entries.contains_key(&pid) {
            let entry = self.stranger(found.parent, found.born);
            self.insert(pid, entry);
        }
        let Some(entry) = self.entries.get_mut(&pid) else {
            return;
        };
        entry.parent = found.parent;
        entry.parent_image = parent_image.or_else(|| entry.parent_image.take());
        entry.lineage |= lineage;
        keep(&mut entry.user, found.user.as_ref());
        keep(&mut entry.effective_user, found.effective_user.as_ref());
        (entry.session, entry.integrity) = (found.session.or(entry.session), found.integrity.or(entry.integrity));
        entry.born = found.born;
        entry.start = Timestamp(found.born.saturating_add(wall));
        entry.threads = found.threads.max(1);
        entry.kernel = found.kernel;
        entry.print = found.print;
        entry.stranger = false;
    }

    /// What a process runs that was there before: its end will be told, its start is not.
    pub(super) fn settle(&mut self, pid: u32, seen: &Seen) {
        let Some(entry) = self.entries.get(&pid) else { return };
        let image = self.image_of(&entry.image, seen);
        if let Some(entry) = self.entries.get_mut(&pid) {
            entry.lineage |= title_bit(&image);
            entry.image = image;
            entry.announced = !entry.kernel;
        }
    }

    /// Titles of everyone's ancestors: at the beginning processes are found in no particular order.
    pub(super) fn settle_lineage(&mut self) {
        const DEPTH: usize = 256;
        for pid in self.entries.keys().copied().collect::<Vec<_>>() {
            let (mut lineage, mut at) = (0, pid);
            for _ in 0..DEPTH {
                let Some(entry) = self.entries.get(&at) else { break };
                lineage |= entry.lineage;
                at = entry.parent;
            }
            let parent = self.entries.get(&pid).map_or(0, |entry| entry.parent);
            let parent_image = self.entries.get(&parent).map(|entry| Arc::clone(&entry.image));
            if let Some(entry) = self.entries.get_mut(&pid) {
                entry.lineage = lineage;
                entry.parent_image = parent_image.or_else(|| entry.parent_image.take());
            }
        }
    }

    /// An exec: from now on the process is something else. `None` for the agent's own.
    pub(super) fn exec(&mut self, pid: u32, at: i64, seen: Seen, from: From) -> Option<Started> {
        if !self.entries.contains_key(&pid) {
            let entry = self.stranger(0, at);
            self.insert(pid, entry);
        }
        let before = self.entries.get(&pid)?;
        if from == From::Connector && at <= before.told_at {
            return None;
        }
        let image = self.image_of(&before.image, &seen);
        let (args, command_line, hash) = (seen.args, seen.command_line, seen.hash);
        let own = self.own;
        let entry = self.entries.get_mut(&pid)?;
        let bit = title_bit(&image);
        let launch = image.title.map(|_| entry.lineage & bit == 0);
        entry.lineage |= bit;
        entry.image = image;
        match from {
            From::Connector => (entry.print, entry.threads, entry.leader) = (None, 1, None),
            From::Poll | From::Trace => entry.told_at = at,
        }
        if pid == own || entry.parent == own {
            return None;
        }
        entry.announced = true;
        Some(Started {
            at,
            from,
            process: self.describe(pid)?,
            args,
            command_line,
            launch,
            hash,
        })
    }

    /// The end of a thread; of the process when it was the last.
    pub(super) fn exit(&mut self, pid: u32, thread: u32, exit: Exit, at: i64) -> Option<Ended> {
        let entry = self.entries.get_mut(&pid)?;
        entry.threads = entry.threads.saturating_sub(1);
        if thread == pid {
            entry.leader = Some(exit);
        }
        let leader = entry.leader?;
        if entry.threads == 0 {
            // All threads of a process that is killed end the same way.
            let exit = if exit.crash { exit } else { leader };
            return self.end(pid, Some(exit), at, From::Connector);
        }
        if thread == pid && self.lingering.len() < LINGERING {
            self.lingering.push(pid);
        }
        None
    }

    /// Processes that go on without their first thread, or of which a thread's end was missed.
    pub(super) fn take_lingering(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.lingering)
    }

    pub(super) fn has_lingering(&self) -> bool {
        !self.lingering.is_empty()
    }

    pub(super) fn linger(&mut self, pid: u32) {
        self.lingering.push(pid);
    }

    /// How its first thread ended, if it did.
    pub(super) fn leader(&self, pid: u32) -> Option<Exit> {
        self.entries.get(&pid)?.leader
    }

    /// The end of a process. `None` when its start was never told, unless it crashed.
    pub(super) fn end(&mut self, pid: u32, exit: Option<Exit>, at: i64, from: From) -> Option<Ended> {
        let process = self.describe(pid)?;
        let entry = self.entries.remove(&pid)?;
        let own = pid == self.own || entry.parent == self.own;
        let told = entry.announced || (exit.is_some_and(|exit| exit.crash) && !entry.kernel);
        (told && !own).then_some(Ended {
            at,
            from,
            process,
            exit,
        })
    }

    fn describe(&self, pid: u32) -> Option<Process> {
        let entry = self.entries.get(&pid)?;
        let parent = (entry.parent != 0).then(|| Parent {
            pid: entry.parent,
            image: match self.entries.get(&entry.parent) {
                // A number that was given again is another process.
                Some(parent) if parent.born <= entry.born => Some(Arc::clone(&parent.image)),
                _ => entry.parent_image.clone(),
            },
        });
        Some(Process {
            pid,
            start: entry.start,
            born: entry.born,
            user: entry.user.clone(),
            effective_user: entry.effective_user.clone(),
            session: entry.session,
            integrity: entry.integrity,
            image: Arc::clone(&entry.image),
            parent,
        })
    }

    fn image_of(&self, before: &Image, seen: &Seen) -> Arc<Image> {
        let mut image = Image {
            name: name_of(seen).unwrap_or_else(|| before.name.clone()),
            comm: seen.comm.clone(),
            executable: seen.executable.clone(),
            command_line: seen.command_line.as_deref().map(|line| kept(line).to_owned()),
            working_directory: seen
                .working_directory
                .clone()
                .or_else(|| before.working_directory.clone()),
            cgroup: seen.cgroup.clone().or_else(|| before.cgroup.clone()),
            title: None,
        };
        image.title = self.watch.title_of(&image);
        Arc::new(image)
    }

    fn stranger(&self, parent: u32, at: i64) -> Entry {
        Entry {
            parent,
            parent_image: None,
            born: at,
            start: Timestamp(at.saturating_add(self.wall)),
            user: None,
            effective_user: None,
            session: None,
            integrity: None,
            image: Arc::new(Image::default()),
            announced: false,
            stranger: true,
            kernel: false,
            print: None,
            told_at: i64::MIN,
            lineage: 0,
            threads: 1,
            leader: None,
        }
    }

    fn insert(&mut self, pid: u32, entry: Entry) {
        if self.entries.len() >= ENTRIES {
            self.forget_oldest();
        }
        self.entries.insert(pid, entry);
    }

    /// Room for a sixteenth, so that this is rare.
    fn forget_oldest(&mut self) {
        let mut born: Vec<i64> = self.entries.values().map(|entry| entry.born).collect();
        let (_, &mut limit, _) = born.select_nth_unstable(ENTRIES / 16);
        self.entries.retain(|_, entry| entry.born > limit);
        tracing::warn!(
            limit = ENTRIES,
            "too many processes: the ends of the oldest are not reported"
        );
    }
}

/// The kernel cuts names here (`TASK_COMM_LEN` without the end).
pub(super) const COMM_BYTES: usize = 15;

/// What is known stays known.
fn keep(known: &mut Option<UserId>, found: Option<&UserId>) {
    if found.is_some() {
        *known = found.cloned();
    }
}

fn title_bit(image: &Image) -> u64 {
    image.title.map_or(0, |title| 1 << title)
}

/// The executable's name; for a script the script's, since the interpreter says nothing.
fn name_of(seen: &Seen) -> Option<String> {
    let Some(executable) = &seen.executable else {
        return seen.comm.clone();
    };
    let base = base_name(executable);
    let short = |name: &str| name.as_bytes()[..name.len().min(COMM_BYTES)].to_vec();
    if let Some(comm) = seen.comm.as_deref().filter(|comm| short(base) != comm.as_bytes()) {
        let is_script = |arg: &&str| short(arg) == comm.as_bytes();
        let first = seen.args.iter().skip(1).take(3);
        if let Some(script) = first.map(|arg| base_name(arg)).find(is_script) {
            return Some(script.to_owned());
        }
    }
    Some(base.to_owned())
}

/// What is kept of a command line for comparison and for children.
pub(super) fn kept(line: &str) -> &str {
    cut(line, KEPT_BYTES)
}

/// The beginning of a text, of at most so many bytes.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}
