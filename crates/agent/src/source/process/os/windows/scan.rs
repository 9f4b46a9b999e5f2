//! What changed in the list of processes since it was looked at before.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::super::super::Resume;
use super::super::super::executables::Executables;
use super::super::super::queue::Outlet;
use super::super::super::record::{From, Record};
use super::super::super::table::{Found, Seen, Table};
use super::super::super::traced::{Missed, Traced};
use super::exit::exit_of;
use super::held::hold;
use super::inspect::{Open, command_line_of};
use super::list::{List, Listed};
use super::since_boot;
use super::trace::with_drive;

/// The kernel's own: no programs.
const KERNEL: [u32; 2] = [0, 4];

/// The list is looked at so often more while somebody in it is just being made.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(4);

/// Who was there when the list was looked at last.
pub(super) struct Scan {
    list: List,
    known: HashMap<u32, Known>,
    executables: Option<Executables>,
    /// For those that a trace tells and the list does not.
    missed: Missed,
    /// Said once.
    failed: bool,
}

/// Somebody who was there.
struct Known {
    born: Option<i64>,
    /// Nothing of who may not be opened.
    open: Option<Open>,
}

impl Scan {
    pub(super) fn new(executables: Option<Executables>) -> Self {
        Self {
            list: List::new(),
            known: HashMap::new(),
            executables,
            missed: Missed::default(),
            failed: false,
        }
    }

    /// Everyone who is there already. Nothing is told, except of processes that began after an earlier run ended.
    pub(super) fn begin(&mut self, table: &mut Table, resume: Option<&Resume>, outlet: &mut Outlet) {
        let mut new = Vec::new();
        for listed in self.listed().into_iter().flatten() {
            let open = Open::of(listed.pid);
            let (found, seen) = look_at(&listed, open.as_ref());
            table.identify(listed.pid, &found);
            if !found.kernel && resume.is_some_and(|resume| resume.is_new(listed.pid, found.born)) {
                new.push((listed.pid, found, seen));
            } else {
                table.settle(listed.pid, &seen);
            }
            self.note(&listed, open);
        }
        table.settle_lineage();
        new.sort_by_key(|(pid, found, _)| (found.born, *pid));
        for (pid, found, seen) in new {
            self.tell(table, outlet, pid, &found, seen);
        }
    }

    /// Tells who is gone, then who is new.
    pub(super) fn again(&mut self, table: &mut Table, outlet: &mut Outlet) {
        let Some(listed) = self.listed_whole() else { return };
        let now = since_boot();
        let there: HashMap<u32, Option<i64>> = listed.iter().map(|process| (process.pid, process.born)).collect();
        // A number may be another's by now.
        let is_gone = |pid: &u32, known: &mut Known| there.get(pid) != Some(&known.born);
        let mut gone: Vec<(u32, Known)> = self.known.extract_if(is_gone).collect();
        gone.sort_by_key(|(pid, _)| *pid);
        for (pid, known) in gone {
            let end = known.open.and_then(|open| open.end());
            let (at, exit) = end.map_or((now, None), |(at, code)| (at, Some(exit_of(code))));
            if let Some(ended) = table.end(pid, exit, at, From::Poll) {
                outlet.put(Record::Ended(Box::new(ended)));
            }
        }
        let mut new = Vec::new();
        for process in listed {
            if self.known.contains_key(&process.pid) {
                continue;
            }
            let open = Open::of(process.pid);
            let (found, seen) = look_at(&process, open.as_ref());
            self.note(&process, open);
            new.push((process.pid, found, seen));
        }
        // A parent before its children, in whatever order they are listed.
        new.sort_by_key(|(pid, found, _)| (found.born, *pid));
        for (pid, found, seen) in new {
            self.tell(table, outlet, pid, &found, seen);
        }
    }

    /// The list has shown a process.
    fn note(&mut self, listed: &Listed, open: Option<Open>) {
        let &Listed { pid, born, .. } = listed;
        self.missed.seen(pid, born, since_boot());
        self.known.insert(pid, Known { born, open });
    }

    /// Tells of processes that were traced and that no list has shown.
    pub(super) fn add(&mut self, traced: impl Iterator<Item = Traced>, table: &mut Table, outlet: &mut Outlet) {
        for traced in traced {
            let Some((start, end)) = self.missed.take(traced) else {
                continue;
            };
            // Its number is another's by now.
            if self.known.contains_key(&start.pid) {
                continue;
            }
            let found = Found {
                parent: start.parent,
                session: start.session,
                born: start.born,
                threads: 1,
                ..Found::default()
            };
            let seen = Seen {
                executable: Some(with_drive(start.executable)),
                ..Seen::default()
            };
            table.identify(start.pid, &found);
            if let Some(started) = table.exec(start.pid, start.born, seen, From::Trace) {
                outlet.put(Record::Started(Box::new(started)));
            }
            if let Some(ended) = table.end(end.pid, Some(exit_of(end.code)), end.at, From::Trace) {
                outlet.put(Record::Ended(Box::new(ended)));
            }
        }
        self.missed.forget(since_boot(), |pid| self.known.contains_key(&pid));
    }

    /// The list without processes that have ended, of which only a handle is left.
    fn listed(&mut self) -> Option<Vec<Listed>> {
        match self.list.processes() {
            Ok(mut listed) => {
                self.failed = false;
                listed.retain(|process| process.threads > 0);
                Some(listed)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(error = watchpost_kit::chain(&error), "cannot list processes");
                }
                None
            }
        }
    }

    /// The list, once who is new in it is more than a number.
    fn listed_whole(&mut self) -> Option<Vec<Listed>> {
        let mut listed = self.listed()?;
        for _ in 0..LOOKS {
            let is_known = |new: &Listed| self.known.get(&new.pid).is_some_and(|known| known.born == new.born);
            let is_unfinished = |new: &Listed| !is_known(new) && !is_whole(new);
            if !listed.iter().any(is_unfinished) {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
            let later = self.listed()?;
            let there: HashSet<u32> = later.iter().map(|process| process.pid).collect();
            // Who ended meanwhile was there nevertheless.
            listed.retain(|process| !there.contains(&process.pid));
            listed.extend(later);
        }
        Some(listed)
    }

    fn tell(&self, table: &mut Table, outlet: &mut Outlet, pid: u32, found: &Found, mut seen: Seen) {
        table.identify(pid, found);
        if found.kernel {
            return;
        }
        if let (Some(executables), Some(path)) = (&self.executables, &seen.executable) {
            seen.hash = hold(path).and_then(|file| executables.ask(file));
        }
        if let Some(started) = table.exec(pid, found.born, seen, From::Poll) {
            outlet.put(Record::Started(Box::new(started)));
        }
    }
}

/// A process is listed before it has a name and a command line.
fn is_whole(listed: &Listed) -> bool {
    let has_line = |open: Open| open.command_line().or_else(|| command_line_of(listed.pid)).is_some();
    !listed.name.is_empty() && Open::of(listed.pid).is_none_or(has_line)
}

/// What there is to know of a process of the list.
fn look_at(listed: &Listed, open: Option<&Open>) -> (Found, Seen) {
    let kernel = KERNEL.contains(&listed.pid);
    let (user, integrity) = open.map_or((None, None), Open::user);
    let found = Found {
        parent: listed.parent,
        user,
        effective_user: None,
        session: Some(listed.session).filter(|_| !kernel),
        integrity,
        born: listed.born.unwrap_or_else(since_boot),
        threads: listed.threads,
        kernel,
        print: None,
    };
    let command_line = open.and_then(Open::command_line);
    let seen = Seen {
        comm: Some(listed.name.clone()),
        executable: open.and_then(Open::executable),
        args: Vec::new(),
        command_line: command_line.or_else(|| command_line_of(listed.pid)),
        ..Seen::default()
    };
    (found, seen)
}
