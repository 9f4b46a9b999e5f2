//! The server: takes in what agents deliver, keeps it in the ledger, hands it to readers, answers searches.
//!
//! What never enters: agent code; how logs are stored (`store`), how keys are kept (`catalog`), how certificates are
//! made (`trust`).
//!
//! Start reading at [`intake`] (the synchronous heart: cursor check, ledger, group commit), then `ingest` (from a body
//! to an answer), `bus` (from the ledger to its readers) and `api`. [`start`] puts them together.
//!
//! ```
//! use std::sync::Arc;
//! use watchpost_kit::SystemClock;
//! use watchpost_run::{RealDisk, Shutdown};
//! use watchpost_server::config::{ServerConfig, ServerSettings};
//! use watchpost_server::{Deps, start};
//!
//! # let dir = std::env::temp_dir().join(format!("server-example-{}", std::process::id()));
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let mut config = ServerConfig::default();
//! config.server.listen = vec!["http://127.0.0.1:0".to_owned()];
//! config.server.data_dir = dir.clone();
//! let deps = Deps {
//!     disk: Arc::new(RealDisk),
//!     clock: Arc::new(SystemClock::new()),
//!     shutdown: Shutdown::new(),
//! };
//! let server = start(ServerSettings::try_from(config)?, deps).await?;
//! assert_eq!(server.addresses().len(), 1);
//! server.stop().await;
//! # Ok::<(), watchpost_server::ServerError>(())
//! # })?;
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agents;
mod alerting;
mod api;
pub mod at_rest;
mod auth;
mod bus;
mod commands;
pub mod config;
mod delivery;
mod detection;
mod error;
mod host;
mod http;
mod ingest;
pub mod intake;
mod lookups;
mod metrics;
mod quote;
mod reports;
mod start;

pub use api::openapi;
pub use detection::rules;
pub use error::ServerError;
pub use start::{Deps, LocalIntake, ServerHandle, start};
