//! The log through its API (learn.microsoft.com, "Windows Event Log"): subscriptions are pulled, nobody calls back.
#![expect(unsafe_code, reason = "the calls have no safe form; each says why it is sound")]

use std::collections::HashMap;
use std::ffi::c_void;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use watchpost_kit::{Clock, SystemClock};
use windows::Win32::Foundation::{
    E_UNEXPECTED, ERROR_ACCESS_DENIED, ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_OPERATION,
    ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, HANDLE, WAIT_OBJECT_0, WIN32_ERROR,
};
use windows::Win32::System::EventLog::{
    EVT_HANDLE, EVT_VARIANT, EvtChannelConfigType, EvtChannelTypeAnalytic, EvtChannelTypeDebug, EvtCreateBookmark,
    EvtFormatMessage, EvtFormatMessageXml, EvtGetChannelConfigProperty, EvtNext, EvtNextChannelPath,
    EvtOpenChannelConfig, EvtOpenChannelEnum, EvtOpenPublisherMetadata, EvtQuery, EvtQueryChannelPath,
    EvtQueryForwardDirection, EvtQueryReverseDirection, EvtRender, EvtRenderBookmark, EvtRenderEventXml, EvtSeek,
    EvtSeekRelativeToBookmark, EvtSeekStrict, EvtSubscribe, EvtSubscribeStartAfterBookmark,
    EvtSubscribeStartAtOldestRecord, EvtUpdateBookmark,
};
use windows::Win32::System::Threading::{CreateEventW, ResetEvent, WaitForSingleObject};
use windows::core::{Error, HRESULT, HSTRING, Owned, PCWSTR, w};

use crate::source::eventlog::{EventLog, Logged, Reading, Request, SharedLog, Unopened, Which};

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

#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
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
        channels.retain(|channel| !is_direct(channel));
        Ok(channels)
    }

    fn find(&self, channel: &str, which: Which<'_>) -> Result<Option<Logged>, Unopened> {
        find(channel, which).map_err(unopened)
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
    /// There may be more than was pulled.
    more: bool,
    looked: Duration,
    clock: SystemClock,
}

// SAFETY: handles of events may be used and closed by any thread.
unsafe impl Send for Channel {}

impl Channel {
    fn open(request: &Request<'_>) -> Result<Self, Error> {
        let bookmark = bookmark_of(request.bookmark())?;
        // SAFETY: nothing goes in; the handle is ours.
        let signal = unsafe { Owned::new(CreateEventW(None, true, true, PCWSTR::null())?) };
        let (channel, query) = (HSTRING::from(request.channel), HSTRING::from(request.whole_query()));
        // Not strict: whether the bookmark's event is there was asked before, and the filter may leave it out.
        let (behind, start) = match request.bookmark() {
            Some(_) => (Some(*bookmark), EvtSubscribeStartAfterBookmark),
            None => (None, EvtSubscribeStartAtOldestRecord),
        };
        // SAFETY: both texts end with a zero, and the handles are open.
        let subscription = unsafe { EvtSubscribe(None, Some(*signal), &channel, &query, behind, None, None, start.0)? };
        Ok(Self {
            // SAFETY: the handle is ours.
            subscription: unsafe { Owned::new(subscription) },
            signal,
            bookmark,
            texts: request.render.then(Texts::default),
            more: true,
            looked: Duration::ZERO,
            clock: SystemClock::new(),
        })
    }

    fn has_signal(&self) -> bool {
        // SAFETY: the handle is open; it does not wait.
        unsafe { WaitForSingleObject(*self.signal, 0) == WAIT_OBJECT_0 }
    }

    fn logged(&mut self, event: EVT_HANDLE) -> io::Result<Logged> {
        let mut logged = logged(*self.bookmark, event)?;
        if let Some(texts) = &mut self.texts
            && let Some(in_words) = texts.render(event, &logged.xml)
        {
            logged.xml = in_words;
        }
        Ok(logged)
    }
}

impl Reading for Channel {
    fn next(&mut self, limit: usize) -> io::Result<Vec<Logged>> {
        let now = self.clock.monotonic();
        if !self.more && !self.has_signal() && now.saturating_sub(self.looked) < LOOK_EVERY {
            return Ok(Vec::new());
        }
        self.looked = now;
        // Before it is asked: what comes in between sets it again.
        // SAFETY: the handle is open.
        unsafe { ResetEvent(*self.signal)? };
        let events = pull(*self.subscription, limit, 0)?;
        self.more = !events.is_empty();
        events.iter().map(|event| self.logged(**event)).collect()
    }
}

/// The next events of a subscription or query; none when there is none now.
fn pull(from: EVT_HANDLE, limit: usize, patience: u32) -> Result<Vec<Owned<EVT_HANDLE>>, Error> {
    let mut events = vec![0_isize; limit.clamp(1, 1024)];
    let mut pulled = 0;
    // SAFETY: the handle is open, and the list is ours.
    let done = unsafe { EvtNext(from, &mut events, patience, 0, &raw mut pulled) };
    if let Err(error) = done {
        // A subscription that has nothing yet may also call it an invalid operation.
        let nothing = [ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, ERROR_INVALID_OPERATION];
        let is_nothing = pulled == 0 && nothing.iter().any(|&code| is(&error, code));
        return if is_nothing { Ok(Vec::new()) } else { Err(error) };
    }
    let events = events.into_iter().take(pulled as usize);
    // SAFETY: the handles are ours.
    Ok(events.map(|event| unsafe { Owned::new(EVT_HANDLE(event)) }).collect())
}

/// One event of a channel, without words.
fn find(channel: &str, which: Which<'_>) -> Result<Option<Logged>, Error> {
    let direction = match which {
        Which::Newest => EvtQueryReverseDirection,
        Which::Oldest | Which::Marked(_) => EvtQueryForwardDirection,
    };
    let channel = HSTRING::from(channel);
    let flags = EvtQueryChannelPath.0 | direction.0;
    // SAFETY: both texts end with a zero; the handle is ours.
    let found = unsafe { Owned::new(EvtQuery(None, &channel, w!("*"), flags)?) };
    if let Which::Marked(bookmark) = which {
        let bookmark = bookmark_of(Some(bookmark))?;
        let flags = EvtSeekRelativeToBookmark.0 | EvtSeekStrict.0;
        // SAFETY: both handles are open.
        if unsafe { EvtSeek(*found, 0, Some(*bookmark), None, flags) }.is_err() {
            // Which errors say that it is gone is not described; the caller looks at the numbers on either side.
            return Ok(None);
        }
    }
    let Some(event) = pull(*found, 1, PATIENCE)?.pop() else {
        return Ok(None);
    };
    Ok(Some(logged(*bookmark_of(None)?, *event)?))
}

/// An event as it is, and `bookmark` moved to it.
fn logged(bookmark: EVT_HANDLE, event: EVT_HANDLE) -> Result<Logged, Error> {
    // SAFETY: both handles are open.
    unsafe { EvtUpdateBookmark(bookmark, event)? };
    let bookmark = render(bookmark, EvtRenderBookmark.0)?;
    let xml = render(event, EvtRenderEventXml.0);
    let xml = xml.unwrap_or_else(|error| unreadable(&error));
    Ok(Logged {
        number: number_in(&bookmark).ok_or_else(|| Error::new(E_UNEXPECTED, "a bookmark without RecordId"))?,
        written: between(&xml, "SystemTime='", "'").unwrap_or_default().to_owned(),
        xml,
        bookmark,
    })
}

/// Whether a channel is analytic or for debugging: such are not read while they are written.
fn is_direct(channel: &str) -> bool {
    let name = HSTRING::from(channel);
    // SAFETY: the name ends with a zero; the handle is ours.
    let Ok(config) = (unsafe { EvtOpenChannelConfig(None, &name, 0).map(|config| Owned::new(config)) }) else {
        return false;
    };
    let mut value = EVT_VARIANT::default();
    let (bytes, mut used) = (size_of::<EVT_VARIANT>() as u32, 0);
    // SAFETY: the handle is open, the buffer is ours and as long as it is said to be; this property is a number.
    let kind = unsafe {
        let told = EvtGetChannelConfigProperty(
            *config,
            EvtChannelConfigType,
            0,
            bytes,
            Some(&raw mut value),
            &raw mut used,
        );
        told.ok().map(|()| value.Anonymous.UInt32Val)
    };
    kind.is_some_and(|kind| {
        [EvtChannelTypeAnalytic, EvtChannelTypeDebug]
            .iter()
            .any(|direct| direct.0 as u32 == kind)
    })
}

/// A bookmark from its text; without, one of nothing yet.
fn bookmark_of(text: Option<&str>) -> Result<Owned<EVT_HANDLE>, Error> {
    let text = text.map(HSTRING::from);
    let xml = text.as_ref().map_or(PCWSTR::null(), |text| PCWSTR(text.as_ptr()));
    // SAFETY: the text ends with a zero, or is none; the handle is ours.
    Ok(unsafe { Owned::new(EvtCreateBookmark(xml)?) })
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

/// The place in this host's log: a forwarded event's own number is another host's.
fn number_in(bookmark: &str) -> Option<u64> {
    let quoted = between(bookmark, "RecordId='", "'").or_else(|| between(bookmark, "RecordId=\"", "\""));
    quoted?.parse().ok()
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
