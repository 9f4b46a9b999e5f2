//! One channel of the log, from the event on that was taken in last.
//!
//! A checkpoint's notes hold the number of the newest event in the batch and a bookmark of it. Numbers rise by one, so that
//! events which the log wrote over before they were read are known, and counted as lost.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_event::{Epoch, Event, Fields, Skip, StreamKey, Timestamp};
use watchpost_kit::{Backoff, Rng, chain};
use watchpost_pipeline::{Codec, CodecContext, Decoder, TimeZone};

use super::log::{EventLog, From, Logged, Reading, Request, Unopened};
use super::settings::EventLogSettings;
use crate::source::file::Start;
use crate::source::{CounterStream, Identity, Notice, Rewound, SendPolicy, Sink, SourceError};

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

/// The newest event that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    number: u64,
    bookmark: String,
}

impl Place {
    fn read(notes: &Value) -> Option<Self> {
        Some(Self {
            number: notes["record"].as_u64()?,
            bookmark: notes["bookmark"].as_str()?.to_owned(),
        })
    }

    fn notes(&self) -> Value {
        json!({ "record": self.number, "bookmark": self.bookmark })
    }
}

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
    /// At a first start at the end the newest event comes along: only its place is wanted.
    only_place: bool,
    /// What was taken in goes into the spool at once.
    hurry: bool,
    /// The bookmark's event was gone: reading began with the oldest there is.
    after_gap: bool,
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
            only_place: false,
            hurry: false,
            after_gap: false,
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

    /// Takes in what there is, up to a budget in bytes; says how many there were. `full` is set when there is no room.
    pub(super) fn poll(
        &mut self,
        log: &dyn EventLog,
        budget: u64,
        now: Timestamp,
        (sink, notices): (&mut dyn Sink, &mut Vec<Notice>),
    ) -> Result<(u64, bool), SourceError> {
        self.keep_open(log, now, notices);
        let mut read = 0;
        while read < budget {
            if !self.stream.has_room() && !self.hand_out(now, sink)? {
                return Ok((read, false));
            }
            let Some(logged) = self.next(now, notices) else { break };
            read += logged.xml.len() as u64;
            self.take(logged, now, notices);
        }
        let room = self.hand_out(now, sink)?;
        Ok((read, room))
    }

    fn keep_open(&mut self, log: &dyn EventLog, now: Timestamp, notices: &mut Vec<Notice>) {
        // A clock that was set back must not hold it up.
        if self.reading.is_some() || (now < self.open_at && now >= self.failed_at) {
            return;
        }
        let from = match (&self.place, self.after_gap) {
            (Some(_), true) => From::Oldest,
            (Some(place), false) => From::After(&place.bookmark),
            (None, _) => self.first(),
        };
        let request = Request {
            channel: &self.name,
            query: &self.settings.query,
            from,
            render: self.settings.render_message,
        };
        self.only_place = from == From::Newest;
        match log.open(&request) {
            Ok(reading) => self.reading = Some(reading),
            Err(Unopened::BookmarkGone) if !self.after_gap => {
                self.after_gap = true;
                self.keep_open(log, now, notices);
            }
            Err(error) => {
                let quiet = matches!(error, Unopened::NoChannel) && !self.wanted;
                self.failed(&chain(&error), quiet, now, notices);
            }
        }
    }

    /// Where reading begins at the first start.
    fn first(&self) -> From<'static> {
        let within = |back: Duration| From::Within(u64::try_from(back.as_millis()).unwrap_or(u64::MAX));
        match self.settings.start {
            Start::Beginning => From::Oldest,
            Start::End => From::Newest,
            Start::Within(back) => within(back),
            Start::Recent => within(RECENT),
        }
    }

    fn failed(&mut self, reason: &str, quiet: bool, now: Timestamp, notices: &mut Vec<Notice>) {
        self.reading = None;
        let delay = i64::try_from(self.backoff.next_delay().as_nanos()).unwrap_or(i64::MAX);
        (self.failed_at, self.open_at) = (now, now.plus(delay));
        if !quiet && self.told.as_deref() != Some(reason) {
            self.told = Some(reason.to_owned());
            notices.push(Notice::EventLogUnreadable {
                channel: self.name.clone(),
                reason: reason.to_owned(),
            });
        }
    }

    fn next(&mut self, now: Timestamp, notices: &mut Vec<Notice>) -> Option<Logged> {
        if self.waiting.is_empty() {
            match self.reading.as_mut()?.next(AT_ONCE) {
                Ok(logged) => self.waiting.extend(logged),
                Err(error) => self.failed(&chain(&error), false, now, notices),
            }
        }
        self.waiting.pop_front()
    }

    fn take(&mut self, logged: Logged, now: Timestamp, notices: &mut Vec<Notice>) {
        self.count_missing(logged.number, now, notices);
        if std::mem::take(&mut self.only_place) && self.place.is_none() {
            self.stream.leave_out(Skip::BEFORE_START, now);
            self.hurry = true;
        } else {
            let event = self.read(&logged.xml, now);
            // To count our own would make a batch, and perhaps the next event of ours.
            if event.fields.text("winlog.provider_name") != Some(OWN_PROVIDER) {
                self.stream.push(event, logged.xml.len() as u64, now);
            }
        }
        let place = Place {
            number: logged.number,
            bookmark: logged.bookmark,
        };
        self.stream.set_notes(place.notes());
        self.place = Some(place);
        self.after_gap = false;
        self.backoff.reset();
        self.told = None;
    }

    /// What lies between the newest event that was taken in and the next was written over, or cleared.
    fn count_missing(&mut self, next: u64, now: Timestamp, notices: &mut Vec<Notice>) {
        let Some(last) = self.place.as_ref().map(|place| place.number) else {
            return;
        };
        if next <= last {
            notices.push(Notice::EventLogRestarted {
                channel: self.name.clone(),
            });
        } else if self.settings.is_everything() && next - last > 1 {
            self.stream.lose(next - last - 1, OVERWRITTEN, now);
        } else if self.after_gap {
            // With a filter nobody knows how many there were.
            self.stream.lose(1, OVERWRITTEN, now);
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
        let open = self.reading.is_none().then_some(self.open_at);
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
        self.after_gap = false;
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
