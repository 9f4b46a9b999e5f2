//! Where logs are kept and searched: [`LogStore`], and the store built in, [`EmbeddedStore`].
//!
//! What never enters: HTTP, tokio, the clock (`now` is an argument), and what lies outside the store's folder.
//! Everything durable goes through [`watchpost_run::Disk`].
//!
//! Start reading at [`LogStore`] (what a store does), then at the module `embedded` (the format on disk and its
//! invariants), then at its parts `order`, `keys` and `plan`, which decide how fast it is.
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::path::Path;
//! use std::sync::Arc;
//! use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, Event, StreamId, Timestamp};
//! use watchpost_run::MemDisk;
//! use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};
//!
//! let mut batch = BatchBuilder::new(AgentId::new("web-1")?, StreamId::new("file:/var/log/syslog")?, Epoch(7), 0);
//! batch.push(&Event::new(Timestamp(1_000), 12, "disk failed"));
//! let batch = Decoded::from_bytes(&batch.finish(12)?, Default::default())?;
//!
//! let disk = Arc::new(MemDisk::new());
//! let (store, _) = EmbeddedStore::open(disk, Path::new("/store"), StoreOptions::default())?;
//! store.append(1, Arc::new(batch))?;
//! store.flush(Timestamp(2_000))?;
//!
//! let request = SearchRequest::new(watchpost_query::parse("failed")?, 10);
//! let mut found = Vec::new();
//! store.search(&request, &mut |row| {
//!     found.push(row.event.message);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(found, ["disk failed"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod embedded;
mod error;
mod options;

pub use api::{
    Appended, Bucket, Cancel, ClassStats, Counts, Cut, CutReason, Facet, Facets, Gathered, Histogram, LogStore,
    Maintained, Place, Progress, Row, SEVERITIES, SearchRequest, StoreStats, Summary, VerifyReport,
};
pub use embedded::{EmbeddedStore, Opened, stats_at_rest, verify_at_rest};
pub use error::{Full, StoreError};
pub use options::{KeepFree, Retention, StoreOptions};
