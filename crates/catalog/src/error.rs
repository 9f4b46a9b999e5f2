use std::path::PathBuf;

use sea_orm::DbErr;
use thiserror::Error;

/// What can go wrong in the catalog.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// The database could not be opened.
    #[error("cannot open the catalog {place}")]
    Open {
        /// Its file, or the server without the password.
        place: String,
        /// Why.
        #[source]
        source: DbErr,
    },
    /// Its file could not be made for its owner only.
    #[error("cannot make the catalog file {}", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The tables could not be brought to this program's version.
    #[error("cannot bring the catalog's tables up to date: a newer program may have made them")]
    Migrate(#[source] DbErr),
    /// A statement failed.
    #[error("cannot {action} in the catalog")]
    Statement {
        /// What was being done.
        action: &'static str,
        /// Why.
        #[source]
        source: DbErr,
    },
    /// The database did not answer in time; nothing was changed, or all of it.
    #[error("cannot {action} in the catalog: the database took longer than {seconds} s")]
    Slow {
        /// What was being done.
        action: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
    },
    /// The operating system gave no randomness.
    #[error("cannot draw a random key: the operating system gave no randomness")]
    Random(#[source] getrandom::Error),
    /// A name or binding is not usable.
    #[error("cannot make the key: {0}")]
    BadKey(&'static str),
    /// A stored row is not what this program writes.
    #[error("API key {id} in the catalog is bound to nothing this program knows")]
    BadRow {
        /// The key's id.
        id: i64,
    },
    /// A stored row is not what this program writes.
    #[error("an alert in the catalog ({id}) is in a state that this program does not know: a newer one wrote it")]
    BadAlert {
        /// The alert's id; 0 when they were only counted.
        id: i64,
    },
}
