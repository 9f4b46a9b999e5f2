//! Fuzzing: mutated bytes for everything that reads bytes from outside or from a disk. A target must not panic, must end,
//! must keep its limits, and where it accepts something, what it accepted must be consistent; each says so in its words.
//!
//! There is no feedback from coverage. Instead every target makes valid inputs to begin with, and those behind a checksum
//! repair it after most mutations, so that the code behind it is reached.
//!
//! What never enters: real files, sockets, the clock (the driver in `main` has a clock to know when to stop).
//!
//! Start reading at [`Target`]. A new one is a file in `targets` and a line in [`TARGETS`]. The function of a target takes
//! plain bytes, so a fuzzer with feedback can call it as it is.
//!
//! ```
//! use watchpost_fuzz::{Runner, TARGETS};
//!
//! let target = TARGETS.iter().find(|target| target.name == "query").expect("it is listed");
//! let mut runner = Runner::new(target, 1);
//! for _ in 0..100 {
//!     runner.step().expect("no finding");
//! }
//! ```

mod mutate;
mod runner;
mod targets;

pub use runner::{Finding, Runner};
pub use targets::{TARGETS, Target};
