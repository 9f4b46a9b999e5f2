//! The Application event log.
#![expect(unsafe_code, reason = "the event log has no safe form")]

use std::fmt::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

use crate::logging::SystemLayer;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use watchpost_kit::{Clock, SystemClock};
use windows::Win32::Foundation::WIN32_ERROR;
use windows::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, REPORT_EVENT_TYPE,
    RegisterEventSourceW, ReportEventW,
};
use windows::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, REG_DWORD, REG_EXPAND_SZ, REG_VALUE_TYPE, RegDeleteTreeW, RegSetKeyValueW,
};
use windows::core::{HSTRING, PCWSTR, w};

/// The source's name.
const SOURCE: PCWSTR = w!("Watchpost");
const KEY: PCWSTR = w!(r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Watchpost");
/// A part of every Windows; its texts of the numbers 1 to 1000 are what they are given.
const TEXTS: &str = r"%SystemRoot%\System32\EventCreate.exe";
/// Error, warning and information.
const TYPES: u32 = 7;
/// One entry has at most so many characters.
const CHARACTERS: usize = 8_000;
/// Entries a minute at most: what repeats itself must not push out what others wrote.
const A_MINUTE: u32 = 30;
/// What is told of the service itself, whatever its level.
const ALWAYS: &str = "watchpost_endpoint::system";

/// Says where the texts of our entries are. For administrators.
pub(super) fn register() -> windows::core::Result<()> {
    let texts: Vec<u8> = HSTRING::from(TEXTS)
        .iter()
        .chain(&[0])
        .flat_map(|unit| unit.to_le_bytes())
        .collect();
    set(w!("EventMessageFile"), REG_EXPAND_SZ, &texts)?;
    set(w!("TypesSupported"), REG_DWORD, &TYPES.to_le_bytes())
}

fn set(name: PCWSTR, kind: REG_VALUE_TYPE, value: &[u8]) -> windows::core::Result<()> {
    let data = Some(value.as_ptr().cast());
    // SAFETY: the names end with a zero, and the value's length is given.
    unsafe { RegSetKeyValueW(HKEY_LOCAL_MACHINE, KEY, name, kind.0, data, value.len() as u32) }.ok()
}

/// Takes that back; it is no failure when there was nothing.
pub(super) fn unregister() {
    // SAFETY: the name ends with a zero.
    let WIN32_ERROR(_) = unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, KEY) };
}

/// Writes one entry. There is nobody to tell when it cannot be written.
pub(super) fn tell(level: Level, text: &str) {
    let (kind, number) = kind_of(level);
    let text: String = text.chars().filter(|c| *c != '\0').take(CHARACTERS).collect();
    let text = HSTRING::from(text);
    // SAFETY: the texts end with a zero and outlive the calls; the handle is given back.
    unsafe {
        let Ok(source) = RegisterEventSourceW(PCWSTR::null(), SOURCE) else {
            return;
        };
        let texts = [PCWSTR(text.as_ptr())];
        let _ = ReportEventW(source, kind, 0, number, None, 0, Some(&texts), None);
        let _ = DeregisterEventSource(source);
    }
}

fn kind_of(level: Level) -> (REPORT_EVENT_TYPE, u32) {
    match level {
        Level::ERROR => (EVENTLOG_ERROR_TYPE, 3),
        Level::WARN => (EVENTLOG_WARNING_TYPE, 2),
        _ => (EVENTLOG_INFORMATION_TYPE, 1),
    }
}

/// Warnings and errors, and what becomes of the service.
pub(super) fn layer() -> SystemLayer {
    let minute = Mutex::new((Duration::ZERO, 0));
    Box::new(EventLog {
        clock: SystemClock::new(),
        minute,
    })
}

/// The layer.
struct EventLog {
    clock: SystemClock,
    /// When it began, and how many entries it has.
    minute: Mutex<(Duration, u32)>,
}

impl EventLog {
    fn has_room(&self) -> bool {
        let now = self.clock.monotonic();
        let mut minute = self.minute.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.saturating_sub(minute.0) >= Duration::from_mins(1) {
            *minute = (now, 0);
        }
        minute.1 += 1;
        minute.1 <= A_MINUTE
    }
}

impl<S: Subscriber> Layer<S> for EventLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        let told = *about.level() <= Level::WARN || about.target().starts_with(ALWAYS);
        if !told || !self.has_room() {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        tell(*about.level(), &text.0);
    }
}

/// The message, and behind it the fields.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a String cannot fail.
        let _ = if field.name() == "message" {
            let fields = std::mem::take(&mut self.0);
            write!(self.0, "{value:?}{fields}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}
