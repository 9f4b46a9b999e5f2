//! The log through its API (learn.microsoft.com, "Windows Event Log"): subscriptions are pulled, nobody calls back.
#![expect(unsafe_code, reason = "the calls have no safe form; each says why it is sound")]

use std::collections::HashMap;
use std::ffi::c_void;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_EVT_QUERY_RESULT_INVALID_POSITION,
    ERROR_EVT_QUERY_RESULT_STALE, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, HANDLE, WAIT_OBJECT_0,
    WIN32_ERROR,
};
use windows::Win32::System::EventLog::{
    EVT_HANDLE, EvtCreateBookmark, EvtFormatMessage, EvtFormatMessageXml, EvtNext, EvtNextChannelPath,
    EvtOpenChannelEnum, EvtOpenPublisherMetadata, EvtQuery, EvtQueryChannelPath, EvtQueryReverseDirection, EvtRender,
    EvtRenderBookmark, EvtRenderEventXml, EvtSubscribe, EvtSubscribeStartAfterBookmark,
    EvtSubscribeStartAtOldestRecord, EvtSubscribeStrict, EvtUpdateBookmark,
};
use windows::Win32::System::Threading::{CreateEventW, ResetEvent, WaitForSingleObject};
use windows::core::{Error, HRESULT, HSTRING, Owned, PCWSTR};

use crate::source::eventlog::{EventLog, From, Logged, Reading, Request, SharedLog, Unopened};

/// Without a signal the log is asked nevertheless, in case one was missed.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// UTF-16 units of one event's XML at most.
const UNITS_LIMIT: usize = 2 << 20;
/// Channels of a host at most; Windows has some 1,200.
const CHANNELS_LIMIT: usize = 16_384;
/// Providers whose texts are kept open.
const PROVIDERS_LIMIT: usize = 256;
/// How long a query for one event may take, in milliseconds.
const PATIENCE: u32 = 5_000;

pub(in crate::source::eventlog) fn log() -> Option<SharedLog> {
    Some(Arc::new(Log))
}

struct Log;

fn is(error: &Error, code: WIN32_ERROR) -> bool {
    error.code() == HRESULT::from_win32(code.0)
}

impl EventLog for Log {
    fn channels(&self) -> io::Result<Vec<String>> {
        // SAFETY: nothing goes in; the handle is ours.
        let list = unsafe { Owned::new(EvtOpenChannelEnum(None, 0)?) };
        let mut channels = Vec::new();
        let mut name = vec![0_u16; 1024];
        while channels.len() < CHANNELS_LIMIT {
            let mut used = 0;
            // SAFETY: the handle is open, and the buffer is ours.
            match unsafe { EvtNextChannelPath(*list, Some(&mut name), &raw mut used) } {
                Ok(()) => channels.push(text(&name, used as usize)),
                Err(error) if is(&error, ERROR_NO_MORE_ITEMS) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(channels)
    }

    fn open(&self, request: &Request<'_>) -> Result<Box<dyn Reading>, Unopened> {
        Ok(Box::new(Channel::open(request).map_err(unopened)?))
    }
}

fn unopened(error: Error) -> Unopened {
    if is(&error, ERROR_EVT_CHANNEL_NOT_FOUND) {
        Unopened::NoChannel
    } else if is(&error, ERROR_ACCESS_DENIED) {
        Unopened::Denied
    } else if is(&error, ERROR_EVT_QUERY_RESULT_STALE) || is(&error, ERROR_EVT_QUERY_RESULT_INVALID_POSITION) {
        Unopened::BookmarkGone
    } else {
        Unopened::Other(error.into())
    }
}

/// A subscription.
struct Channel {
    subscription: Owned<EVT_HANDLE>,
    /// Set by the system when there is something to pull.
    signal: Owned<HANDLE>,
    bookmark: Owned<EVT_HANDLE>,
    texts: Option<Texts>,
    /// The newest event there was, which comes before the others.
    newest: Option<Logged>,
    /// There may be more than was pulled.
    more: bool,
    looked: Instant,
    /// The newest event's number.
    number: u64,
}

// SAFETY: handles of events may be used and closed by any thread.
unsafe impl Send for Channel {}

impl Channel {
    fn open(request: &Request<'_>) -> Result<Self, Error> {
        let mut newest = None;
        let (start, bookmark) = match request.from {
            From::Oldest | From::Within(_) => (EvtSubscribeStartAtOldestRecord.0, String::new()),
            From::After(bookmark) => (
                EvtSubscribeStartAfterBookmark.0 | EvtSubscribeStrict.0,
                bookmark.to_owned(),
            ),
            From::Newest => {
                newest = newest_of(request)?;
                match &newest {
                    Some(logged) => (EvtSubscribeStartAfterBookmark.0, logged.bookmark.clone()),
                    // It is empty: everything is new.
                    None => (EvtSubscribeStartAtOldestRecord.0, String::new()),
                }
            }
        };
        let bookmark = bookmark_of(&bookmark)?;
        // SAFETY: nothing goes in; the handle is ours.
        let signal = unsafe { Owned::new(CreateEventW(None, true, true, PCWSTR::null())?) };
        let (channel, query) = (HSTRING::from(request.channel), HSTRING::from(query_of(request)));
        let behind =
            (start & EvtSubscribeStartAfterBookmark.0 == EvtSubscribeStartAfterBookmark.0).then_some(*bookmark);
        // SAFETY: both texts end with a zero, and the handles are open.
        let subscription = unsafe { EvtSubscribe(None, Some(*signal), &channel, &query, behind, None, None, start)? };
        Ok(Self {
            // SAFETY: the handle is ours.
            subscription: unsafe { Owned::new(subscription) },
            signal,
            bookmark,
            texts: request.render.then(Texts::default),
            number: newest.as_ref().map_or(0, |logged| logged.number),
            newest,
            more: true,
            looked: Instant::now(),
        })
    }

    fn has_signal(&self) -> bool {
        // SAFETY: the handle is open; it does not wait.
        unsafe { WaitForSingleObject(*self.signal, 0) == WAIT_OBJECT_0 }
    }

    fn logged(&mut self, event: EVT_HANDLE) -> io::Result<Logged> {
        // SAFETY: both handles are open.
        unsafe { EvtUpdateBookmark(*self.bookmark, event)? };
        let bookmark = render(*self.bookmark, EvtRenderBookmark.0)?;
        let xml = render(event, EvtRenderEventXml.0);
        let xml = xml.unwrap_or_else(|error| unreadable(&error));
        let number = between(&xml, "<EventRecordID>", "<").and_then(|number| number.parse().ok());
        self.number = number.unwrap_or(self.number + 1);
        let in_words = self.texts.as_mut().and_then(|texts| texts.render(event, &xml));
        Ok(Logged {
            xml: in_words.unwrap_or(xml),
            number: self.number,
            bookmark,
        })
    }
}

impl Reading for Channel {
    fn next(&mut self, limit: usize) -> io::Result<Vec<Logged>> {
        if let Some(newest) = self.newest.take() {
            return Ok(vec![newest]);
        }
        if !self.more && !self.has_signal() && self.looked.elapsed() < LOOK_EVERY {
            return Ok(Vec::new());
        }
        self.looked = Instant::now();
        let events = match pull(*self.subscription, limit, 0) {
            Ok(events) => events,
            Err(error) if is(&error, ERROR_NO_MORE_ITEMS) || is(&error, ERROR_TIMEOUT) => {
                self.more = false;
                // SAFETY: the handle is open.
                unsafe { ResetEvent(*self.signal)? };
                return Ok(Vec::new());
            }
            Err(error) => return Err(error.into()),
        };
        self.more = true;
        events.iter().map(|event| self.logged(**event)).collect()
    }
}

/// The next events of a subscription or query.
fn pull(from: EVT_HANDLE, limit: usize, patience: u32) -> Result<Vec<Owned<EVT_HANDLE>>, Error> {
    let mut events = vec![0_isize; limit.clamp(1, 1024)];
    let mut pulled = 0;
    // SAFETY: the handle is open, and the list is ours.
    unsafe { EvtNext(from, &mut events, patience, 0, &raw mut pulled)? };
    let events = events.into_iter().take(pulled as usize);
    // SAFETY: the handles are ours.
    Ok(events.map(|event| unsafe { Owned::new(EVT_HANDLE(event)) }).collect())
}

/// The newest event, if there is one.
fn newest_of(request: &Request<'_>) -> Result<Option<Logged>, Error> {
    let (channel, query) = (HSTRING::from(request.channel), HSTRING::from(request.query));
    let flags = EvtQueryChannelPath.0 | EvtQueryReverseDirection.0;
    // SAFETY: both texts end with a zero; the handle is ours.
    let found = unsafe { Owned::new(EvtQuery(None, &channel, &query, flags)?) };
    let event = match pull(*found, 1, PATIENCE) {
        Ok(mut events) => events.pop(),
        Err(error) if is(&error, ERROR_NO_MORE_ITEMS) => None,
        Err(error) => return Err(error),
    };
    let Some(event) = event else { return Ok(None) };
    let bookmark = bookmark_of("")?;
    // SAFETY: both handles are open.
    unsafe { EvtUpdateBookmark(*bookmark, *event)? };
    let xml = render(*event, EvtRenderEventXml.0)?;
    Ok(Some(Logged {
        number: between(&xml, "<EventRecordID>", "<")
            .and_then(|number| number.parse().ok())
            .unwrap_or_default(),
        bookmark: render(*bookmark, EvtRenderBookmark.0)?,
        xml,
    }))
}

/// A bookmark from its text; an empty text is one of nothing yet.
fn bookmark_of(text: &str) -> Result<Owned<EVT_HANDLE>, Error> {
    let xml = HSTRING::from(text);
    let xml = if text.is_empty() {
        PCWSTR::null()
    } else {
        PCWSTR(xml.as_ptr())
    };
    // SAFETY: the text ends with a zero, or is none; the handle is ours.
    Ok(unsafe { Owned::new(EvtCreateBookmark(xml)?) })
}

/// The filter, with the time from which events count.
fn query_of(request: &Request<'_>) -> String {
    match request.from {
        From::Within(millis) if request.query == "*" => {
            format!("*[System[TimeCreated[timediff(@SystemTime) <= {millis}]]]")
        }
        _ => request.query.to_owned(),
    }
}

/// An event or a bookmark as XML.
fn render(what: EVT_HANDLE, flags: u32) -> Result<String, Error> {
    let mut units = vec![0_u16; 4096];
    loop {
        let (mut used, mut properties) = (0, 0);
        let bytes = (units.len() * 2) as u32;
        let buffer = units.as_mut_ptr().cast::<c_void>();
        // SAFETY: the handle is open, and the buffer is ours and as long as it is said to be.
        let rendered = unsafe {
            EvtRender(
                None,
                what,
                flags,
                bytes,
                Some(buffer),
                &raw mut used,
                &raw mut properties,
            )
        };
        let wanted = (used as usize).div_ceil(2);
        match rendered {
            Ok(()) => return Ok(text(&units, wanted)),
            Err(error) if is(&error, ERROR_INSUFFICIENT_BUFFER) && wanted > units.len() && wanted <= UNITS_LIMIT => {
                units.resize(wanted, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// An event that cannot be rendered is one that says so.
fn unreadable(error: &Error) -> String {
    let reason = error.message().replace('&', "&amp;").replace('<', "&lt;");
    format!("<Event><System></System><EventData><Data Name='Error'>{reason}</Data></EventData></Event>")
}

fn text(units: &[u16], used: usize) -> String {
    let units = &units[..used.min(units.len())];
    let end = units.iter().position(|&unit| unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..end])
}

fn between<'x>(xml: &'x str, before: &str, after: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// What events mean in words, by who writes them.
#[derive(Default)]
struct Texts {
    /// `None` where this host has none.
    providers: HashMap<String, Option<Owned<EVT_HANDLE>>>,
}

impl Texts {
    /// The event with what it means in words; `None` where that is not known.
    fn render(&mut self, event: EVT_HANDLE, xml: &str) -> Option<String> {
        if xml.contains("<RenderingInfo") {
            // Another host has rendered it.
            return None;
        }
        let provider = between(xml, "<Provider Name='", "'")?;
        if self.providers.len() >= PROVIDERS_LIMIT {
            self.providers.clear();
        }
        let texts = self
            .providers
            .entry(provider.to_owned())
            .or_insert_with(|| open_texts(provider));
        format(**texts.as_ref()?, event)
    }
}

fn open_texts(provider: &str) -> Option<Owned<EVT_HANDLE>> {
    let name = HSTRING::from(provider);
    // SAFETY: the name ends with a zero; the handle is ours.
    unsafe {
        Some(Owned::new(
            EvtOpenPublisherMetadata(None, &name, PCWSTR::null(), 0, 0).ok()?,
        ))
    }
}

fn format(texts: EVT_HANDLE, event: EVT_HANDLE) -> Option<String> {
    let mut units = vec![0_u16; 8192];
    loop {
        let mut used = 0;
        let flags = EvtFormatMessageXml.0;
        // SAFETY: both handles are open, and the buffer is ours.
        let done = unsafe {
            EvtFormatMessage(
                Some(texts),
                Some(event),
                0,
                None,
                flags,
                Some(&mut units),
                &raw mut used,
            )
        };
        let wanted = used as usize;
        match done {
            Ok(()) => return Some(text(&units, wanted)),
            Err(error) if is(&error, ERROR_INSUFFICIENT_BUFFER) && wanted > units.len() && wanted <= UNITS_LIMIT => {
                units.resize(wanted, 0);
            }
            Err(_) => return None,
        }
    }
}
