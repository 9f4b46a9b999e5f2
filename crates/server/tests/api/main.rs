//! A real server on loopback sockets, asked by a real client.
#![expect(clippy::unwrap_used, reason = "tests")]

mod audit;
mod beyond;
mod commands;
mod delivery;
#[path = "../../../alert/tests/it/doubles.rs"]
mod doubles;
mod faults;
mod intake;
mod limits;
mod local;
mod lookups;
mod openapi;
mod overview;
mod pipes;
mod rules;
mod search;
mod session;
mod tail;
mod tls;
mod tokens;
mod web;
mod world;
