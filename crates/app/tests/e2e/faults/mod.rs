//! The reliability table: what can go wrong between a line in a file and the store, one test for each, over the real
//! program. `make torture` runs the same tests with more and random rounds.

mod away;
mod damage;
mod full_disk;
mod identity;
mod kills;
mod network;
mod numbered;
mod overtaking;
mod place;
mod proxy;
mod restore;
