//! Reports through the crate's public face: what the forms say, and that no text of an event gets out of its place.
#![expect(clippy::unwrap_used, reason = "tests")]

mod golden;
mod page;
mod paper;
mod reader;
mod sample;
