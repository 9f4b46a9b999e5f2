//! Look-ups against doubles of the services, and lists and geography from files.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../alert/tests/it/doubles.rs"]
mod doubles;
mod enrich;
mod mmdb;
mod quota;
mod services;
mod uploads;
mod virustotal;
