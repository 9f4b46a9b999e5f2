//! What became of everything: the delivery report, what was removed, who is silent.

pub(crate) mod alarm;
mod double;
mod findings;
mod reasons;
mod report;
mod tally;
pub(crate) mod watch;

#[cfg(test)]
mod tests;

pub(crate) use report::{Inputs, report};
pub(crate) use tally::Tally;
