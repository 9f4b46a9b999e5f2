//! The program from the outside: the real binary, real files, sockets and signals, in a fresh folder for each test.
#![expect(clippy::unwrap_used, reason = "tests")]

mod alerts;
mod asked;
mod bad_input;
mod cli;
mod delivery;
mod docs;
mod duckdb;
mod faults;
mod harness;
mod http;
mod kill;
mod made;
mod people;
mod pipes;
mod processes;
mod rules;
mod scan;
mod telegram;
mod tokens;
mod up;
mod uploads;
mod users;
mod virustotal;
mod watch;
