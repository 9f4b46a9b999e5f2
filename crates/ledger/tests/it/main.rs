//! Tests of the ledger through its public surface, over the in-memory disk with faults and over a real one.
#![expect(clippy::unwrap_used, reason = "tests")]

mod crash;
mod damage;
mod golden;
mod harness;
mod limits;
mod model;
mod reading;
mod real_disk;
