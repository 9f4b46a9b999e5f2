//! The SQL side: today the API keys; SQLite in the data folder, or PostgreSQL by the same code.
//!
//! Never in here: business rules, HTTP, the clock (`now` is nanoseconds since 1970, an argument).
//! Start reading at [`Catalog`], then [`ApiKeys`].
//!
//! Transactions begin with [`Catalog::begin`] alone: SQLite's default, a deferred one, loses against other writers.
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

mod catalog;
mod error;
mod keys;
mod migrations;
mod private;
mod tables;

pub use catalog::{Catalog, Place};
pub use error::CatalogError;
pub use keys::{ApiKey, ApiKeys, KeyScope, NewKey, VerifyError};
