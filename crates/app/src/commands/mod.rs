//! One file per command: its arguments, its help, and `run`. Those that need no server in this program are in the crate
//! `endpoint`.

pub(crate) mod alerts;
pub(crate) mod rules;
pub(crate) mod rules_kept;
pub(crate) mod server;
pub(crate) mod store;
pub(crate) mod up;
pub(crate) mod watch;
