//! Small and synchronous helpers: sizes and durations as text, secrets, the clock, backoff, circuit breaker, and
//! configuration that knows where every value came from.
//!
//! Never in here: tokio, and anything with fewer than two users.
//! Start reading at [`config`], the only large part.
//!
//! ```
//! use watchpost_kit::{ByteSize, DurationText};
//!
//! let size: ByteSize = "64KiB".parse()?;
//! assert_eq!(size.bytes(), 65_536);
//! let interval: DurationText = "1h30m".parse()?;
//! assert_eq!(interval.as_secs(), 5_400);
//! # Ok::<(), watchpost_kit::TextError>(())
//! ```

mod backoff;
mod breaker;
mod clock;
pub mod config;
mod duration;
mod error;
mod permissions;
mod rng;
mod schedule;
mod secret;
mod size;

pub use backoff::Backoff;
pub use breaker::{BreakerState, CircuitBreaker};
pub use clock::{Clock, ManualClock, SystemClock};
pub use duration::DurationText;
pub use error::{SecretError, TextError, chain};
pub use rng::Rng;
pub use schedule::{Schedule, ScheduleError};
pub use secret::{FileText, MASK, Secret};
pub use size::{Amount, ByteSize};
