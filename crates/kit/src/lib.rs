//! Small synchronous helpers: sizes and durations as text, secrets, clock, backoff, configuration with origins.

mod rng;

pub use rng::Rng;
