//! Detection: the reader `detect` takes every event through the rules, and writes what they find back as events.

mod backtest;
mod found;
mod import;
mod load;
mod managed;
mod overlong;
mod reader;
mod rulebook;
mod snapshot;
mod throttle;
mod trial;
#[cfg(test)]
mod windows_tests;

pub(crate) use backtest::{Backtest, BacktestEvent};
pub(crate) use managed::{Exceptions, RuleTallies, own_file, own_key};
pub(crate) use reader::{DetectDeps, DetectReader};
pub(crate) use rulebook::{RuleBook, RulePlaces};
pub(crate) use snapshot::DetectSnapshot;
pub(crate) use trial::{Trial, origin_of, outline, told};

pub mod rules;

/// As whom the server writes events of its own. An agent cannot be called so.
pub(crate) const SERVER_AGENT: &str = "@server";
/// The stream of what was detected.
pub(crate) const DETECT_STREAM: &str = "detect";
