use crate::tables::lookups::Model;

/// How a look-up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupState {
    /// The service is to be asked.
    Waiting,
    /// It has answered.
    Known,
    /// It was asked in vain, often enough.
    Failed,
}

impl LookupState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Known => "known",
            Self::Failed => "failed",
        }
    }

    fn read(name: &str) -> Self {
        match name {
            "known" => Self::Known,
            "failed" => Self::Failed,
            _ => Self::Waiting,
        }
    }
}

/// What services are to be asked about. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLookup {
    /// `hash`, `ip` or `domain`.
    pub kind: String,
    /// In the one spelling it has everywhere.
    pub value: String,
    /// Which services.
    pub services: Vec<String>,
    /// The event it was seen in.
    pub event_id: Option<String>,
    /// When that happened.
    pub event_ns: Option<i64>,
    /// On which host.
    pub host_name: Option<String>,
    /// The file.
    pub path: Option<String>,
    /// Who.
    pub username: Option<String>,
}

/// What one service says of one indicator, or is to be asked. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its number: first come, first served.
    pub id: i64,
    /// `hash`, `ip` or `domain`.
    pub kind: String,
    /// The indicator.
    pub value: String,
    /// The service.
    pub service: String,
    /// How it stands.
    pub state: LookupState,
    /// What the service's last answer came to.
    pub opinion: Option<String>,
    /// That answer, JSON.
    pub verdict: Option<String>,
    /// When it was given.
    pub looked_ns: Option<i64>,
    /// While it waits: not to be asked before; else: until when the answer holds.
    pub next_ns: i64,
    /// How often it was asked in vain since.
    pub attempts: u32,
    /// Why.
    pub error: Option<String>,
    /// The event it was first seen in.
    pub event_id: Option<String>,
    /// When that happened.
    pub event_ns: Option<i64>,
    /// On which host.
    pub host_name: Option<String>,
    /// The file.
    pub path: Option<String>,
    /// Who.
    pub username: Option<String>,
}

impl Lookup {
    pub(super) fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            value: row.value,
            service: row.service,
            state: LookupState::read(&row.state),
            opinion: row.opinion,
            verdict: row.verdict,
            looked_ns: row.looked_ns,
            next_ns: row.next_ns,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            error: row.error,
            event_id: row.event_id,
            event_ns: row.event_ns,
            host_name: row.host_name,
            path: row.path,
            username: row.username,
        }
    }
}

/// What came of asking. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupAnswer {
    /// The look-up's number.
    pub id: i64,
    /// How it stands now.
    pub state: LookupState,
    /// What the answer came to, and the answer as JSON; `None` leaves what there was.
    pub verdict: Option<(String, String)>,
    /// When it was asked.
    pub looked_ns: i64,
    /// When it is asked again at the earliest, or until when the answer holds.
    pub next_ns: i64,
    /// Why there is no answer.
    pub error: Option<String>,
    /// What is to be told, JSON, unless the service's last answer came to the same.
    pub notice: Option<String>,
}

/// What is still to be told, behind what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Of the stream it is told in.
    pub epoch: u64,
    /// Positions up to here are told.
    pub cursor: u64,
    /// The oldest first, with their numbers.
    pub notices: Vec<(i64, String)>,
}
