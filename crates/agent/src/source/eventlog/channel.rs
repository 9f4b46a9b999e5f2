//! One channel of the log, from the event on that was taken in last.
//!
//! A checkpoint's notes hold the number of the newest event in the batch, its time and a bookmark of it. Numbers rise by one,
//! so that events which the log wrote over before they were read are known, and counted as lost. A stream's positions are
//! counts of their own: they go on when the numbers of events begin again.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use watchpost_event::{Epoch, Event, Fields, Skip, StreamKey, Timestamp};
use watchpost_kit::{Backoff, Rng, chain};
use watchpost_pipeline::{Codec, CodecContext, Decoder, TimeZone};

use super::log::{EventLog, From, Logged, Reading, Request, Unopened, Which};
use super::place::{Fate, Place};
use super::settings::EventLogSettings;
use crate::source::file::Start;
use crate::source::{CounterStream, EventLogNotice, Identity, Notice, Rewound, SendPolicy, Sink, SourceError};

/// Events asked for at once.
const AT_ONCE: usize = 64;
/// A channel that cannot be read is tried again after at most so long …
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// … and in the end.
const RETRY_LAST: Duration = Duration::from_mins(1);
/// Ends of batches whose bookmarks are remembered, for a server that lost what it had.
const MARKS_LIMIT: usize = 1024;
/// What `start = "recent"` means.
const RECENT: Duration = Duration::from_hours(24);

/// Written over, or cleared, before they were read.
const OVERWRITTEN: &str = "overwritten";
/// The agent's own, in the Application log: they are collected from the agent itself.
const OWN_PROVIDER: &str = "Watchpost";

/// Events that are gone are told about this often at most.
const TELL_MISSED_EVERY_NANOS: i64 = 60_000_000_000;
/// Without room for so long the channel is closed: when it is opened again, it shows whether the place is still there.
const CLOSE_AFTER_NANOS: i64 = 10_000_000_000;

pub(super) struct Channel {
    name: String,
    /// Somebody named it: it is worth saying that it is not there.
    wanted: bool,
    stream: CounterStream,
    decoder: Decoder,
    constants: Fields,
    settings: EventLogSettings,
    reading: Option<Box<dyn Reading>>,
    waiting: VecDeque<Logged>,
    place: Option<Place>,
    /// What had become of it when the channel was opened.
    fate: Fate,
    /// When it was to be read first; what `start` goes back from.
    began: Option<Timestamp>,
    /// Older events are left out by their times, which need not rise with their numbers: holes mean nothing yet.
    by_time: bool,
    /// What was taken in goes into the spool at once.
    hurry: bool,
    /// Since when there is no room.
    full_since: Option<Timestamp>,
    /// Events that were gone, and not told about yet.
    missed: u64,
    tell_missed_at: Timestamp,
    /// Events asked for at once: fewer after an error, since some answers are too large for the system.
    at_once: usize,
    marks: VecDeque<(u64, Place)>,
    backoff: Backoff,
    /// When it may be opened, and when that was decided.
    open_at: Timestamp,
    failed_at: Timestamp,
    /// What the operator was told last.
    told: Option<String>,
}

impl Channel {
    pub(super) fn new(
        (name, wanted): (&str, bool),
        settings: &EventLogSettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: &dyn Fn() -> u64,
    ) -> Result<Self, SourceError> {
        let stream = match settings.name.as_str() {
            "" => format!("eventlog:{name}"),
            section => format!("eventlog:{section}:{name}"),
        };
        let stream = CounterStream::new(&stream, identity, &Fields::new(), policy, known, draw)?;
        let place = Place::read(stream.notes());
        let mut channel = Self {
            name: name.to_owned(),
            wanted,
            stream,
            decoder: Decoder::new(Codec::WinXml, TimeZone::UTC),
            constants: identity.fields.clone(),
            settings: settings.clone(),
            reading: None,
            waiting: VecDeque::new(),
            place,
            fate: Fate::Kept,
            began: None,
            by_time: false,
            hurry: false,
            full_since: None,
            missed: 0,
            tell_missed_at: Timestamp(i64::MIN),
            at_once: AT_ONCE,
            marks: VecDeque::new(),
            backoff: Backoff::new(RETRY_FIRST, RETRY_LAST, Rng::new(draw())),
            open_at: Timestamp(i64::MIN),
            failed_at: Timestamp(i64::MIN),
            told: None,
        };
        channel.mark();
        Ok(channel)
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Takes in what there is, up to a budget in bytes. Says how many there were, and whether there is room for more.
    pub(super) fn poll(
        &mut self,
        log: &dyn EventLog,
        budget: u64,
        now: Timestamp,
        (sink, notices): (&mut dyn Sink, &mut Vec<Notice>),
    ) -> Result<(u64, bool), SourceError> {
        let mut read = 0;
        while read < budget {
            if !self.stream.has_room() && !self.hand_out(now, sink)? {
                self.rest(now);
                return Ok((read, false));
            }
            self.full_since = None;
            self.keep_open(log, now, notices);
            let Some(logged) = self.next(now, notices) else { break };
            read += logged.xml.len() as u64;
            self.take(logged, now, notices);
        }
        self.tell_missed(now, notices);
        let room = self.hand_out(now, sink)?;
        Ok((read, room))
    }

    /// There is no room: what was not taken in stays in the log.
    fn rest(&mut self, now: Timestamp) {
        let since = *self.full_since.get_or_insert(now);
        if now >= since.plus(CLOSE_AFTER_NANOS) {
            self.reading = None;
            self.waiting.clear();
        }
    }

    fn keep_open(&mut self, log: &dyn EventLog, now: Timestamp, notices: &mut Vec<Notice>) {
        // A clock that was set back must not hold it up.
        if self.reading.is_some() || !self.waiting.is_empty() || (now < self.open_at && now >= self.failed_at) {
            return;
        }
        match self.open(log, now) {
            Ok(reading) => self.reading = Some(reading),
            Err(error) => {
                let quiet = matches!(error, Unopened::NoChannel) && !self.wanted;
                self.failed(&chain(&error), quiet, now, notices);
            }
        }
    }

    fn open(&mut self, log: &dyn EventLog, now: Timestamp) -> Result<Box<dyn Reading>, Unopened> {
        let began = *self.began.get_or_insert(now);
        if self.place.is_none() && self.settings.start == Start::End {
            self.begin_at_end(log, now)?;
        }
        self.fate = match &self.place {
            Some(place) => place.fate(log, &self.name)?,
            None => Fate::Kept,
        };
        let from = match (&self.place, self.fate) {
            (Some(place), Fate::Kept) => From::After(&place.bookmark),
            (Some(_), _) => From::Oldest,
            (None, _) => self.first(began),
        };
        self.by_time = matches!(from, From::Since(_));
        log.open(&Request {
            channel: &self.name,
            query: &self.settings.query,
            from,
            render: self.settings.render_message,
        })
    }

    /// The newest event there is, whatever the filter says, is the place to go on from: what is written from now on is not
    /// missed, even if the agent is down before the first event comes.
    fn begin_at_end(&mut self, log: &dyn EventLog, now: Timestamp) -> Result<(), Unopened> {
        if let Some(newest) = log.find(&self.name, Which::Newest)? {
            self.stream.leave_out(Skip::BEFORE_START, now);
            self.hurry = true;
            self.stand_at(Place::of(newest));
        }
        Ok(())
    }

    /// Where reading begins at the first start. At the end of an empty log everything is new.
    fn first(&self, began: Timestamp) -> From<'static> {
        let back = |back: Duration| began.plus(-i64::try_from(back.as_nanos()).unwrap_or(i64::MAX));
        match self.settings.start {
            Start::Beginning | Start::End => From::Oldest,
            Start::Within(time) => From::Since(back(time)),
            Start::Recent => From::Since(back(RECENT)),
        }
    }

    fn failed(&mut self, reason: &str, quiet: bool, now: Timestamp, notices: &mut Vec<Notice>) {
        self.reading = None;
        let delay = i64::try_from(self.backoff.next_delay().as_nanos()).unwrap_or(i64::MAX);
        (self.failed_at, self.open_at) = (now, now.plus(delay));
        if !quiet && self.told.as_deref() != Some(reason) {
            self.told = Some(reason.to_owned());
            notices.push(Notice::EventLog(EventLogNotice::Unreadable {
                channel: self.name.clone(),
                reason: reason.to_owned(),
            }));
        }
    }

    fn next(&mut self, now: Timestamp, notices: &mut Vec<Notice>) -> Option<Logged> {
        if self.waiting.is_empty() {
            match self.reading.as_mut()?.next(self.at_once) {
                Ok(logged) if logged.is_empty() => self.by_time = false,
                Ok(logged) => {
                    self.waiting.extend(logged);
                    self.at_once = (self.at_once * 2).min(AT_ONCE);
                }
                Err(error) => {
                    self.at_once = (self.at_once / 2).max(1);
                    self.failed(&chain(&error), false, now, notices);
                }
            }
        }
        self.waiting.pop_front()
    }

    fn take(&mut self, logged: Logged, now: Timestamp, notices: &mut Vec<Notice>) {
        self.count_missing(logged.number, now, notices);
        let event = self.read(&logged.xml, now);
        // To count our own would make a batch, and perhaps the next event of ours.
        if event.fields.text("winlog.provider_name") != Some(OWN_PROVIDER) {
            self.stream.push(event, logged.xml.len() as u64, now);
        }
        self.stand_at(Place::of(logged));
        self.backoff.reset();
        self.told = None;
    }

    fn stand_at(&mut self, place: Place) {
        self.stream.set_notes(place.notes());
        self.place = Some(place);
    }

    /// What lies between the newest event that was taken in and the next was written over, or cleared.
    fn count_missing(&mut self, next: u64, now: Timestamp, notices: &mut Vec<Notice>) {
        let fate = std::mem::take(&mut self.fate);
        let Some(last) = self.place.as_ref().map(|place| place.number) else {
            return;
        };
        if fate == Fate::Anew || next <= last {
            notices.push(Notice::EventLog(EventLogNotice::Restarted {
                channel: self.name.clone(),
            }));
            return;
        }
        let between = next - last - 1;
        if self.settings.is_everything() && !self.by_time {
            self.stream.lose(between, OVERWRITTEN, now);
            self.missed = self.missed.saturating_add(between);
        } else if let Fate::Gone { at_most } = fate {
            // With a filter nobody knows how many of them would have come: one stands for all.
            let at_most = at_most.unwrap_or(between);
            self.stream.lose(at_most.min(1), OVERWRITTEN, now);
            self.missed = self.missed.saturating_add(at_most);
        }
    }

    fn tell_missed(&mut self, now: Timestamp, notices: &mut Vec<Notice>) {
        if self.missed > 0 && now >= self.tell_missed_at {
            self.tell_missed_at = now.plus(TELL_MISSED_EVERY_NANOS);
            notices.push(Notice::EventLog(EventLogNotice::Missed {
                channel: self.name.clone(),
                records: std::mem::take(&mut self.missed),
            }));
        }
    }

    fn read(&self, xml: &str, now: Timestamp) -> Event {
        let context = CodecContext {
            now,
            constants: &self.constants,
        };
        let mut events = Vec::new();
        self.decoder.decode(xml, context, &mut events);
        events.pop().unwrap_or_else(|| Event::new(now, 0, xml))
    }

    fn hand_out(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<bool, SourceError> {
        let room = self.stream.hand_out(now, self.hurry, sink)?;
        self.hurry = false;
        self.mark();
        Ok(room)
    }

    /// Remembers the place at the end of a batch.
    fn mark(&mut self) {
        let position = self.stream.position();
        let is_new = self.marks.back().is_none_or(|(last, _)| *last < position);
        if let Some(place) = &self.place
            && is_new
            && self.stream.is_cut()
        {
            self.marks.push_back((position, place.clone()));
            if self.marks.len() > MARKS_LIMIT {
                self.marks.pop_front();
            }
        }
    }

    /// When a batch is complete by time, or the channel is to be opened again.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let open = (self.reading.is_none() && self.full_since.is_none()).then_some(self.open_at);
        self.stream.due().into_iter().chain(open).min()
    }

    pub(super) fn rewind(&mut self, key: &StreamKey, to: u64) -> Option<Rewound> {
        if *key != self.stream.key() {
            return None;
        }
        if self.go_back(to) {
            return Some(Rewound::Again);
        }
        Some(self.stream.cannot_go_back(key))
    }

    /// Reads again from where a batch ended at `to`; false when that is not known any more.
    fn go_back(&mut self, to: u64) -> bool {
        let Some(at) = self.marks.iter().position(|(position, _)| *position == to) else {
            return false;
        };
        let place = self.marks[at].1.clone();
        self.marks.truncate(at + 1);
        self.waiting.clear();
        self.reading = None;
        self.open_at = Timestamp(i64::MIN);
        self.stream.go_back(to, place.notes());
        self.place = Some(place);
        true
    }

    pub(super) fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        if *key == self.stream.key() {
            // What is not in the spool yet is read again rather than declared as lost.
            self.go_back(self.stream.taken());
            self.stream.change_epoch(key, epoch);
        }
    }
}
