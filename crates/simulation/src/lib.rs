//! Delivery, simulated: an agent, a server (or two on one shared log), a network that drops, doubles, delays and
//! reorders, disks that lose what was not synced, and crashes at every step.
//!
//! Nothing of delivery is imitated here: the agent is [`watchpost_agent::delivery::Delivery`], the server
//! [`watchpost_server::intake::Intake`] with a real reader behind it. Only sources, sockets and time are stand-ins.
//!
//! What never enters: sockets, threads, the clock, anything not repeatable from a seed.
//!
//! Start reading at [`World`]. What it holds true is in [`World::check`].
//!
//! ```
//! use watchpost_simulation::{Plan, World};
//!
//! let mut world = World::new(7, Plan::default());
//! for _ in 0..200 {
//!     world.step();
//! }
//! world.settle();
//! world.check();
//! ```

mod agent;
mod network;
mod reader;
mod server;
mod shared_log;
mod source;
mod world;

pub use agent::AgentNode;
pub use server::ServerNode;
pub use source::{Record, Source};
pub use watchpost_kit::Rng;
pub use world::{Crash, Plan, World};
