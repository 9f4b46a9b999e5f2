use std::path::PathBuf;

use crate::delivery::DeliveryError;
use crate::uplink::TransportError;

/// Why an agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The spool cannot be opened.
    #[error("cannot open the agent's spool in {}", dir.display())]
    Spool {
        /// Its folder.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: DeliveryError,
    },
    /// The agent's id cannot be read or made.
    #[error("cannot read or make the agent's identity {}", path.display())]
    Identity {
        /// Its file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A setting is not usable.
    #[error("configuration key {key} is not usable: {message}")]
    Setting {
        /// Its dotted name.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The connection cannot be set up.
    #[error("cannot set up the uplink")]
    Uplink(#[from] TransportError),
    /// A service that gets files cannot be set up.
    #[error("cannot set up the look-ups of this agent")]
    Lookup {
        /// Why not.
        #[source]
        source: watchpost_lookup::LookupError,
    },
    /// An input could not be read.
    #[error("cannot read the input")]
    Input {
        /// Why not.
        #[source]
        source: crate::source::SourceError,
    },
    /// A thread could not be started.
    #[error("cannot start the agent's {name} thread")]
    Thread {
        /// Which.
        name: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}
