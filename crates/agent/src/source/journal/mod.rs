//! The systemd journal, read through `journalctl --output=json`.
//!
//! A child follows the journal; a thread reads its lines and waits when the source is behind, so nothing is dropped: the
//! journal itself is the buffer. Positions count entries as they are received. The notes of a checkpoint hold the cursor
//! of the newest entry in the batch, and after a restart the child begins with exactly that entry.
//!
//! A child that dies is started again from the newest cursor, later and later while it keeps dying.

mod entry;
mod follow;
mod os;
mod settings;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_event::{Epoch, Fields, Skip, StreamKey, Timestamp, names};
use watchpost_kit::{Backoff, Rng, chain};
use watchpost_pipeline::enrich_auth;

use super::file::Start;
use super::{Activity, CounterStream, Identity, Notice, Rewound, SendPolicy, Sink, Source, SourceError, Waker};
use entry::{Entry, Own, is_cursor};
use follow::{Follower, From, Item, Next};

pub use settings::{JournalSection, JournalSettings};

/// The stream's name.
const STREAM: &str = "journal";
/// Read in one poll, in bytes of JSON.
const POLL_BUDGET: u64 = 4 << 20;
/// While entries come, they are gathered for so long; the first after a pause wakes the collector at once.
const BUSY_PAUSE_NANOS: i64 = 50_000_000;
const QUIET_PAUSE_NANOS: i64 = 1_000_000_000;
/// A child that died is started again after at most so long …
const RESTART_FIRST: Duration = Duration::from_millis(500);
/// … and when it dies again and again, after at most so long.
const RESTART_LAST: Duration = Duration::from_secs(30);
/// What `start = "recent"` means.
const RECENT: Duration = Duration::from_hours(24);
/// Ends of batches whose cursors are remembered, for a server that lost what it had.
const MARKS_LIMIT: usize = 1024;

/// Entries that belong to none of the units asked for.
const UNIT: &str = "unit";
/// A line longer than 1 MiB, which no entry but a core dump's has.
const TOO_LONG: &str = "record-too-long";
/// A line that is no JSON object.
const UNREADABLE: &str = "unreadable";

/// Whether this host keeps a journal that we may read: `journalctl` is there, and a system journal of this machine in
/// `/run/log/journal` or `/var/log/journal` can be opened.
pub fn available() -> bool {
    os::available()
}

/// Globs of the files that rsyslog and syslog-ng fill from the journal: where the journal is read, they hold nothing
/// new.
pub fn fed_from_journal() -> Vec<String> {
    const LOGS: [&str; 16] = [
        "syslog",
        "messages",
        "auth.log",
        "secure",
        "kern.log",
        "daemon.log",
        "user.log",
        "cron.log",
        "cron",
        "mail.log",
        "mail.info",
        "mail.warn",
        "mail.err",
        "maillog",
        "debug",
        "lpr.log",
    ];
    // Themselves, and as rotation names them.
    const ENDINGS: [&str; 3] = ["", ".*", "-*"];
    let named = |log: &&str| ENDINGS.map(|ending| format!("/var/log/{log}{ending}"));
    LOGS.iter().flat_map(named).collect()
}

/// Follows the journal.
pub struct JournalSource {
    stream: CounterStream,
    settings: JournalSettings,
    host: String,
    own: Own,
    waker: Waker,
    follower: Option<Follower>,
    waiting: VecDeque<Item>,
    /// Of the newest entry that was taken in.
    cursor: Option<String>,
    /// The child began with this entry, which was taken in before.
    passed: Option<String>,
    /// What was taken in goes into the spool at once.
    hurry: bool,
    /// When this source first looked, for what lies before it.
    since: Option<Timestamp>,
    /// Nothing was taken in by an earlier run.
    first_ever: bool,
    /// The child shows nothing but the newest entry and what follows.
    only_newest: bool,
    /// Positions at which batches ended, with their cursors.
    marks: VecDeque<(u64, String)>,
    backoff: Backoff,
    /// When the child may be started, and when that was decided.
    restart_at: Timestamp,
    ended_at: Timestamp,
    /// What the operator was told last about a child that does not run.
    told: Option<String>,
    notices: Vec<Notice>,
}

impl JournalSource {
    /// A source that goes on from `known` checkpoints. `draw` gives random numbers, `waker` is rung when entries come
    /// after a pause.
    pub fn new(
        settings: &JournalSettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: impl Fn() -> u64,
        waker: Waker,
    ) -> Result<Self, SourceError> {
        let stream = CounterStream::new(STREAM, identity, &Fields::new(), policy, known, &draw)?;
        let cursor = stream.notes()["cursor"].as_str().filter(|cursor| is_cursor(cursor));
        let cursor = cursor.map(str::to_owned);
        let mut source = Self {
            stream,
            settings: settings.clone(),
            host: identity.fields.text(names::HOST_NAME).unwrap_or_default().to_owned(),
            own: Own::new(),
            waker,
            follower: None,
            waiting: VecDeque::new(),
            first_ever: cursor.is_none(),
            only_newest: false,
            cursor,
            passed: None,
            hurry: false,
            since: None,
            marks: VecDeque::new(),
            backoff: Backoff::new(RESTART_FIRST, RESTART_LAST, Rng::new(draw())),
            restart_at: Timestamp(i64::MIN),
            ended_at: Timestamp(i64::MIN),
            told: None,
            notices: Vec::new(),
        };
        source.mark();
        Ok(source)
    }

    /// The process id of `journalctl`, while it runs.
    pub fn child(&self) -> Option<u32> {
        self.follower.as_ref().map(Follower::pid)
    }

    /// Starts the child when that is due.
    fn keep_following(&mut self, now: Timestamp) {
        // A clock that was set back must not hold it up.
        if self.follower.is_some() || (now < self.restart_at && now >= self.ended_at) {
            return;
        }
        let first = self.since.is_none();
        let since = *self.since.get_or_insert(now);
        let from = match (&self.cursor, self.settings.start) {
            (Some(cursor), _) => From::Cursor(cursor.clone()),
            (None, Start::Beginning) => From::Oldest,
            (None, Start::End) if first => From::Newest,
            (None, Start::End) => From::Since(seconds(since)),
            (None, Start::Within(back)) => From::Since(seconds(before(since, back))),
            (None, Start::Recent) => From::Since(seconds(before(since, RECENT))),
        };
        self.passed = self.cursor.clone();
        self.only_newest = from == From::Newest;
        match Follower::start(self.settings.directory.as_deref(), &from, self.waker.clone()) {
            Ok(follower) => self.follower = Some(follower),
            Err(error) => self.ended(now, &format!("journalctl cannot be started: {}", chain(&error))),
        }
    }

    /// The child is gone, or never came.
    fn ended(&mut self, now: Timestamp, complaint: &str) {
        self.follower = None;
        let delay = i64::try_from(self.backoff.next_delay().as_nanos()).unwrap_or(i64::MAX);
        self.ended_at = now;
        self.restart_at = now.plus(delay);
        let reason = match complaint {
            "" => "journalctl ended",
            complaint => complaint,
        };
        if self.told.as_deref() != Some(reason) {
            self.told = Some(reason.to_owned());
            self.notices.push(Notice::Journal {
                reason: reason.to_owned(),
            });
        }
    }

    /// The next item of the child's output, if there is one now.
    fn next_item(&mut self, now: Timestamp) -> Option<Item> {
        if self.waiting.is_empty() {
            match self.follower.as_ref()?.next() {
                Next::Items(items) => self.waiting.extend(items),
                Next::Nothing => {}
                Next::Ended(complaint) => self.ended(now, &complaint),
            }
        }
        self.waiting.pop_front()
    }

    /// Takes in what came, until there is nothing, or enough for one poll, or no room.
    fn take_in(&mut self, now: Timestamp, sink: &mut dyn Sink, activity: &mut Activity) -> Result<(), SourceError> {
        while activity.read_bytes < POLL_BUDGET {
            if !self.stream.has_room() && !self.hand_out(now, sink)? {
                return Ok(());
            }
            let Some(item) = self.next_item(now) else {
                return Ok(());
            };
            activity.read_bytes += item.bytes() as u64;
            match item {
                Item::Line(line) => self.take(&line, now),
                Item::TooLong(cursor) => {
                    if self.is_news(cursor.as_deref()) {
                        self.stream.lose(1, TOO_LONG, now);
                        self.note(cursor);
                    }
                }
            }
        }
        activity.more = true;
        Ok(())
    }

    fn take(&mut self, line: &[u8], now: Timestamp) {
        let Some(entry) = Entry::parse(line) else {
            self.stream.lose(1, UNREADABLE, now);
            return;
        };
        if !self.is_news(entry.cursor()) {
            return;
        }
        // Our own entries are passed over without a trace: to count one would make a batch, and the next entry of ours.
        if entry.is_by(&self.own) {
            return;
        }
        if std::mem::take(&mut self.only_newest) && !self.is_before_start(&entry) {
            // The journal was empty, or more came while the child started: everything since the start is asked for.
            self.follower = None;
            self.waiting.clear();
            return;
        }
        if self.is_before_start(&entry) {
            self.stream.leave_out(Skip::BEFORE_START, now);
            self.hurry = true;
        } else if self.settings.units.as_ref().is_some_and(|units| !entry.is_of(units)) {
            self.stream.leave_out(UNIT, now);
        } else {
            let mut event = entry.to_event(&self.host, now);
            if self.settings.auth {
                enrich_auth(&mut event);
            }
            self.stream.push(event, line.len() as u64, now);
        }
        self.note(entry.cursor().map(str::to_owned));
        self.backoff.reset();
        self.told = None;
    }

    /// False for the one entry the child began with although it was taken in before.
    fn is_news(&mut self, cursor: Option<&str>) -> bool {
        let passed = self.passed.take();
        passed.is_none() || passed.as_deref() != cursor
    }

    /// At a first start at the end, the newest entry there is comes along, so that its cursor is known: what is written
    /// while the agent is down before a second entry came is then not missed.
    fn is_before_start(&self, entry: &Entry) -> bool {
        let end = self.first_ever && self.settings.start == Start::End;
        end && entry.received() < self.since
    }

    fn note(&mut self, cursor: Option<String>) {
        if let Some(cursor) = cursor {
            self.stream.set_notes(json!({ "cursor": cursor }));
            self.cursor = Some(cursor);
        }
    }

    fn hand_out(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<bool, SourceError> {
        let room = self.stream.hand_out(now, self.hurry, sink)?;
        self.hurry = false;
        self.mark();
        Ok(room)
    }

    /// Remembers the cursor at the end of a batch.
    fn mark(&mut self) {
        let position = self.stream.position();
        let is_new = self.marks.back().is_none_or(|(last, _)| *last < position);
        if let Some(cursor) = &self.cursor
            && is_new
            && self.stream.is_cut()
        {
            self.marks.push_back((position, cursor.clone()));
            if self.marks.len() > MARKS_LIMIT {
                self.marks.pop_front();
            }
        }
    }

    /// Reads again from where a batch ended at `to`; false when that is not known any more.
    fn go_back(&mut self, to: u64) -> bool {
        let Some(at) = self.marks.iter().position(|(position, _)| *position == to) else {
            return false;
        };
        let cursor = self.marks[at].1.clone();
        self.marks.truncate(at + 1);
        self.waiting.clear();
        self.follower = None;
        self.restart_at = Timestamp(i64::MIN);
        self.stream.go_back(to, json!({ "cursor": cursor }));
        self.cursor = Some(cursor);
        true
    }

    /// When there is something to do at the latest.
    fn next_due(&self, read: bool, now: Timestamp) -> Timestamp {
        let look = match (&self.follower, read) {
            (None, _) => self.restart_at,
            (Some(_), true) => now.plus(BUSY_PAUSE_NANOS),
            (Some(_), false) => now.plus(QUIET_PAUSE_NANOS),
        };
        self.stream.due().map_or(look, |due| due.min(look)).max(now)
    }
}

impl Source for JournalSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut activity = Activity::default();
        self.keep_following(now);
        self.take_in(now, sink, &mut activity)?;
        if activity.read_bytes == 0
            && let Some(follower) = &self.follower
        {
            // What came between the last look and now rang no bell.
            follower.sleep();
            self.take_in(now, sink, &mut activity)?;
        }
        let room = self.hand_out(now, sink)?;
        activity.blocked = !room;
        activity.more &= room;
        activity.next = self.next_due(activity.read_bytes > 0, now);
        activity.notices = std::mem::take(&mut self.notices);
        Ok(activity)
    }

    fn rewind(&mut self, key: &StreamKey, to: u64, _now: Timestamp) -> Rewound {
        if *key == self.stream.key() && self.go_back(to) {
            return Rewound::Again;
        }
        self.stream.cannot_go_back(key)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        if *key == self.stream.key() {
            // What is not in the spool yet is read again rather than declared as lost.
            self.go_back(self.stream.taken());
            self.stream.change_epoch(key, epoch);
        }
    }
}

fn before(time: Timestamp, back: Duration) -> Timestamp {
    time.plus(-i64::try_from(back.as_nanos()).unwrap_or(i64::MAX))
}

fn seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000_000_000).max(0)
}
