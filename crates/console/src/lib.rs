//! The client side of the API for the command line: connection, search, tail, delivery report, administration;
//! terminal rendering, progress, exit codes.
//!
//! What never enters: the insides of agent and server. Everything here speaks to a server through its API,
//! or renders events it is handed.
//! Start reading at [`Client`] (how a server is reached) and [`Renderer`] (how events look).
//!
//! ```
//! use watchpost_console::{Format, Renderer};
//! use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};
//!
//! let origin = Origin {
//!     agent: AgentId::new("web-1")?,
//!     stream: StreamId::new("file:/var/log/app.log")?,
//!     epoch: Epoch(1),
//!     fields: Fields::new(),
//! };
//! let event = Event::new(Timestamp(0), 12, "\u{1b}[2Jcleared?");
//! let mut line = String::new();
//! let renderer = Renderer::new(Format::Compact, false).with_timestamps(false);
//! renderer.push(&mut line, &View { event: &event, origin: &origin });
//! assert_eq!(line, "· \\x1b[2Jcleared?\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod agents;
mod alerts;
mod audit;
mod client;
mod delivery;
mod error;
mod exit;
mod export;
mod files;
mod host;
mod local;
mod lookup;
mod progress;
mod render;
mod report;
mod rules;
mod search;
mod silences;
mod socket;
pub mod store;
mod table;
mod tables;
mod tail;
pub mod token;
pub mod user;
mod when;

pub use alerts::{AlertChange, AlertsWanted, change_alerts, list_alerts};
pub use audit::{AuditWanted, list_audit};
pub use client::{Client, Target};
pub use delivery::{DeliveryView, delivery};
pub use error::ConsoleError;
pub use exit::Exit;
pub use export::{Export, ExportAs};
pub use files::{KnownOfFile, ScannedFile, add_known, ask_server, write_files_json, write_files_table};
pub use host::push_system_information;
pub use lookup::{LookupWanted, look_up, lookup_services};
pub use progress::Progress;
pub use render::{Color, Format, Renderer, harmless};
pub use report::{list_reports, make_report, write_report};
pub use rules::{
    BacktestWanted, add_exception, backtest_rule, end_exception, list_exceptions, list_rules, switch_rule,
};
pub use search::{Search, parse_stats};
pub use silences::{add_silence, end_silence, list_silences};
pub use tail::tail;
pub use when::parse_time;
