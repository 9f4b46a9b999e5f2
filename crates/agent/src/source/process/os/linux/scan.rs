//! Looking at all of `/proc`: at the beginning, where the kernel does not tell, and after it told too little.

use std::collections::HashSet;

use super::super::super::queue::Outlet;
use super::super::super::record::{From, Record};
use super::super::super::table::{Entry, Found, Seen, Table};
use super::super::super::{Resume, TICK};
use super::procfs::{ProcReader, Stat, pids};
use super::since_boot;

/// Everyone who is there already. Nothing is told, except of processes that began after an earlier run ended.
pub(super) fn begin(table: &mut Table, reader: &mut ProcReader, resume: Option<&Resume>, outlet: &mut Outlet) {
    let mut new = Vec::new();
    for pid in pids() {
        let Some(stat) = reader.stat(pid).filter(is_alive) else {
            continue;
        };
        let found = reader.found(pid, &stat);
        table.identify(pid, &found);
        let seen = if found.kernel {
            kernel_thread(&stat)
        } else {
            reader.see(pid, false)
        };
        if !found.kernel && resume.is_some_and(|resume| resume.is_new(pid, found.born)) {
            new.push((found.born, pid, found, seen));
        } else {
            table.settle(pid, &seen);
        }
    }
    table.settle_lineage();
    new.sort_by_key(|(born, pid, ..)| (*born, *pid));
    for (born, pid, found, mut seen) in new {
        seen.hash = reader.hash(pid);
        tell(table, outlet, pid, born, &found, seen);
    }
}

/// What changed since. Processes that are gone are handed back: perhaps a message about their end is under way.
pub(super) fn again(table: &mut Table, reader: &mut ProcReader, outlet: &mut Outlet) -> Vec<(u32, i64)> {
    let begun = since_boot();
    let mut there = HashSet::new();
    for pid in pids() {
        let Some(stat) = reader.stat(pid).filter(is_alive) else {
            continue;
        };
        there.insert(pid);
        match table.get(pid) {
            Some(entry) if is_same(entry, &stat) => {
                let kernel = entry.kernel;
                if !kernel {
                    look_for_exec(table, reader, outlet, pid, &stat);
                }
            }
            Some(_) => {
                if let Some(ended) = table.end(pid, None, begun, From::Poll) {
                    outlet.put(Record::Ended(Box::new(ended)));
                }
                meet(table, reader, outlet, pid, &stat);
            }
            None => meet(table, reader, outlet, pid, &stat),
        }
    }
    let gone = |(pid, born): &(u32, i64)| !there.contains(pid) && *born < begun;
    table.everyone().into_iter().filter(gone).collect()
}

/// A zombie has ended: only its parent has not asked how.
pub(super) fn is_alive(stat: &Stat) -> bool {
    // Its first thread may be gone while others go on.
    !matches!(stat.state, b'Z' | b'X') || stat.threads > 1
}

fn is_same(entry: &Entry, stat: &Stat) -> bool {
    (entry.born - stat.born()).abs() < 2 * TICK
}

/// A process that was not known.
fn meet(table: &mut Table, reader: &mut ProcReader, outlet: &mut Outlet, pid: u32, stat: &Stat) {
    let found = reader.found(pid, stat);
    if found.kernel {
        table.identify(pid, &found);
        table.settle(pid, &kernel_thread(stat));
        return;
    }
    let now = since_boot();
    let mut seen = reader.see(pid, false);
    let forked = table
        .get(found.parent)
        .is_some_and(|parent| runs_the_same(parent, found.print, &seen));
    if forked {
        // A fork alone is no start; how it ends may matter.
        let missed = table.fork(found.parent, pid, found.born);
        debug_assert!(missed.is_none(), "it was not known");
        table.identify(pid, &found);
        return;
    }
    seen.hash = reader.hash(pid);
    tell(table, outlet, pid, now, &found, seen);
}

fn tell(table: &mut Table, outlet: &mut Outlet, pid: u32, at: i64, found: &Found, seen: Seen) {
    table.identify(pid, found);
    if let Some(started) = table.exec(pid, at, seen, From::Poll) {
        outlet.put(Record::Started(Box::new(started)));
    }
}

/// Whether a known process has become another program since.
fn look_for_exec(table: &mut Table, reader: &mut ProcReader, outlet: &mut Outlet, pid: u32, stat: &Stat) {
    let Some(entry) = table.get(pid) else { return };
    let suspect = match (entry.print, stat.print) {
        (Some(before), Some(now)) => before != now,
        (None, Some(_)) => true,
        (_, None) => entry.image.comm.as_deref() != Some(stat.comm.as_str()),
    };
    if entry.stranger {
        let found = reader.found(pid, stat);
        table.identify(pid, &found);
    }
    if !suspect {
        return;
    }
    let now = since_boot();
    let mut seen = reader.see(pid, false);
    let Some(entry) = table.get_mut(pid) else { return };
    let certain = entry.print.is_some() && stat.print.is_some();
    let changed = certain || !runs_the_same(entry, stat.print, &seen);
    entry.print = stat.print;
    if changed && seen.command_line.is_some() {
        seen.hash = reader.hash(pid);
    }
    if changed
        && seen.command_line.is_some()
        && let Some(started) = table.exec(pid, now, seen, From::Poll)
    {
        outlet.put(Record::Started(Box::new(started)));
    }
}

/// By where the kernel put the program, which only an exec changes; where that may not be seen, by its words.
fn runs_the_same(entry: &Entry, print: Option<u64>, seen: &Seen) -> bool {
    if let (Some(before), Some(now)) = (entry.print, print) {
        return before == now;
    }
    let line = seen.command_line.as_deref().map(super::super::super::table::kept);
    entry.image.executable == seen.executable && entry.image.command_line.as_deref() == line
}

fn kernel_thread(stat: &Stat) -> Seen {
    Seen {
        comm: Some(stat.comm.clone()),
        ..Seen::default()
    }
}
