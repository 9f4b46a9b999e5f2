//! Starts and ends of processes as Windows traces them (ETW, provider Microsoft-Windows-Kernel-Process). For administrators,
//! the system's account, and members of "Performance Log Users".
#![expect(unsafe_code, reason = "tracing has no safe form")]

use std::ffi::c_void;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use windows::Win32::Foundation::{ERROR_ALREADY_EXISTS, ERROR_SUCCESS, WIN32_ERROR};
use windows::Win32::Storage::FileSystem::{GetLogicalDrives, QueryDosDeviceW};
use windows::Win32::System::Diagnostics::Etw::{
    CONTROLTRACE_HANDLE, CloseTrace, ControlTraceW, EVENT_CONTROL_CODE_ENABLE_PROVIDER, EVENT_RECORD,
    EVENT_TRACE_CONTROL_STOP, EVENT_TRACE_LOGFILEW, EVENT_TRACE_LOGFILEW_0, EVENT_TRACE_LOGFILEW_1,
    EVENT_TRACE_PROPERTIES, EVENT_TRACE_REAL_TIME_MODE, EnableTraceEx2, OpenTraceW, PROCESS_TRACE_MODE_EVENT_RECORD,
    PROCESS_TRACE_MODE_REAL_TIME, PROCESSTRACE_HANDLE, PROPERTY_DATA_DESCRIPTOR, ProcessTrace, StartTraceW,
    TRACE_LEVEL_INFORMATION, TdhGetProperty, TdhGetPropertySize, WNODE_FLAG_TRACED_GUID,
};
use windows::core::{GUID, PCWSTR, PWSTR, w};

use super::super::super::traced::{End, Start, Traced};
use super::inspect::filetime_nanos;

const SESSION: PCWSTR = w!("Watchpost processes");
const PROVIDER: GUID = GUID::from_u128(0x22fb2cd6_0e7b_422b_a0c7_2fad1fd0e716);
/// WINEVENT_KEYWORD_PROCESS.
const PROCESSES: u64 = 0x10;
const STARTED: u16 = 1;
const STOPPED: u16 = 2;
/// QueryPerformanceCounter: the finest clock.
const CLOCK: u32 = 1;
/// Traced and not yet taken; what comes beyond is left to the list.
const WAITING: usize = 16_384;
/// Bytes of one property at most.
const PROPERTY: u32 = 64 << 10;

/// A session's description with the room for its name that the system wants.
#[repr(C)]
struct Properties {
    head: EVENT_TRACE_PROPERTIES,
    name: [u16; 64],
}

impl Properties {
    fn new() -> Self {
        let mut head = EVENT_TRACE_PROPERTIES::default();
        head.Wnode.BufferSize = size_of::<Self>() as u32;
        head.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
        head.Wnode.ClientContext = CLOCK;
        head.LogFileMode = EVENT_TRACE_REAL_TIME_MODE;
        // Seconds until a buffer that is not full is handed over.
        head.FlushTimer = 1;
        // Kilobytes, and how many of them.
        (head.BufferSize, head.MinimumBuffers, head.MaximumBuffers) = (16, 4, 32);
        head.LoggerNameOffset = size_of::<EVENT_TRACE_PROPERTIES>() as u32;
        Self { head, name: [0; 64] }
    }
}

fn result(code: WIN32_ERROR) -> io::Result<()> {
    if code == ERROR_SUCCESS {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(code.0.cast_signed()))
    }
}

/// A trace that goes on until this is dropped.
pub(super) struct Trace {
    session: CONTROLTRACE_HANDLE,
    consumer: PROCESSTRACE_HANDLE,
    thread: Option<JoinHandle<()>>,
    traced: Receiver<Traced>,
}

impl Trace {
    /// Begins to trace.
    pub(super) fn start() -> io::Result<Self> {
        let session = begin_session()?;
        let (sender, traced) = sync_channel(WAITING);
        let sender = Box::new(sender);
        let mut file = EVENT_TRACE_LOGFILEW {
            LoggerName: PWSTR(SESSION.0.cast_mut()),
            Anonymous1: EVENT_TRACE_LOGFILEW_0 {
                ProcessTraceMode: PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD,
            },
            Anonymous2: EVENT_TRACE_LOGFILEW_1 {
                EventRecordCallback: Some(on_event),
            },
            Context: (&raw const *sender).cast::<c_void>().cast_mut(),
            ..EVENT_TRACE_LOGFILEW::default()
        };
        // SAFETY: the structure is ours; the name is a constant; the context lives until the thread below has ended.
        let consumer = unsafe { OpenTraceW(&raw mut file) };
        if consumer.Value == u64::MAX {
            let error = io::Error::last_os_error();
            end_session(session);
            return Err(error);
        }
        let run = move || {
            // SAFETY: the handle is open; it blocks until the trace is closed.
            let ended = unsafe { ProcessTrace(&[consumer], None, None) };
            if let Err(error) = result(ended) {
                tracing::warn!(error = watchpost_kit::chain(&error), "the trace of processes ended");
            }
            drop(sender);
        };
        let mut trace = Self {
            session,
            consumer,
            thread: None,
            traced,
        };
        let thread = std::thread::Builder::new().name("process-trace".to_owned()).spawn(run);
        trace.thread = Some(thread?);
        Ok(trace)
    }

    /// What was traced and not yet taken.
    pub(super) fn take(&self) -> impl Iterator<Item = Traced> {
        self.traced.try_iter().take(WAITING)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        end_session(self.session);
        // SAFETY: the handle is ours, and closed once.
        let _ = unsafe { CloseTrace(self.consumer) };
        if let Some(thread) = self.thread.take() {
            // A panic is caught where it could happen.
            let _ = thread.join();
        }
    }
}

fn begin_session() -> io::Result<CONTROLTRACE_HANDLE> {
    let mut session = CONTROLTRACE_HANDLE::default();
    let mut properties = Properties::new();
    // SAFETY: both are ours, and the description says how large it is.
    let mut begun = unsafe { StartTraceW(&raw mut session, SESSION, &raw mut properties.head) };
    if begun == ERROR_ALREADY_EXISTS {
        // Of an agent that was killed: sessions outlive their programs.
        end_session(CONTROLTRACE_HANDLE::default());
        properties = Properties::new();
        // SAFETY: as above.
        begun = unsafe { StartTraceW(&raw mut session, SESSION, &raw mut properties.head) };
    }
    result(begun)?;
    let enable = EVENT_CONTROL_CODE_ENABLE_PROVIDER.0;
    let level = TRACE_LEVEL_INFORMATION as u8;
    // SAFETY: the session is open, and the provider is a constant.
    let enabled = unsafe { EnableTraceEx2(session, &PROVIDER, enable, level, PROCESSES, 0, 0, None) };
    result(enabled).inspect_err(|_| end_session(session))?;
    Ok(session)
}

/// Ends a session: by its name where the handle is none.
fn end_session(session: CONTROLTRACE_HANDLE) {
    let mut properties = Properties::new();
    // SAFETY: the description is ours and says how large it is. What fails leaves nothing to do.
    let _ = unsafe { ControlTraceW(session, SESSION, &raw mut properties.head, EVENT_TRACE_CONTROL_STOP) };
}

/// Called by the system, on the thread of [`ProcessTrace`].
unsafe extern "system" fn on_event(record: *mut EVENT_RECORD) {
    let told = std::panic::catch_unwind(|| {
        // SAFETY: the system hands over a record that lives as long as the call.
        let record = unsafe { &*record };
        // SAFETY: the context is the sender that the thread keeps until tracing has ended.
        let sender = unsafe { &*record.UserContext.cast::<SyncSender<Traced>>() };
        if let Some(traced) = read(record) {
            // With no room left the list alone tells.
            let _ = sender.try_send(traced);
        }
    });
    if told.is_err() {
        tracing::error!("an event of the trace of processes could not be read");
    }
}

fn read(record: &EVENT_RECORD) -> Option<Traced> {
    if record.EventHeader.ProviderId != PROVIDER {
        return None;
    }
    let number = |name| Some(u32::from_le_bytes(property(record, name)?.first_chunk().copied()?));
    let time = |name| {
        let bytes = property(record, name)?.first_chunk().copied()?;
        Some(filetime_nanos(i64::from_le_bytes(bytes)))
    };
    let (pid, born) = (number(w!("ProcessID"))?, time(w!("CreateTime"))?);
    match record.EventHeader.EventDescriptor.Id {
        STARTED => Some(Traced::Start(Start {
            pid,
            parent: number(w!("ParentProcessID"))?,
            session: number(w!("SessionID")),
            born,
            executable: text(&property(record, w!("ImageName"))?),
        })),
        STOPPED => Some(Traced::End(End {
            pid,
            born,
            at: time(w!("ExitTime"))?,
            code: number(w!("ExitCode"))?,
        })),
        _ => None,
    }
}

/// A property of an event by its name: where it stands differs between versions of Windows.
fn property(record: &EVENT_RECORD, name: PCWSTR) -> Option<Vec<u8>> {
    let wanted = [PROPERTY_DATA_DESCRIPTOR {
        PropertyName: name.0 as u64,
        ArrayIndex: u32::MAX,
        Reserved: 0,
    }];
    let mut size = 0;
    // SAFETY: record and descriptor live as long as the call; the name is a constant.
    let asked = unsafe { TdhGetPropertySize(&raw const *record, None, &wanted, &raw mut size) };
    if asked != ERROR_SUCCESS.0 || size > PROPERTY {
        return None;
    }
    let mut value = vec![0; size as usize];
    // SAFETY: as above; the buffer is as large as it says.
    let asked = unsafe { TdhGetProperty(&raw const *record, None, &wanted, &mut value) };
    (asked == ERROR_SUCCESS.0).then_some(value)
}

fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// `\Device\HarddiskVolume3\a.exe` as `C:\a.exe`; as it is where no drive has this device.
pub(super) fn with_drive(path: String) -> String {
    // SAFETY: nothing goes in.
    let drives = unsafe { GetLogicalDrives() };
    for letter in (b'A'..=b'Z').filter(|letter| drives & (1 << (letter - b'A')) != 0) {
        let name = [letter.into(), b':'.into(), 0];
        let mut device = [0_u16; 512];
        // SAFETY: the name ends with a zero, and the buffer is ours.
        let length = unsafe { QueryDosDeviceW(PCWSTR(name.as_ptr()), Some(&mut device)) };
        let end = device.iter().position(|&unit| unit == 0).unwrap_or(device.len());
        let device = String::from_utf16_lossy(&device[..end]);
        if length > 0
            && let Some(rest) = path.strip_prefix(&device)
            && rest.starts_with('\\')
        {
            return format!("{}:{rest}", char::from(letter));
        }
    }
    path
}
