//! The agent: sources, checkpoints, spool, uplink.
//!
//! What never enters: server code.
//!
//! Start reading at [`delivery`] (what happens between a source and the server's acknowledgement), then
//! [`source`].

pub mod delivery;
pub mod source;
