//! Compressed files: recognised by their content, surveyed once as a whole, then read like others.
//!
//! A compressed file is not touched while it is being written. Then a [`Survey`] unpacks it without keeping anything:
//! it tells whether the file is whole, how long its content is, and whether that content is one that is known, by head
//! and tail. Only then the content is continued under its epoch, left alone, or read as new. Positions are those of the
//! uncompressed content everywhere.
//!
//! Work and memory are limited: one file is unpacked at a time, in steps, and windows and dictionaries have a limit.

mod content;
mod kind;
mod sighting;
mod survey;
mod unpack;
mod verdict;

#[cfg(test)]
mod tests;

pub use content::PackedPrint;
pub(super) use content::{Packed, Step};
pub(super) use kind::{ENDINGS, Kind, is_foreign, is_named_so};
pub(super) use sighting::Sighting;
