//! From detections to people, the server's part: the reader `catalog` makes events and alerts durable in SQL together
//! with the messages they cause; the courier takes messages from there.

mod reader;
mod state;

pub(crate) use reader::{CatalogReader, CatalogReaderDeps};
pub(crate) use state::SqlQueue;
