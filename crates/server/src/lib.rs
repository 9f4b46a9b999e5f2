//! The server: intake, bus, readers, API
pub mod intake;
