//! The inventory source on a host that tests make up, and on a disk that fails when it is told to.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "inventory_source/world.rs"]
mod world;

#[path = "inventory_source/changes.rs"]
mod changes;
#[path = "inventory_source/kept.rs"]
mod kept;
#[path = "inventory_source/random.rs"]
mod random;
