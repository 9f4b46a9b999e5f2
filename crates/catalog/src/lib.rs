//! The SQL side: API keys, users and their sessions, security events, alerts, silences, messages to people, reports, what
//! services said of files, what people made of rules and channels, the audit log; SQLite in the data
//! folder, or PostgreSQL by the same code.
//!
//! Never in here: business rules (windows, fingerprints and texts are arguments), HTTP, the clock (times are
//! nanoseconds since 1970, and `now` is an argument). Start reading at [`Catalog`], then [`Events::apply`].
//!
//! A batch of the ledger becomes rows in one transaction: events, the alerts their detections open or extend, the
//! messages these cause, and the reader's position. So a batch that comes again has no effect, and no alert is
//! without its messages.
//!
//! Whoever changes something for somebody does it through [`Catalog::noting`]: the entry of the audit log is then part of
//! the change's own transaction.
//!
//! `security_events` is a public table: other tools read it, and a test holds its columns.
//!
//! Whoever writes begins with `Db::begin`: SQLite's default transaction, a deferred one, loses against other writers.
//! Whoever changes alerts takes `Write::lock_alerts` before the first row.
//!
//! ```
//! use watchpost_catalog::{Catalog, KeyScope, NewKey, Place};
//!
//! # let dir = std::env::temp_dir().join(format!("catalog-example-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let catalog = Catalog::open(&Place::Sqlite(dir.join("catalog.db"))).await?;
//! let now = 1_790_000_000_000_000_000;
//! let new = NewKey { name: "web-1".to_owned(), scope: KeyScope::AgentId("web-1".to_owned()) };
//! let (key, text) = catalog.keys().create(new, now).await?;
//! let principal = catalog.keys().verify(&text, now).await?;
//! assert_eq!(principal.id, key.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alerts;
mod audit;
mod catalog;
mod db;
mod error;
mod events;
mod keys;
mod limits;
mod lookups;
mod messages;
mod migrations;
mod private;
mod reports;
mod rules;
mod sessions;
mod settings;
mod silences;
mod tables;
mod users;

pub use alerts::{Alert, AlertAction, AlertCount, AlertEvent, AlertFilter, AlertNote, AlertState, Alerts, By};
pub use audit::{Audit, AuditActor, AuditEntry, AuditFilter, AuditObject, AuditOutcome, NewAudit};
pub use catalog::{Catalog, Place};
pub use error::CatalogError;
pub use events::{AppliedReport, Detection, Events, NewEvents, NewMessage, Rate, SecurityEvent, Terms};
pub use keys::{ApiKey, ApiKeys, KeyScope, NewKey, VerifyError};
pub use lookups::{Lookup, LookupAnswer, LookupState, Lookups, NewLookup, Outbox};
pub use messages::{ChannelQueue, Compose, Held, Message, MessageFate, MessageState, Messages, WaitingMessages};
pub use reports::{NewReport, ReportHead, Reports};
pub use rules::{Managed, NewException, NewVersion, OwnRule, RuleException, RuleState, Rules, Saved};
pub use sessions::{Login, SESSION_IDLE_NS, SESSION_MAX_NS, Session, SessionId, SessionToken, Sessions};
pub use settings::{SETTINGS_MAX, Setting, Settings};
pub use silences::{NewSilence, Silence, Silences};
pub use users::{Role, User, UserError, Users};
