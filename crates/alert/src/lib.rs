//! From detections to people: which channel is told, in which words, and a queue that waits until it was told.
//!
//! What never enters: how detections were made, SQL. The durable queue is a trait ([`AlertState`]) that the server
//! implements with its database, so that a detection, its alert and its messages are one transaction.
//!
//! Start reading at [`Alerting::plan`] (which messages a detection causes), then [`Courier`] (how they leave), then
//! [`AlertState`] (what the queue must do).
//!
//! ```
//! use watchpost_alert::{AlertSections, Alerting};
//! use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};
//!
//! let sections: AlertSections = serde_json::from_str(r#"{
//!     "channel": [{
//!         "name": "ops", "kind": "telegram", "token": "123456:ABC-DEF", "chat": -100123, "timezone": "Europe/Moscow",
//!         "template": "[{{ time }}] Пользователь {{ user.name }} запустил {{ process.title }}"
//!     }],
//!     "route": [{"when": "process.title:*", "channels": ["ops"], "group": "none"}]
//! }"#)?;
//! let alerting = Alerting::try_from(sections)?;
//!
//! let time: Timestamp = "2026-11-20T22:41:07Z".parse()?;
//! let event = Event::new(time, 1, "anna started Chrome").with("user.name", "anna").with("process.title", "Chrome");
//! let origin = Origin {
//!     agent: AgentId::new("web-1")?,
//!     stream: StreamId::new("detect")?,
//!     epoch: Epoch(1),
//!     fields: Fields::new(),
//! };
//! let messages = alerting.plan(&View { event: &event, origin: &origin }, time, &[]);
//! assert_eq!(messages[0].body, "[2026-11-21 01:41:07] Пользователь anna запустил Chrome");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clean;
mod config;
mod courier;
mod digest;
mod error;
mod made;
mod memory;
mod notify;
mod number;
mod payload;
mod plan;
mod queue;
mod signature;
mod silence;
pub mod suite;
mod template;
mod terms;
mod words;

pub use config::{
    AlertSections, ChannelKind, ChannelSection, ChatId, EscalateSection, Group, Hours, Language, RouteSection,
    SilenceSection,
};
pub use courier::{Channel, ChannelCounts, Courier, CourierTiming};
pub use digest::HeldStory;
pub use error::{AlertError, NotifyError};
pub use made::MadeChannel;
pub use memory::{Fate, MemoryState};
pub use notify::{BoxFuture, ButtonActions, Buttons, Notifier, Outgoing, Press, Pressed};
pub use payload::{Attachment, text_of};
pub use plan::{Alerting, PlannedMessage, Tried};
pub use queue::{AlertState, QueuedMessage, StateError};
pub use silence::Silence;
pub use template::USUAL_TEMPLATE;
pub use terms::{Rate, Terms};
