//! The agent-only program (`watchpost-agent`), and what it shares with the whole one: the command line's common part, the
//! agent's configuration, own logs, signals, and the commands that need no server in the same process.
//!
//! What never enters: server crates, and logic.
//!
//! Start reading at [`Command`], then [`Settings`].
//!
//! ```
//! use watchpost_endpoint::{Agent, Global, Here};
//!
//! let global = Global { config: vec!["/dev/null".into()], ..Global::default() };
//! let here = Here { global: &global, program: &Agent };
//! assert!(!here.settings()?.names_sources());
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod client;
mod commands;
mod dirs;
pub mod environment;
pub mod failure;
mod logging;
mod program;
mod run;
mod settings;
mod signals;
mod system;
mod this_host;

pub use commands::agent::AgentArgs;
pub use commands::alerts::{AlertsArgs, AlertsCommand};
pub use commands::search::ColorArg;
pub use commands::{Command, agent, alerts};
pub use dirs::Dirs;
pub use logging::{LogFile, LogSection, LogTarget};
pub use program::{Agent, Global, Here, Program};
pub use run::{Outside, data_folder_hint, join_agent};
pub use settings::{AgentFile, Loaded, Settings, from_beginning};
pub use system::SystemCommand;
pub use this_host::ThisHost;
pub use watchpost_run::host_name;
