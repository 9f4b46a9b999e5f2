//! Channels, templates, notifiers and the courier, over real sockets to local doubles of the services.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;
mod courier;
mod doubles;
mod email;
mod local;
mod notify;
mod queue;
mod routes;
mod services;
mod settings;
mod texts;
