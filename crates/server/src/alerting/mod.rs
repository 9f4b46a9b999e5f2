//! From detections to people, the server's part: the reader `catalog` makes events and alerts durable in SQL together
//! with the messages they cause; the courier takes messages from there. What is held (digests, more than a channel may get,
//! escalations) the releaser lets go.

mod actions;
mod channels;
mod reader;
mod release;
mod silences;
mod state;

pub(crate) use actions::ChatActions;
pub(crate) use channels::{ALL_ROUTES, BoardDeps, CHANNEL, ChannelBoard, Made, ROUTES};
pub(crate) use reader::{CatalogReader, CatalogReaderDeps};
pub(crate) use release::Releaser;
pub(crate) use silences::SilenceBoard;
pub(crate) use state::SqlQueue;
