//! Processes that live shorter than the list is looked at: a trace tells their starts and ends, a little later.
//!
//! The list stays the truth: what it has shown is not told again. A start that the list did not show is told together with
//! its end.

use std::collections::{HashMap, VecDeque};

/// Starts at most that wait for their end, and processes that are remembered.
const LIMIT: usize = 16_384;
/// A trace tells things late by so much at most, in nanoseconds; what is older is not waited for.
const LATE: i64 = 30_000_000_000;
/// List and trace say when a process began; both have it from the kernel, in different units.
const SAME: i64 = 10_000_000;

/// A start that was traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) session: Option<u32>,
    /// Nanoseconds since 1970, like all times here.
    pub(super) born: i64,
    pub(super) executable: String,
}

/// An end that was traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) pid: u32,
    pub(super) born: i64,
    pub(super) at: i64,
    pub(super) code: u32,
}

/// What a trace tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Traced {
    Start(Start),
    End(End),
}

/// What is known of processes from both sides.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// From the list; the birth is not known of one that may not be opened.
    seen: HashMap<u32, Option<i64>>,
    /// Who was seen longest ago stands first.
    order: VecDeque<(u32, i64)>,
    waiting: HashMap<u32, Start>,
}

impl Missed {
    /// The list has shown a process.
    pub(super) fn seen(&mut self, pid: u32, born: Option<i64>, now: i64) {
        self.seen.insert(pid, born);
        self.order.push_back((pid, now));
        self.waiting.remove(&pid);
        while self.order.len() > LIMIT {
            if let Some((pid, _)) = self.order.pop_front() {
                self.seen.remove(&pid);
            }
        }
    }

    /// Takes what was traced; gives a process that the list did not show, and that has ended.
    pub(super) fn take(&mut self, traced: Traced) -> Option<(Start, End)> {
        match traced {
            Traced::Start(start) => {
                if !self.was_seen(start.pid, start.born) && self.waiting.len() < LIMIT {
                    self.waiting.insert(start.pid, start);
                }
                None
            }
            Traced::End(end) => {
                let start = self.waiting.get(&end.pid)?;
                if (start.born - end.born).abs() > SAME {
                    return None;
                }
                let start = self.waiting.remove(&end.pid)?;
                Some((start, end))
            }
        }
    }

    /// Forgets what no trace will speak of any more. `there` says whether the list has a process now.
    pub(super) fn forget(&mut self, now: i64, there: impl Fn(u32) -> bool) {
        self.waiting.retain(|_, start| now - start.born < LATE);
        while let Some((pid, at)) = self.order.front().copied()
            && now - at >= LATE
        {
            self.order.pop_front();
            if there(pid) {
                self.order.push_back((pid, now));
            } else {
                self.seen.remove(&pid);
            }
        }
    }

    fn was_seen(&self, pid: u32, born: i64) -> bool {
        match self.seen.get(&pid) {
            Some(Some(known)) => (known - born).abs() <= SAME,
            Some(None) => true,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn start(pid: u32, born: i64) -> Traced {
        Traced::Start(Start {
            pid,
            parent: 1,
            session: Some(1),
            born,
            executable: "C:\\a.exe".to_owned(),
        })
    }

    fn end(pid: u32, born: i64) -> Traced {
        Traced::End(End {
            pid,
            born,
            at: born + 5,
            code: 3,
        })
    }

    #[test]
    fn who_was_never_listed_is_told_once_with_its_end() {
        let mut missed = Missed::default();
        assert_eq!(missed.take(start(7, SECOND)), None);
        let (began, ended) = missed.take(end(7, SECOND)).expect("it was missed");
        assert_eq!((began.pid, began.born, ended.code), (7, SECOND, 3));
        assert_eq!(missed.take(end(7, SECOND)), None, "once");
    }

    #[test]
    fn who_was_listed_is_not_told_again() {
        let mut missed = Missed::default();
        missed.seen(7, Some(SECOND), SECOND);
        assert_eq!(missed.take(start(7, SECOND + 100)), None);
        assert_eq!(missed.take(end(7, SECOND + 100)), None);
        // The trace is earlier than the list.
        assert_eq!(missed.take(start(8, SECOND)), None);
        missed.seen(8, Some(SECOND), SECOND);
        assert_eq!(missed.take(end(8, SECOND)), None);
        // Nobody knows when a protected process began.
        missed.seen(9, None, SECOND);
        assert_eq!(missed.take(start(9, SECOND)), None);
        assert_eq!(missed.take(end(9, SECOND)), None);
    }

    #[test]
    fn a_number_that_is_given_again_is_another_process() {
        let mut missed = Missed::default();
        missed.seen(7, Some(SECOND), SECOND);
        assert_eq!(missed.take(start(7, 2 * SECOND)), None);
        assert!(missed.take(end(7, 2 * SECOND)).is_some());
        assert_eq!(missed.take(start(7, 3 * SECOND)), None);
        assert_eq!(missed.take(end(7, SECOND)), None, "the end of an earlier one");
        assert!(missed.take(end(7, 3 * SECOND)).is_some());
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut missed = Missed::default();
        missed.seen(7, Some(0), 0);
        missed.seen(8, Some(0), 0);
        missed.take(start(9, 0));
        missed.forget(LATE, |pid| pid == 8);
        assert!(missed.waiting.is_empty());
        assert!(!missed.was_seen(7, 0));
        assert!(missed.was_seen(8, 0), "it is still there");
        missed.forget(2 * LATE, |_| false);
        assert!(!missed.was_seen(8, 0));
    }

    #[test]
    fn a_flood_has_a_limit() {
        let mut missed = Missed::default();
        for pid in 0..LIMIT as u32 * 2 {
            missed.take(start(pid, 0));
            missed.seen(pid + (1 << 20), None, 0);
        }
        assert!(missed.waiting.len() <= LIMIT && missed.seen.len() <= LIMIT && missed.order.len() <= LIMIT);
    }
}
