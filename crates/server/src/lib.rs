//! The server: intake, bus, readers, API
