//! The best rows of a search so far: those in memory, and those of which only time and place in a file are known yet.
//! Of a row that may never leave, nothing more than its time is read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::api::Place;
use crate::{Row, Summary};

/// A file, as its walk knows it, and a row of it.
pub(crate) type Named = (usize, u64);

pub(crate) struct Best {
    /// How many more rows may leave.
    left: usize,
    after: Option<Place>,
    rows: BTreeMap<Place, Row>,
    named: BTreeMap<i64, Vec<Named>>,
    /// How many of `rows` and `named` there are of each time, as far back as they are wanted; and all together. Rows
    /// of the moment to go on behind are not counted before it is known that they are behind it.
    counts: BTreeMap<i64, usize>,
    counted: usize,
    named_rows: usize,
    /// The latest time of which a row was left out, since enough others were counted.
    floor: Option<i64>,
    /// Not all that were counted came: what was left out for them is wanted after all.
    short: bool,
    /// Then nothing leaves that something left out could come before.
    exact: bool,
}

impl Best {
    pub(crate) fn new(left: usize, after: Option<Place>, exact: bool) -> Self {
        Self {
            left,
            after,
            rows: BTreeMap::new(),
            named: BTreeMap::new(),
            counts: BTreeMap::new(),
            counted: 0,
            named_rows: 0,
            floor: None,
            short: false,
            exact,
        }
    }

    /// How many rows may still leave.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// How many rows are named and not read.
    pub(crate) fn named_rows(&self) -> usize {
        self.named_rows
    }

    /// Some rows that were counted cannot be read.
    pub(crate) fn miss(&mut self) {
        self.short = true;
    }

    /// When rows are missing that were counted: the time from which on, backwards, everything must be looked at again.
    pub(crate) fn gap(&self) -> Option<i64> {
        self.floor.filter(|_| self.short && self.exact)
    }

    /// A row of this time was left out.
    pub(crate) fn leave_out(&mut self, time: i64) {
        self.floor = self.floor.max(Some(time));
    }

    /// Whether a row of this time can still be among the best.
    pub(crate) fn wants(&self, time: i64) -> bool {
        self.counted < self.left
            || (self.left > 0 && self.counts.first_key_value().is_some_and(|(&last, _)| time >= last))
    }

    /// Whether at least so many rows are later than a time.
    pub(crate) fn are_behind(&self, time: i64, rows: usize) -> bool {
        let later = self.counts.iter().rev().take_while(|(at, _)| **at > time);
        let mut found = 0;
        for (_, count) in later {
            found += count;
            if found >= rows {
                return true;
            }
        }
        false
    }

    pub(crate) fn add(&mut self, row: Row) {
        let time = row.event.time.0;
        if self.insert(row) {
            self.count(time);
        }
    }

    /// A row of a file that matches.
    pub(crate) fn name(&mut self, time: i64, named: Named) {
        if !self.wants(time) {
            return self.leave_out(time);
        }
        self.named.entry(time).or_default().push(named);
        self.named_rows += 1;
        if !self.is_doubtful(time) {
            self.count(time);
        }
    }

    /// The named rows that are later, by file and row; they are to be added by [`Self::add_named`].
    pub(crate) fn take_named(&mut self, reached: Option<i64>) -> Vec<Named> {
        let later = match reached.map(|reached| reached.checked_add(1)) {
            None => std::mem::take(&mut self.named),
            Some(None) => return Vec::new(),
            Some(Some(first)) => self.named.split_off(&first),
        };
        let mut named: Vec<Named> = later.into_values().flatten().collect();
        self.named_rows -= named.len();
        named.sort_unstable();
        named
    }

    pub(crate) fn add_named(&mut self, row: Row) {
        let time = row.event.time.0;
        let (inserted, doubtful) = (self.insert(row), self.is_doubtful(time));
        if inserted && doubtful {
            self.count(time);
        } else if !inserted && !doubtful {
            self.short = true;
            self.uncount(time);
        }
    }

    /// Hands out the rows later than `reached`, or all.
    pub(crate) fn hand_out(
        &mut self,
        reached: Option<i64>,
        summary: &mut Summary,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let reached = self.gap().max(reached);
        while self.left > 0
            && let Some(first) = self.rows.first_entry()
            && reached.is_none_or(|reached| first.key().time.0 > reached)
        {
            let row = first.remove();
            self.left -= 1;
            self.uncount(row.event.time.0);
            summary.rows += 1;
            out(row)?;
        }
        ControlFlow::Continue(())
    }

    /// Of the moment to go on behind: its id decides.
    fn is_doubtful(&self, time: i64) -> bool {
        self.after.as_ref().is_some_and(|after| after.time.0 == time)
    }

    fn insert(&mut self, row: Row) -> bool {
        let place = row.place();
        if self.after.as_ref().is_some_and(|after| place <= *after) || self.rows.contains_key(&place) {
            return false;
        }
        self.rows.insert(place, row);
        if self.rows.len() > self.left {
            // It stays counted: of its moment there are enough.
            if let Some((place, _)) = self.rows.pop_last() {
                self.leave_out(place.time.0);
            }
        }
        true
    }

    fn count(&mut self, time: i64) {
        *self.counts.entry(time).or_default() += 1;
        self.counted += 1;
        while let Some(last) = self.counts.first_entry()
            && self.counted - last.get() >= self.left
        {
            let (time, count) = last.remove_entry();
            self.counted -= count;
            self.named_rows -= self.named.remove(&time).map_or(0, |named| named.len());
            self.floor = self.floor.max(Some(time));
        }
    }

    fn uncount(&mut self, time: i64) {
        if let Some(count) = self.counts.get_mut(&time) {
            *count -= 1;
            self.counted -= 1;
            if *count == 0 {
                self.counts.remove(&time);
            }
        }
    }
}
