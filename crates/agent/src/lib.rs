//! The agent: sources, checkpoints, spool, uplink.
//!
//! What never enters: server code.
//!
//! Start reading at [`delivery`] (what happens between a source and the server's acknowledgement), then [`source`]
//! (what is collected), then [`start()`] (how it is put together: a collector thread and an uplink thread).
//!
//! ```
//! use std::path::Path;
//! use watchpost_agent::AgentConfig;
//!
//! let settings = AgentConfig::default().resolve(Path::new("/var/lib/watchpost/agent"), "web-1")?;
//! assert_eq!(settings.fields.text("host.name"), Some("web-1"));
//! # Ok::<(), watchpost_agent::AgentError>(())
//! ```

mod asked;
mod collector;
pub mod config;
pub mod control;
pub mod delivery;
mod error;
pub mod evtx;
pub mod files;
mod health;
mod identity;
pub mod local;
mod shared;
pub mod source;
mod start;
pub mod status;
pub mod uplink;

pub use asked::UploadSettings;
pub use config::{AgentConfig, AgentSettings};
pub use error::AgentError;
pub use identity::agent_id;
pub use source::system;
pub use start::{AgentDeps, AgentHandle, SendReport, send, start};
pub use status::AgentStatus;
pub use watchpost_pipeline::Codec;
