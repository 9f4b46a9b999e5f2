use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;
use watchpost_catalog::{CatalogError, UserError};
use watchpost_store::StoreError;
use watchpost_trust::TrustError;

use crate::intake::IntakeError;

/// Why a server does not start, or ended.
#[derive(Debug, Error)]
pub enum ServerError {
    /// A value of the configuration cannot be used.
    #[error("{key}: {reason}")]
    Config {
        /// The key.
        key: &'static str,
        /// Why not, and what would do.
        reason: String,
    },
    /// A report could not be made.
    #[error("cannot make the report: {reason}")]
    Report {
        /// Why not.
        reason: String,
    },
    /// A listening socket could not be opened.
    #[error("cannot listen on {address}: another program may use that port")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The socket for the command line could not be opened.
    #[error("cannot listen on the socket {}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The data folder could not be made.
    #[error("cannot make the data folder {}", path.display())]
    DataDir {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The ledger could not be opened.
    #[error("cannot open the server's ledger")]
    Intake(#[from] IntakeError),
    /// The memory of batch ids could not be restored.
    #[error("cannot restore the batch ids of simple clients from {}", path.display())]
    BatchIds {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What detection remembers could not be read or written.
    #[error("cannot read or write the snapshot of detection {}", path.display())]
    Detect {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is known of silent hosts and streams could not be read or written.
    #[error("cannot read or write what is known of silence {}", path.display())]
    Watch {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Channels or routes are not usable.
    #[error("alerts cannot be sent as configured")]
    Alert(#[from] watchpost_alert::AlertError),
    /// Look-ups cannot be made as configured.
    #[error("look-ups cannot be made as configured")]
    Lookup(#[from] watchpost_lookup::LookupError),
    /// The store could not be opened.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
    /// The catalog could not be opened, or refused.
    #[error("the catalog refused")]
    Catalog(#[from] CatalogError),
    /// The users could not be seen to.
    #[error("cannot see to the users")]
    Users(#[from] UserError),
    /// Certificates or keys could not be used.
    #[error("cannot set up TLS")]
    Trust(#[from] TrustError),
}
