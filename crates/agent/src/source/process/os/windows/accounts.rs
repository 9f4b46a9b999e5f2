//! Whose SIDs they are (LookupAccountSidW).
//!
//! The system may ask a domain controller, which may take long when it is away: a thread of its own asks, and nobody waits
//! for it longer than [`PATIENCE`].
#![expect(unsafe_code, reason = "the calls have no safe form")]

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use watchpost_event::Timestamp;
use windows::Win32::Foundation::{HLOCAL, LocalFree};
use windows::Win32::Security::Authorization::ConvertStringSidToSidW;
use windows::Win32::Security::{LookupAccountSidW, PSID, SID_NAME_USE};
use windows::core::{HSTRING, PCWSTR, PWSTR};

use super::super::super::record::{Account, UserId};

/// An event waits so long for a name.
const PATIENCE: Duration = Duration::from_secs(2);
/// Accounts may be renamed: what is older is asked again.
const FRESH_NANOS: i64 = 600_000_000_000;
/// Accounts remembered; beyond, all are forgotten.
const REMEMBERED: usize = 4096;
/// Questions waiting at most.
const WAITING: usize = 64;
/// Longest name, in UTF-16 units.
const NAME_UNITS: usize = 512;

/// What the thread found.
type Answer = (UserId, Option<Account>);

/// Who stands behind SIDs.
pub(in super::super::super) struct Accounts {
    known: HashMap<UserId, Known>,
    /// The thread's ends, once there is one.
    asker: Option<(SyncSender<UserId>, Receiver<Answer>)>,
    /// Asked, and not answered in time.
    late: bool,
}

struct Known {
    account: Option<Account>,
    at: Timestamp,
}

impl Accounts {
    pub(in super::super::super) fn new() -> Self {
        Self {
            known: HashMap::new(),
            asker: None,
            late: false,
        }
    }

    /// The account of a SID, if it has one and the system says so in time.
    pub(in super::super::super) fn find(&mut self, id: &str, now: Timestamp) -> Option<&Account> {
        self.take_answers(now);
        let age = self.known.get(id).map(|known| now.0.saturating_sub(known.at.0));
        if age.is_none_or(|age| !(0..FRESH_NANOS).contains(&age)) && !self.late {
            self.ask(id, now);
        }
        self.known.get(id)?.account.as_ref()
    }

    /// What came too late for the event it was asked for.
    fn take_answers(&mut self, now: Timestamp) {
        let Some((_, answers)) = &self.asker else { return };
        let answers: Vec<_> = answers.try_iter().collect();
        for (id, account) in answers {
            self.late = false;
            self.remember(id, account, now);
        }
    }

    fn ask(&mut self, id: &str, now: Timestamp) {
        if self.asker.is_none() {
            self.asker = start();
        }
        let Some((questions, answers)) = &self.asker else {
            return;
        };
        if questions.try_send(id.into()).is_err() {
            return;
        }
        match answers.recv_timeout(PATIENCE) {
            Ok((id, account)) => self.remember(id, account, now),
            Err(_) => self.late = true,
        }
    }

    fn remember(&mut self, id: UserId, account: Option<Account>, at: Timestamp) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, Known { account, at });
    }
}

/// The thread; it ends when nobody asks any more.
#[expect(clippy::type_complexity, reason = "both ends of it, used in one place")]
fn start() -> Option<(SyncSender<UserId>, Receiver<(UserId, Option<Account>)>)> {
    let (questions, asked) = sync_channel::<UserId>(WAITING);
    let (told, answers) = sync_channel(WAITING);
    let run = move || {
        for id in asked {
            let account = look_up(&id);
            if told.send((id, account)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("accounts".to_owned())
        .spawn(run)
        .ok()?;
    Some((questions, answers))
}

fn look_up(id: &str) -> Option<Account> {
    let text = HSTRING::from(id);
    let mut sid = PSID::default();
    // SAFETY: the text outlives the call; the SID is ours to free once it succeeds.
    unsafe { ConvertStringSidToSidW(&text, &raw mut sid) }.ok()?;
    let (mut name, mut domain) = ([0_u16; NAME_UNITS], [0_u16; NAME_UNITS]);
    let (mut name_units, mut domain_units) = (NAME_UNITS as u32, NAME_UNITS as u32);
    let mut kind = SID_NAME_USE::default();
    // SAFETY: the SID is valid until it is freed behind the call, the buffers are ours and their lengths are given.
    let found = unsafe {
        let found = LookupAccountSidW(
            PCWSTR::null(),
            sid,
            Some(PWSTR(name.as_mut_ptr())),
            &raw mut name_units,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_units,
            &raw mut kind,
        );
        LocalFree(Some(HLOCAL(sid.0.cast::<c_void>())));
        found
    };
    found.ok()?;
    let text = |units: &[u16], length: u32| String::from_utf16_lossy(units.get(..length as usize).unwrap_or_default());
    let name = text(&name, name_units);
    let domain = Some(text(&domain, domain_units)).filter(|domain| !domain.is_empty());
    (!name.is_empty()).then_some(Account { name, domain })
}
