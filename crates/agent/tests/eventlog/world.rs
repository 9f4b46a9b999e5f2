//! A log in memory, with an agent that reads it and is killed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use watchpost_agent::source::eventlog::{
    EventLog, EventLogSection, EventLogSource, From, Logged, Reading, Request, Unopened, Which,
};
use watchpost_agent::source::{Activity, Identity, Notice, Produced, SendPolicy, Sink, SinkFull, Source};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded, Event, Fields, StreamKey, Timestamp};

const SECOND: i64 = 1_000_000_000;

/// A channel's events, oldest first.
#[derive(Default)]
pub(super) struct Written {
    pub(super) events: Vec<(u64, String)>,
    /// How often the log was made anew: bookmarks do not tell, but the times of the events do.
    pub(super) made: u32,
}

impl Written {
    fn logged(&self, number: u64) -> Option<Logged> {
        let (_, xml) = self.events.iter().find(|(have, _)| *have == number)?;
        Some(Logged {
            xml: xml.clone(),
            number,
            written: format!("{} of {}", time_of(number), self.made),
            bookmark: number.to_string(),
        })
    }

    /// It is cleared, and its numbers begin again.
    pub(super) fn make_anew(&mut self) {
        self.events.clear();
        self.made += 1;
    }
}

/// A log that is written, cleared and made anew by the test.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) channels: BTreeMap<String, Written>,
    pub(super) denied: bool,
    /// How often a channel was opened.
    pub(super) opened: usize,
    /// Reading fails once.
    pub(super) fails: bool,
    /// More at once is an error.
    pub(super) most: usize,
}

impl Script {
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(super) fn opened(&self) -> usize {
        self.0.lock().unwrap().opened
    }

    pub(super) fn write(&self, channel: &str, numbers: impl IntoIterator<Item = u64>) {
        self.change(|state| {
            let written = state.channels.entry(channel.to_owned()).or_default();
            for number in numbers {
                written.events.push((number, xml(channel, number)));
            }
        });
    }
}

/// When a test's world begins.
const BEGIN: i64 = 1_796_000_000 * SECOND;

/// Events are written a second after one another.
fn time_of(number: u64) -> Timestamp {
    Timestamp(BEGIN - 100 * SECOND).plus(i64::try_from(number).unwrap() * SECOND)
}

pub(super) fn xml(channel: &str, number: u64) -> String {
    format!(
        "<Event><System><Provider Name='Test'/><EventID>{number}</EventID><EventRecordID>{number}</EventRecordID>\
         <Channel>{channel}</Channel><Computer>pc-7</Computer></System></Event>"
    )
}

impl EventLog for Script {
    fn channels(&self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().unwrap().channels.keys().cloned().collect())
    }

    fn find(&self, channel: &str, which: Which<'_>) -> Result<Option<Logged>, Unopened> {
        let state = self.0.lock().unwrap();
        let written = state.channel(channel)?;
        let number = match which {
            Which::Oldest => written.events.first().map(|(number, _)| *number),
            Which::Newest => written.events.last().map(|(number, _)| *number),
            Which::Marked(bookmark) => Some(bookmark.parse().unwrap()),
        };
        Ok(number.and_then(|number| written.logged(number)))
    }

    fn open(&self, request: &Request<'_>) -> Result<Box<dyn Reading>, Unopened> {
        let mut state = self.0.lock().unwrap();
        state.opened += 1;
        state.channel(request.channel)?;
        let (after, since) = match request.from {
            From::Oldest => (0, Timestamp(i64::MIN)),
            From::Since(time) => (0, time),
            From::After(bookmark) => (bookmark.parse().unwrap(), Timestamp(i64::MIN)),
        };
        Ok(Box::new(Open {
            script: self.clone(),
            channel: request.channel.to_owned(),
            even_only: request.query != "*",
            since,
            after,
        }))
    }
}

impl State {
    fn channel(&self, name: &str) -> Result<&Written, Unopened> {
        if self.denied {
            return Err(Unopened::Denied);
        }
        self.channels.get(name).ok_or(Unopened::NoChannel)
    }
}

struct Open {
    script: Script,
    channel: String,
    /// Any filter leaves out events with odd numbers.
    even_only: bool,
    since: Timestamp,
    after: u64,
}

impl Reading for Open {
    fn next(&mut self, limit: usize) -> io::Result<Vec<Logged>> {
        let mut state = self.script.0.lock().unwrap();
        if std::mem::take(&mut state.fails) {
            return Err(io::Error::other("the service was restarted"));
        }
        if state.most > 0 && limit > state.most {
            return Err(io::Error::other("the answer is too large"));
        }
        let written = &state.channels[&self.channel];
        let numbers = written.events.iter().map(|(number, _)| *number);
        let new = numbers
            .filter(|&number| number > self.after)
            .filter(|&number| number % 2 == 0 || !self.even_only)
            .filter(|&number| time_of(number) >= self.since);
        let logged: Vec<Logged> = new.take(limit).filter_map(|number| written.logged(number)).collect();
        self.after = logged.last().map_or(self.after, |last| last.number);
        Ok(logged)
    }
}

/// Where batches are kept: what it has taken survives the agent.
#[derive(Default)]
pub(super) struct Spool {
    pub(super) taken: Vec<Produced>,
    /// Takes so many more.
    pub(super) room: usize,
}

impl Sink for Spool {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.room == 0 {
            return Err(SinkFull);
        }
        self.room -= 1;
        self.taken.push(produced.clone());
        Ok(())
    }
}

pub(super) struct World {
    pub(super) script: Script,
    pub(super) spool: Spool,
    pub(super) source: EventLogSource,
    pub(super) notices: Vec<Notice>,
    section: EventLogSection,
    pub(super) now: Timestamp,
}

impl World {
    pub(super) fn new(script: &Script, section: EventLogSection) -> Self {
        let spool = Spool {
            room: usize::MAX,
            ..Spool::default()
        };
        Self {
            source: source(script, &section, &spool),
            script: script.clone(),
            spool,
            notices: Vec::new(),
            section,
            now: Timestamp(BEGIN),
        }
    }

    pub(super) fn of(script: &Script, channels: &[&str], start: &str) -> Self {
        let section = EventLogSection {
            channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
            start: start.to_owned(),
            ..EventLogSection::default()
        };
        Self::new(script, section)
    }

    pub(super) fn poll(&mut self) -> Activity {
        self.now = self.now.plus(SECOND / 4);
        let activity = self.source.poll(self.now, &mut self.spool).unwrap();
        self.notices.extend(activity.notices.clone());
        activity
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus(seconds * SECOND);
    }

    pub(super) fn polls(&mut self, times: usize) {
        for _ in 0..times {
            self.poll();
        }
    }

    /// The agent is killed, and started again with what is in the spool.
    pub(super) fn kill(&mut self) {
        self.source = source(&self.script, &self.section, &self.spool);
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.batches().into_iter().flat_map(|decoded| decoded.events).collect()
    }

    pub(super) fn batches(&self) -> Vec<Decoded> {
        let taken = self.spool.taken.iter();
        taken
            .map(|produced| Decoded::from_bytes(&produced.batch, Limits::default()).unwrap())
            .collect()
    }

    /// The events' numbers as Windows gave them.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let events = self.events();
        events
            .iter()
            .map(|event| event.fields.get("winlog.record_id").and_then(Value::as_u64).unwrap())
            .collect()
    }

    /// What was declared as lost: how many, and why.
    pub(super) fn lost(&self) -> Vec<(u64, String)> {
        let skips = self.batches().into_iter().flat_map(|decoded| decoded.header.skip);
        skips.map(|skip| (skip.records, skip.reason)).collect()
    }
}

fn source(script: &Script, section: &EventLogSection, spool: &Spool) -> EventLogSource {
    let identity = Identity {
        agent: AgentId::new("pc-7").unwrap(),
        fields: Fields::new(),
    };
    let policy = SendPolicy {
        batch_records: 7,
        ..SendPolicy::default()
    };
    let mut known: BTreeMap<String, (StreamKey, Value)> = BTreeMap::new();
    for produced in &spool.taken {
        known.insert(
            produced.key.stream.to_string(),
            (produced.key.clone(), produced.checkpoint.clone()),
        );
    }
    let settings = section.resolve().unwrap().unwrap();
    let log = Arc::new(script.clone());
    EventLogSource::new(settings, log, identity, policy, known.into_values().collect(), || 7).unwrap()
}
