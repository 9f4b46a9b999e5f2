//! The agent for Windows, run by Wine, and a server here that it delivers to. What Wine has of Windows and what it has not is
//! in docs/windows.md. Needs what `make windows` builds; `make windows-tests` runs it.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../e2e/harness.rs"]
#[allow(dead_code, reason = "the other end-to-end tests use all of it")]
mod harness;
#[path = "../e2e/faults/numbered.rs"]
#[allow(dead_code, reason = "the other end-to-end tests use all of it")]
mod numbered;
#[path = "../e2e/telegram.rs"]
#[allow(dead_code, reason = "the other end-to-end tests use all of it")]
mod telegram;

mod drive;
mod files;
mod installer;
mod integrity;
mod inventory;
mod processes;
mod service;
